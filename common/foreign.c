/*
 * Copyright (c) 2026 The DefenseClaw authors
 *
 * Permission to use, copy, modify, and distribute this software for any
 * purpose with or without fee is hereby granted, provided that the above
 * copyright notice and this permission notice appear in all copies.
 *
 * THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
 * WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
 * MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
 * ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
 * WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
 * ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
 * OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/foreign.h"

#define OVERFLOW_FILE	"/proc/sys/kernel/overflowuid"
#define UID_MAP_FILE	"/proc/self/uid_map"
#define MAX_SUBUID_LINE	256

/* 0, or -1: no range */
static int
range_parse(char *line, struct uid_range *r)
{
	const char	*errstr;
	char		*first, *count;
	size_t		 i;

	line[strcspn(line, "\n")] = '\0';
	if ((first = strchr(line, ':')) == NULL ||
	    (count = strchr(first + 1, ':')) == NULL)
		return (-1);
	*first++ = '\0';
	*count++ = '\0';
	memset(r, 0, sizeof(*r));
	if (line[0] == '\0' || strlcpy(r->owner, line, sizeof(r->owner)) >=
	    sizeof(r->owner))
		return (-1);
	for (i = 0; r->owner[i] != '\0'; i++)
		if (r->owner[i] <= ' ' || r->owner[i] >= 0x7f)
			return (-1);
	r->first = (uint32_t)strtonum(first, 1, UINT32_MAX, &errstr);
	if (errstr != NULL)
		return (-1);
	r->count = (uint32_t)strtonum(count, 1, UINT32_MAX - r->first,
	    &errstr);
	return (errstr == NULL ? 0 : -1);
}

void
foreign_read(struct foreign *f, const char *path)
{
	unsigned int	 overflow;
	char		 line[MAX_SUBUID_LINE];
	FILE		*fp;

	memset(f, 0, sizeof(*f));
	f->overflow = UID_OVERFLOW;
	if ((fp = fopen(OVERFLOW_FILE, "re")) != NULL) {
		if (fscanf(fp, "%u", &overflow) == 1 && overflow != 0)
			f->overflow = overflow;
		fclose(fp);
	}
	if ((fp = fopen(path, "re")) == NULL)
		return;
	while (f->nranges < MAX_UID_RANGES && fgets(line, sizeof(line),
	    fp) != NULL)
		if (range_parse(line, &f->range[f->nranges]) == 0)
			f->nranges++;
	fclose(fp);
}

int
foreign_is_overflow(const struct foreign *f, uint32_t uid)
{
	/* nothing was read: the kernel's own default */
	return (uid == (f->overflow != 0 ? f->overflow : UID_OVERFLOW));
}

static const struct uid_range *
range_of(const struct foreign *f, uint32_t uid)
{
	uint32_t	 i;

	for (i = 0; i < f->nranges && i < MAX_UID_RANGES; i++)
		if (uid >= f->range[i].first &&
		    uid - f->range[i].first < f->range[i].count)
			return (&f->range[i]);
	return (NULL);
}

void
foreign_actor(const struct foreign *f, uint32_t uid,
    char actor[MAX_UID_ACTOR])
{
	snprintf(actor, MAX_UID_ACTOR, "%suid:%u", foreign_is_overflow(f,
	    uid) ? "overflow-" : range_of(f, uid) != NULL ? "mapped-" : "",
	    uid);
}

void
foreign_words(const struct foreign *f, uint32_t uid,
    char words[MAX_UID_WORDS])
{
	const struct uid_range	*r;

	if (foreign_is_overflow(f, uid))
		snprintf(words, MAX_UID_WORDS, "uid %u (overflow: somebody "
		    "of another user namespace, no user of this host)", uid);
	else if ((r = range_of(f, uid)) != NULL)
		snprintf(words, MAX_UID_WORDS, "uid %u (mapped: subordinate "
		    "range of %.32s)", uid, r->owner);
	else
		snprintf(words, MAX_UID_WORDS, "uid %u", uid);
}

int
foreign_inside(void)
{
	unsigned int	 in, out, count;
	FILE		*fp;
	int		 n;

	if ((fp = fopen(UID_MAP_FILE, "re")) == NULL)
		return (0);
	n = fscanf(fp, "%u %u %u", &in, &out, &count);
	fclose(fp);
	/* the first namespace maps all uids to themselves */
	return (n == 3 && (in != 0 || out != 0 || count != UINT32_MAX));
}
