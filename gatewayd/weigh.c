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

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/detect/text.h"
#include "common/json.h"
#include "weigh.h"

/* prompts that name such a file are not let off with one category */
static const char *const host_secrets[] = {
	"etc/passwd", "etc/shadow", "etc/gshadow", "etc/sudoers", ".ssh/",
	"id_rsa", "id_ed25519", "id_ecdsa", "authorized_keys", ".aws/",
	"aws_secret_access_key", ".kube/config", ".docker/config.json",
	".netrc", ".pgpass", ".git-credentials", ".gnupg/", "/environ",
	"/proc/kcore", "krb5.keytab"
};

size_t
weigh_trimmed(const char *s, size_t len)
{
	for (; len != 0 && isspace((unsigned char)s[len - 1]); len--)
		continue;
	for (; len != 0 && isspace((unsigned char)*s); len--)
		s++;
	return (len);
}

size_t
weigh_names(const struct judge_rules *r, const char **names)
{
	size_t	 i, n = 0;

	for (i = 0; i < r->ncats && r->enabled; i++)
		if (r->cats[i].enabled)
			names[n++] = r->cats[i].name;
	return (n);
}

static const struct judge_category *
category_of(const struct judge_rules *r, const char *name)
{
	size_t	 i;

	for (i = 0; i < r->ncats; i++)
		if (strcmp(r->cats[i].name, name) == 0)
			return (&r->cats[i]);
	return (NULL);
}

static void
reason_add(struct judge_opinion *o, const char *fmt, ...)
{
	size_t	 len = strlen(o->reason);
	va_list	 ap;

	if (len != 0) {
		strlcat(o->reason, ", ", sizeof(o->reason));
		len = strlen(o->reason);
	} else
		len = (size_t)snprintf(o->reason, sizeof(o->reason),
		    "judge-%s: ", judge_kind_name(o->kind));
	va_start(ap, fmt);
	(void)vsnprintf(o->reason + len, sizeof(o->reason) - len, fmt, ap);
	va_end(ap);
	/* what was cut off may be half a character */
	len = strlen(o->reason);
	o->reason[text_valid(o->reason, len)] = '\0';
}

static struct judge_finding *
finding_add(struct judge_opinion *o, const char *id, const char *title,
    enum severity severity)
{
	struct judge_finding	*f = &o->findings[o->nfindings++];

	strlcpy(f->id, id, sizeof(f->id));
	strlcpy(f->title, title, sizeof(f->title));
	f->severity = severity;
	f->entities = 0;
	return (f);
}

/* Lower case and without white space; malloc'd, NULL: no memory. */
static char *
fold(const char *s, size_t len, size_t *out)
{
	char	*p;
	size_t	 i, n = 0;

	if ((p = malloc(len + 1)) == NULL)
		return (NULL);
	for (i = 0; i < len; i++)
		if (!isspace((unsigned char)s[i]))
			p[n++] = (char)tolower((unsigned char)s[i]);
	p[n] = '\0';
	*out = n;
	return (p);
}

/* as a name of its own: .environment is another word, `.env file' is not */
static int
mentions_env(const char *s, size_t len)
{
	size_t	i;

	for (i = 0; i + 4 <= len; i++)
		if (strncasecmp(s + i, ".env", 4) == 0 &&
		    (i + 4 == len || !isalnum((unsigned char)s[i + 4])))
			return (1);
	return (0);
}

static int
mentions_secrets(const char *sample, size_t len)
{
	size_t	 i, n;
	char	*text;
	int	 found = 0;

	if (mentions_env(sample, len) ||
	    (text = fold(sample, len, &n)) == NULL)
		return (1);
	for (i = 0; !found && i < sizeof(host_secrets) /
	    sizeof(host_secrets[0]); i++)
		found = memmem(text, n, host_secrets[i],
		    strlen(host_secrets[i])) != NULL;
	free(text);
	return (found);
}

/* the category a mark is of, once; NULL: it counts for nothing */
static const struct judge_category *
marked(const struct judge_rules *r, const struct judge_question *q,
    const struct judge_mark *m, uint64_t *seen)
{
	if (!m->label || m->name >= q->nnames || *seen & 1ULL << m->name)
		return (NULL);
	*seen |= 1ULL << m->name;
	return (category_of(r, q->names[m->name]));
}

/* Categories that are found or not: all kinds but personal data. */
static void
weigh_labels(const struct judge_rules *r, const struct judge_question *q,
    const struct judge_said *said, struct judge_opinion *o)
{
	const struct judge_category	*c;
	uint64_t			 seen = 0;
	size_t				 i;

	for (i = 0; i < said->nmarks; i++)
		if ((c = marked(r, q, &said->marks[i], &seen)) != NULL) {
			finding_add(o, c->id, c->name, q->direction ==
			    JUDGE_PROMPT ? c->prompt : c->completion);
			reason_add(o, "%s", c->name);
		}
}

/* how grave so many categories are, whatever each is alone */
static enum severity
injection_severity(const struct judge_rules *r,
    const struct judge_question *q, size_t n)
{
	if (n == 0)
		return (SEV_NONE);
	if (n >= 3)
		return (SEV_CRITICAL);
	if (n < r->min_high && r->cap != SEV_NONE && r->cap < SEV_HIGH &&
	    !mentions_secrets(q->sample, q->len))
		return (r->cap);
	return (SEV_HIGH);
}

/* one sign is a hint, unless it is of what does harm by itself */
static enum severity
tool_severity(const struct judge_opinion *o)
{
	size_t	 i;

	if (o->nfindings == 0)
		return (SEV_NONE);
	if (o->nfindings >= 3)
		return (SEV_CRITICAL);
	if (o->nfindings == 2)
		return (SEV_HIGH);
	for (i = 0; i < o->nfindings; i++)
		if (o->findings[i].severity == SEV_CRITICAL)
			return (SEV_HIGH);
	return (SEV_MEDIUM);
}

static void
hide(struct judge_opinion *o, const char *by, const char *id)
{
	struct judge_hidden	*h;
	uint32_t		 i;

	for (i = 0; i < o->nhidden && i < MAX_JUDGE_SUPPRESSED; i++)
		if (strcmp(o->hidden[i].by, by) == 0 &&
		    strcmp(o->hidden[i].id, id) == 0)
			return;
	if (o->nhidden++ >= MAX_JUDGE_SUPPRESSED)
		return;
	h = &o->hidden[o->nhidden - 1];
	strlcpy(h->by, by, sizeof(h->by));
	strlcpy(h->id, id, sizeof(h->id));
}

/* what the values of one answer share */
struct values {
	const struct judgepack	*jp;
	const struct judge_said	*said;
	const char		*tool;
	char			*text;		/* folded */
	size_t			 len;
	char			*plain;		/* its escapes undone, too */
	size_t			 plain_len;
	uint32_t		 steps;
};

/* The sample may be JSON, in which a quote within a value is escaped. */
static int
values_fold(struct values *v, const struct judge_question *q)
{
	char	*copy;
	size_t	 len;

	if ((v->text = fold(q->sample, q->len, &v->len)) == NULL)
		return (-1);
	if (q->len == 0 || memchr(q->sample, '\\', q->len) == NULL ||
	    (copy = malloc(q->len)) == NULL)
		return (0);
	memcpy(copy, q->sample, q->len);
	len = json_unescape(copy, q->len);
	v->plain = fold(copy, len, &v->plain_len);
	free(copy);
	return (0);
}

static int
values_hold(const struct values *v, const char *entity)
{
	char	*folded;
	size_t	 n;
	int	 there;

	if ((folded = fold(entity, strlen(entity), &n)) == NULL)
		return (0);
	there = n != 0 && (memmem(v->text, v->len, folded, n) != NULL ||
	    (v->plain != NULL && memmem(v->plain, v->plain_len, folded,
	    n) != NULL));
	free(folded);
	return (there);
}

/* How many of a category's values are in the text and are not suppressed. */
static uint32_t
weigh_entities(struct values *v, const struct judge_mark *m, const char *id,
    struct judge_opinion *o)
{
	const char	*entity;
	uint32_t	 i, count = 0;
	char		 by[MAX_JUDGE_NAME + 8];

	for (i = 0; i < m->nentities; i++) {
		if (m->first >= v->said->nentities || i >=
		    v->said->nentities - m->first)
			break;
		entity = v->said->entities[m->first + i];
		if (!values_hold(v, entity))
			o->invented++;
		else if (judgepack_suppressed(v->jp, v->tool, id, entity,
		    &v->steps, by, sizeof(by)))
			hide(o, by, id);
		else
			count++;
	}
	return (count);
}

static void
weigh_pii(const struct judgepack *jp, const struct judge_question *q,
    const struct judge_said *said, struct judge_opinion *o)
{
	const struct judge_rules	*r = judgepack_rules(jp, JUDGE_PII);
	const struct judge_category	*c;
	struct values			 v = { .jp = jp, .said = said,
					    .tool = q->tool, .steps =
					    MAX_JUDGEPACK_STEPS };
	enum severity			 severity;
	uint64_t			 seen = 0;
	uint32_t			 n;
	size_t				 i;

	if (values_fold(&v, q) == -1) {
		o->partial = 1;
		return;
	}
	for (i = 0; i < said->nmarks; i++) {
		c = marked(r, q, &said->marks[i], &seen);
		if (c == NULL || (n = weigh_entities(&v, &said->marks[i],
		    c->id, o)) == 0)
			continue;
		severity = q->direction == JUDGE_PROMPT ? c->prompt :
		    c->completion;
		finding_add(o, c->id, c->name, severity)->entities = n;
		reason_add(o, "%s: %u instance(s) detected", c->name, n);
		o->entities += n;
		if (severity > o->severity)
			o->severity = severity;
	}
	free(v.text);
	free(v.plain);
}

/*
 * Which of the rules' findings are real.  No threat is none, whatever the
 * single answers say; a threat is MEDIUM when the answer does not say more.
 */
static void
weigh_adjudication(const struct judge_question *q,
    const struct judge_said *said, struct judge_opinion *o)
{
	const char	*prefix = q->about == JUDGE_PII ? "JUDGE-ADJ-PII:" :
			    "JUDGE-ADJ-INJECTION:";
	char		 id[MAX_JUDGE_NAME + 24];
	uint64_t	 seen = 0;
	size_t		 i;

	if (!said->threat)
		return;
	o->severity = said->severity < SEV_COUNT && said->severity >= SEV_LOW ?
	    (enum severity)said->severity : SEV_NONE;
	for (i = 0; i < said->nmarks; i++) {
		if (!said->marks[i].label || said->marks[i].name >=
		    q->nnames || seen & 1ULL << said->marks[i].name)
			continue;
		seen |= 1ULL << said->marks[i].name;
		if (o->severity == SEV_NONE)
			o->severity = SEV_MEDIUM;
		(void)snprintf(id, sizeof(id), "%s%s", prefix,
		    q->names[said->marks[i].name]);
		finding_add(o, id, "confirmed by a judge", o->severity);
		reason_add(o, "%s", q->names[said->marks[i].name]);
	}
	/* one that confirms nothing is one all the same */
	if (o->nfindings == 0) {
		if (o->severity == SEV_NONE)
			o->severity = SEV_MEDIUM;
		reason_add(o, "threat");
	}
}

void
weigh(const struct judgepack *jp, const struct judge_question *q,
    const struct judge_said *said, struct judge_opinion *o)
{
	const struct judge_rules	*r;
	size_t				 i;

	memset(o, 0, sizeof(*o));
	o->kind = q->kind;
	o->partial = q->kind != JUDGE_ADJUDICATION && said->nmarks <
	    q->nnames;
	switch (q->kind) {
	case JUDGE_PII:
		weigh_pii(jp, q, said, o);
		return;
	case JUDGE_ADJUDICATION:
		weigh_adjudication(q, said, o);
		return;
	default:
		break;
	}
	r = judgepack_rules(jp, q->kind);
	weigh_labels(r, q, said, o);
	if (q->kind == JUDGE_INJECTION)
		o->severity = injection_severity(r, q, o->nfindings);
	else if (q->kind == JUDGE_TOOL_INJECTION)
		o->severity = tool_severity(o);
	else
		for (i = 0; i < o->nfindings; i++)
			if (o->findings[i].severity > o->severity)
				o->severity = o->findings[i].severity;
}
