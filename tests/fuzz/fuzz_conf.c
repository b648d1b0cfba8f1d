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

#include <sys/types.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/confedit.h"
#include "ctl/import.h"
#include "ctl/redacted.h"

/*
 * Any text is parsed the same way twice; where it is valid, every key can be
 * read back; and an edit (which one, the last two bytes say) either is
 * refused with a reason or gives a valid text in which that key has the value
 * and every other key the value it had.  So has an edit of one of its sinks.
 * A key can be taken out again, and secrets out and in.  Any text can be
 * imported into a valid one.
 */

#define MAX_FUZZ_VALUE	64

static struct conf_report	 rep, again;

static void
must(int ok)
{
	if (!ok)
		abort();
}

static const char *
value_for(const struct key *k, const char *text, size_t len, char *buf)
{
	switch (k->type) {
	case KEY_BOOL:
		return (len & 1 ? "true" : "false");
	case KEY_INT:
		return (len & 1 ? "20" : "5");
	case KEY_ENUM:
		return (k->choices[1]);
	case KEY_LOOPBACK:
		return (len & 1 ? "::1" : "127.0.0.1");
	case KEY_PATH:
		return ("/a b/#c: 'd'");
	case KEY_NAME:
	case KEY_STRING:
		break;
	}
	if (len >= MAX_FUZZ_VALUE)
		len = MAX_FUZZ_VALUE - 1;
	memcpy(buf, text, len);
	buf[len] = '\0';
	return (buf);
}

static void
edit(const char *text, size_t len, const struct key *k, const char *value)
{
	char		*out, err[MAX_CONFEDIT_ERR];
	char		 was[MAX_CONF_VALUE], is[MAX_CONF_VALUE];
	struct conf	 before, after, want;
	size_t		 outlen;
	int		 i, valid;

	valid = conf_parse(text, len, "f", &before, &rep) == 0;
	err[0] = '\0';
	if (confedit_set(text, len, k->path, value, &out, &outlen, err,
	    sizeof(err)) == -1) {
		must(err[0] != '\0' && out == NULL);
		return;
	}
	must(conf_parse(out, outlen, "f", &after, &rep) == 0);
	schema_defaults(&want);
	must(schema_set(k, value, &want, err, sizeof(err)) == 0);
	for (i = 0; i < schema_nkeys; i++) {
		/* of another version, a file means something else */
		if (&schema_keys[i] != k && (!valid ||
		    before.config_version != after.config_version))
			continue;
		schema_get(&schema_keys[i], &schema_keys[i] == k ? &want :
		    &before, was, sizeof(was));
		schema_get(&schema_keys[i], &after, is, sizeof(is));
		must(strcmp(was, is) == 0);
	}
	free(out);
}

/* taken out, a key has its default and all others what they had */
static void
unset(const char *text, size_t len, const struct key *k)
{
	char		*out, err[MAX_CONFEDIT_ERR];
	char		 was[MAX_CONF_VALUE], is[MAX_CONF_VALUE];
	struct conf	 before, after, plain;
	size_t		 outlen;
	int		 i;

	must(conf_parse(text, len, "f", &before, &rep) == 0);
	err[0] = '\0';
	if (confedit_unset(text, len, k->path, &out, &outlen, err,
	    sizeof(err)) == -1) {
		must(err[0] != '\0' && out == NULL);
		return;
	}
	must(conf_parse(out, outlen, "f", &after, &rep) == 0);
	schema_defaults(&plain);
	for (i = 0; i < schema_nkeys; i++) {
		if (before.config_version != CONF_VERSION)
			continue;
		schema_get(&schema_keys[i], &schema_keys[i] == k ? &plain :
		    &before, was, sizeof(was));
		schema_get(&schema_keys[i], &after, is, sizeof(is));
		must(strcmp(was, is) == 0);
	}
	must(after.line[k - schema_keys] == 0);
	free(out);
}

/* without its secrets, filled in again, a text is what it was */
static void
redact(const char *text, size_t len)
{
	char	*red, *back, err[MAX_CONF_MSG];
	size_t	 redlen, backlen;
	int	 n;

	n = redacted_text(text, len, &red, &redlen, err, sizeof(err));
	if (n == -1)
		return;
	if (redacted_fill(red, redlen, text, len, &back, &backlen, err,
	    sizeof(err)) == 0) {
		must(n != 0 || (backlen == len &&
		    memcmp(back, text, len) == 0));
		free(back);
	}
	free(red);
}

/* taken over, whatever it is, it leaves ours valid, and once more as it is */
static void
import(const char *text, size_t len)
{
	static const char	 ours[] = "guardrail:\n  mode: action\n";
	static struct paths	 paths;
	static struct import	 im;
	struct conf		 c;
	char			*out, *again_out, *env, err[MAX_CONFEDIT_ERR];
	size_t			 outlen, againlen;

	im.text = text;
	im.len = len;
	must((env = malloc(len + 1)) != NULL);
	memcpy(env, text, len);
	env[len] = '\0';
	im.env = env;
	im.paths = &paths;
	strlcpy(paths.secrets, "/nonexistent", sizeof(paths.secrets));
	strlcpy(paths.policies, "/nonexistent", sizeof(paths.policies));
	if (import_edit(ours, strlen(ours), &out, &outlen, &im, err,
	    sizeof(err)) == -1) {
		free(env);
		return;
	}
	must(conf_parse(out, outlen, "f", &c, &rep) == 0);
	must(import_edit(out, outlen, &again_out, &againlen, &im, err,
	    sizeof(err)) == 0);
	must(againlen == outlen && memcmp(out, again_out, outlen) == 0);
	free(out);
	free(again_out);
	free(env);
}

/* the same number of sinks but gone, and these two of the same name */
static void
others_stay(const struct conf *was, const char *text, size_t len,
    const char *name, int gone)
{
	static struct conf	 now;
	int			 i, j = 0;

	must(conf_parse(text, len, "f", &now, &rep) == 0);
	must(now.nsinks == was->nsinks - gone);
	for (i = 0; i < was->nsinks; i++) {
		if (strcmp(was->sinks[i].name, name) == 0) {
			must(gone || strcmp(now.sinks[j].name, name) == 0);
			j += !gone;
			continue;
		}
		must(strcmp(was->sinks[i].name, now.sinks[j].name) == 0);
		must(strcmp(was->sinks[i].endpoint, now.sinks[j].endpoint) ==
		    0);
		must(was->sinks[i].enabled == now.sinks[j++].enabled);
	}
}

static void
edit_sink(const char *text, size_t len, const struct conf *c, unsigned int n)
{
	const struct conf_sink	*s = &c->sinks[n % (unsigned)c->nsinks];
	struct sink_value	 v[2] = { { "enabled", NULL, s->enabled ?
				    "false" : "true" },
				    { "actions", NULL, "a,'b' #" } };
	char			*out, err[MAX_CONFEDIT_ERR];
	size_t			 outlen;

	err[0] = '\0';
	if (confedit_sink_put(text, len, s->name, v, 1 + (int)(n & 1), &out,
	    &outlen, err, sizeof(err)) == 0) {
		others_stay(c, out, outlen, s->name, 0);
		free(out);
	} else
		must(err[0] != '\0' && out == NULL);
	err[0] = '\0';
	if (confedit_sink_remove(text, len, s->name, &out, &outlen, err,
	    sizeof(err)) == 0) {
		others_stay(c, out, outlen, s->name, 1);
		free(out);
	} else
		must(err[0] != '\0' && out == NULL);
}

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char		 buf[MAX_FUZZ_VALUE], value[MAX_CONF_VALUE];
	char		 msg[MAX_CONF_MSG], *text;
	struct conf	 a, b;
	const struct key *k;
	int		 i, rv;
	size_t		 len;

	if (size < 2)
		return (0);
	len = size - 2;
	must((text = malloc(len + 1)) != NULL);	/* ASan sees its end */
	memcpy(text, data, len);
	rv = conf_parse(text, len, "f", &a, &rep);
	must(conf_parse(text, len, "f", &b, &again) == rv);
	must(memcmp(&a, &b, sizeof(a)) == 0);
	must(memcmp(&rep, &again, sizeof(rep)) == 0);
	must((rv == -1) == (rep.nerrors != 0));
	for (i = 0; i < rep.nmsgs; i++) {
		conf_msg_text(&rep, &rep.msgs[i], msg, sizeof(msg));
		must(strchr(msg, '\n') == NULL && strchr(msg, '\033') == NULL);
	}
	for (i = 0; rv == 0 && i < schema_nkeys; i++) {
		schema_get(&schema_keys[i], &a, value, sizeof(value));
		must(schema_set(&schema_keys[i], value, &b, msg, sizeof(msg))
		    == 0);
	}
	k = &schema_keys[data[len] % schema_nkeys];
	if (rv == 0 && a.nsinks > 0)
		edit_sink(text, len, &a, data[len + 1]);
	if (rv == 0)
		unset(text, len, k);
	redact(text, len);
	if ((data[len + 1] & 3) == 0)
		import(text, len);
	edit(text, len, k, value_for(k, text, data[len + 1] < len ?
	    data[len + 1] : len, buf));
	free(text);
	return (0);
}
