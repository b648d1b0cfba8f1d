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

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "anchor.h"

#define MARK		"defenseclaw-audit-head"
#define MAX_BEFORE	64		/* bytes from its brace to the mark */
#define MAX_ESCAPED	(8 * MAX_HEAD_JSON)	/* a head, escaped */
#define PIECE		(256 * 1024)

/* the head around a mark, without the escapes of what it stands in */
static size_t
unescape(const char *p, size_t len, size_t mark, char out[MAX_HEAD_JSON])
{
	size_t	 i, n = 0, start = mark;

	while (start > 0 && p[start] != '{' && mark - start < MAX_BEFORE)
		start--;
	if (p[start] != '{')
		return (0);
	for (i = start; i < len && i - start < MAX_ESCAPED; i++) {
		if (p[i] == '\\')
			continue;
		if (n == MAX_HEAD_JSON)
			return (0);
		out[n++] = p[i];
		if (p[i] == '}')
			return (n);
	}
	return (0);
}

static void
try_head(struct anchor_scan *a, const char *json, size_t len)
{
	struct head	 h;
	char		 err[160];

	if (len == 0 || head_parse(&h, json, len, err, sizeof(err)) == -1 ||
	    head_verify(&h, a->public_key, err, sizeof(err)) == -1) {
		a->others++;
		return;
	}
	if (a->found++ == 0 || h.seq > a->head.seq)
		a->head = h;
}

/* looks at the marks from the first not seen up to a limit */
static void
scan(struct anchor_scan *a, size_t limit)
{
	char		 json[MAX_HEAD_JSON];
	const char	*m;

	while (a->seen < limit && (m = memmem(a->carry + a->seen,
	    a->len - a->seen, MARK, sizeof(MARK) - 1)) != NULL &&
	    (size_t)(m - a->carry) < limit) {
		a->seen = (size_t)(m - a->carry);
		try_head(a, json, unescape(a->carry, a->len, a->seen, json));
		a->seen++;
	}
	if (a->seen < limit)
		a->seen = limit;
}

int
anchor_piece(struct anchor_scan *a, const char *data, size_t len)
{
	size_t	 drop;
	char	*p;

	if ((p = realloc(a->carry, a->len + len + 1)) == NULL)
		return (-1);
	memcpy(p + a->len, data, len);
	a->carry = p;
	a->len += len;
	/* a mark so near the end may have the end of its head behind it */
	if (a->len <= MAX_ESCAPED)
		return (0);
	scan(a, a->len - MAX_ESCAPED);
	drop = a->seen > MAX_BEFORE ? a->seen - MAX_BEFORE : 0;
	memmove(p, p + drop, a->len - drop);
	a->len -= drop;
	a->seen -= drop;
	return (0);
}

void
anchor_end(struct anchor_scan *a)
{
	if (a->carry != NULL)
		scan(a, a->len);
	free(a->carry);
	a->carry = NULL;
	a->len = a->seen = 0;
}

int
anchor_file(const char *path, const uint8_t public_key[CHAIN_KEY_LEN],
    struct head *head, char *err, size_t errlen)
{
	struct anchor_scan	 a;
	static char		 buf[PIECE];
	ssize_t			 n;
	int			 fd;

	memset(&a, 0, sizeof(a));
	memcpy(a.public_key, public_key, sizeof(a.public_key));
	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)) == -1) {
		snprintf(err, errlen, "%s", strerror(errno));
		return (-1);
	}
	while ((n = read(fd, buf, sizeof(buf))) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 || anchor_piece(&a, buf, (size_t)n) == -1)
			break;
	}
	if (n != 0)
		snprintf(err, errlen, "%s", strerror(errno));
	close(fd);
	anchor_end(&a);
	if (n != 0)
		return (-1);
	if (a.found == 0) {
		snprintf(err, errlen, a.others != 0 ? "no head in it is "
		    "signed by this device's key" : "there is no signed head "
		    "in it: give what `audit head' wrote, or a checkpoint "
		    "as a receiver has it");
		return (-1);
	}
	*head = a.head;
	return (0);
}
