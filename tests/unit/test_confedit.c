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

#include "ctl/confedit.h"
#include "ctl/conffile.h"
#include "ctl/init.h"
#include "tests/unit/test.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <unistd.h>

static struct conf_report	 rep;
static char			 err[MAX_CONFEDIT_ERR];

static const struct {
	const char	*in, *key, *value, *out;
} edits[] = {
	/* what is there is replaced, and nothing else */
	{ "# a\nguardrail:\n  mode: observe   # why\n\n  enabled: true\n",
	  "guardrail.mode", "action",
	  "# a\nguardrail:\n  mode: action   # why\n\n  enabled: true\n" },
	{ "agent: {id: 'a', name: \"b\" }\n", "agent.id", "x, y}",
	  "agent: {id: 'x, y}', name: \"b\" }\n" },
	{ "agent:\n    id: \"\\u00fc\" # \xc3\xbc\n", "agent.id", "it's: #1",
	  "agent:\n    id: 'it''s: #1' # \xc3\xbc\n" },
	{ "\xc3\xbc", "agent.id", "x", NULL },
	{ "# \xe2\x82\xac\nagent: {id: \xc3\xbc}\n", "agent.id", "z",
	  "# \xe2\x82\xac\nagent: {id: z}\n" },
	{ "agent:\n  id:\n  name: x\n", "agent.id", "true",
	  "agent:\n  id: 'true'\n  name: x\n" },
	{ "agent:\n  id: # none\n", "agent.id", "12",
	  "agent:\n  id: '12' # none\n" },
	{ "agent:\n  id: ~\n", "agent.id", "", "agent:\n  id: ''\n" },
	{ "\"agent\":\n  'id': x\n", "agent.id", "z",
	  "\"agent\":\n  'id': z\n" },
	/* same value in another spelling: not a byte */
	{ "agent:   {id:   \"a\"}", "agent.id", "a",
	  "agent:   {id:   \"a\"}" },
	{ "gateway:\n  api_bind: ''\n", "gateway.api_bind", "127.0.0.1",
	  "gateway:\n  api_bind: ''\n" },
	/* what is missing is added where its section ends */
	{ "", "guardrail.mode", "action", "guardrail:\n  mode: action\n" },
	{ "# c", "config_version", "5", "# c\nconfig_version: 5\n" },
	{ "---\n", "log.level", "debug", "---\nlog:\n  level: debug\n" },
	{ "guardrail:\n   mode: action\n   judge:\n     enabled: false\n"
	  "# next\notel: {}\n", "guardrail.enabled", "false",
	  "guardrail:\n   enabled: false\n   mode: action\n   judge:\n"
	  "     enabled: false\n# next\notel: {}\n" },
	{ "guardrail:\n  llm: [a,\n    b]   # list\n\nx_y: 1\n",
	  "guardrail.mode", "action", NULL },	/* x_y is unknown */
	{ "guardrail:\n  llm: [a,\n    b]   # list\n\notel: 1\n",
	  "guardrail.mode", "action",
	  "guardrail:\n  llm: [a,\n    b]   # list\n  mode: action\n\n"
	  "otel: 1\n" },
	{ "otel:\n  text: |+\n    a\n\n\n", "log.level", "debug",
	  "otel:\n  text: |+\n    a\n\n\nlog:\n  level: debug\n" },
	{ "otel:\n  text: >-\n    a\n    b\n# c\nagent:\n  id: x\n",
	  "agent.name", "n", "otel:\n  text: >-\n    a\n    b\n# c\nagent:\n"
	  "  id: x\n  name: 'n'\n" },
	{ "otel:\n- a\n- b\n", "agent.id", "x",
	  "otel:\n- a\n- b\nagent:\n  id: x\n" },
	{ "agent:\n  # id: x\nlog:\n  level: info\n", "agent.id", "z",
	  "agent:\n  id: z\n  # id: x\nlog:\n  level: info\n" },
	{ "agent: # none\nlog:\n", "log.level", "debug",
	  "agent: # none\nlog:\n  level: debug\n" },
	{ "agent:\r\n  id: x\r\n", "agent.name", "y",
	  "agent:\r\n  id: x\r\n  name: 'y'\r\n" },
	{ "\xef\xbb\xbf" "agent: {id: x}\n", "agent.id", "z",
	  "\xef\xbb\xbf" "agent: {id: z}\n" },
	{ "\xef\xbb\xbf" "agent:\n", "agent.id", "z",
	  "\xef\xbb\xbf" "agent:\n  id: z\n" },
	{ "agent:\n  id: x\n...\n", "log.level", "debug",
	  "agent:\n  id: x\nlog:\n  level: debug\n...\n" },
	{ "guardrail:\n  mode: bad\n", "guardrail.mode", "action",
	  "guardrail:\n  mode: action\n" },
	/* what cannot be done safely is refused */
	{ "agent: {name: x}\n", "agent.id", "y", NULL },
	{ "agent: {}\n", "agent.id", "y", NULL },
	{ "{}\n", "agent.id", "y", NULL },
	{ "agent: ~\n", "agent.id", "y", NULL },
	{ "--- {agent: }\n", "agent.id", "y", NULL },
	{ "agent:\n  id: |\n    x\n", "agent.id", "y", NULL },
	{ "agent:\n  id: a\n    b\n", "agent.id", "y", NULL },
	{ "agent:\n  id: \"a\n    b\"\n", "agent.id", "y", NULL },
	{ "agent: &a\n  id: x\n", "agent.id", "y", NULL },
	{ "agent: x\n", "agent.id", "y", NULL },
	{ "agent:\n  id: [x]\n", "agent.id", "y", NULL },
	{ "- a\n", "agent.id", "y", NULL },
	{ "---\n...\n", "agent.id", "y", NULL },
	/* the newline we would need is part of the text before it */
	{ "otel:\n  text: |\n    a", "log.level", "debug", NULL },
	{ "log:\n  max_total_mb: 20\n", "log.max_size_mb", "11", NULL },
	{ "", "guardrail.mode", "block", NULL },
	{ "", "guardrail.moed", "action", NULL },
	{ "", "gateway.token", "abc", NULL },
	{ "", "guardrail", "abc", NULL },
	{ "", "agent.id", "a\nb", NULL },
	{ "", "gateway.api_bind", "0.0.0.0", NULL },
};

static void
table(void)
{
	char	*out;
	size_t	 i, len;
	int	 rv;

	for (i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		err[0] = '\0';
		rv = confedit_set(edits[i].in, strlen(edits[i].in),
		    edits[i].key, edits[i].value, &out, &len, err,
		    sizeof(err));
		if ((rv == 0) != (edits[i].out != NULL))
			fprintf(stderr, "case %zu: %s\n", i, err);
		CHECK_INT(rv, edits[i].out != NULL ? 0 : -1);
		if (rv == 0) {
			CHECK_STR(out, edits[i].out);
			CHECK_INT(len, strlen(out));
		} else {
			CHECK(out == NULL);
			/* names a place */
			CHECK(strchr(err, ':') != NULL);
		}
		free(out);
	}
}

static void
reasons(void)
{
	char	*out;
	size_t	 len;

	CHECK_INT(confedit_set("agent: {}\n", 10, "agent.id", "y", &out, &len,
	    err, sizeof(err)), -1);
	CHECK_STR(err, "agent.id: its section is written with { }; edit the "
	    "file by hand");
	CHECK_INT(confedit_set("", 0, "guardrail.moed", "y", &out, &len, err,
	    sizeof(err)), -1);
	CHECK_STR(err, "guardrail.moed: unknown key; the nearest known one "
	    "is guardrail.mode");
	CHECK_INT(confedit_set("", 0, "otel", "y", &out, &len, err,
	    sizeof(err)), -1);
	CHECK_STR(err, "otel: not supported by this program");
	CHECK_INT(confedit_set("zz: 1\n", 6, "agent.id", "y", &out, &len, err,
	    sizeof(err)), -1);
	CHECK_STR(err, "not changed, the result would not be valid: "
	    "config.yaml:1:zz: unknown key");
}

/* xorshift64*, so that every run is the same */
static unsigned long long	 seed = 20260102;

static unsigned
rnd(unsigned n)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return ((unsigned)((seed * 2685821657736338717ULL) >> 33) % n);
}

static const char *const bits[] = { "a", "B", "0", " ", ":", ": ", " #", "#",
    "'", "\"", "\\", ",", "[", "]", "{", "}", "&", "*", "!", "|", ">", "%",
    "@", "`", "- ", "? ", "---", "...", "~", "null", "true", "\xc3\xbc",
    "\xe2\x82\xac", "\xf0\x9f\x9a\xa6", "=", "<<", ".", "/", "1e3", "0x1" };

static void
random_text(char *buf, size_t size)
{
	unsigned	n = rnd(8);

	buf[0] = '\0';
	while (n-- != 0)
		strlcat(buf, bits[rnd(sizeof(bits) / sizeof(bits[0]))], size);
}

static void
random_value(const struct key *k, char *buf, size_t size)
{
	static const char *const addr[] = { "127.0.0.1", "127.0.0.2", "::1" };
	struct conf		 c;
	char			 why[MAX_SCHEMA_ERR];
	int			 n = 0;

	schema_defaults(&c);
	do {
		switch (k->type) {
		case KEY_BOOL:
			strlcpy(buf, rnd(2) ? "true" : "false", size);
			break;
		case KEY_INT:
			snprintf(buf, size, "%d", k->min + (int)rnd(
			    (unsigned)(k->max - k->min + 1)));
			break;
		case KEY_ENUM:
			for (n = 0; k->choices[n] != NULL; n++)
				continue;
			strlcpy(buf, k->choices[rnd((unsigned)n)], size);
			break;
		case KEY_LOOPBACK:
			strlcpy(buf, addr[rnd(3)], size);
			break;
		case KEY_PATH:
			buf[0] = '/';
			random_text(buf + 1, size - 1);
			break;
		case KEY_STRING:
		case KEY_NAME:
			random_text(buf, size);
			break;
		}
	} while (schema_set(k, buf, &c, why, sizeof(why)) == -1);
}

/* a file as people write them: every style, comments, foreign keys */
static void
random_file(char *buf, size_t size)
{
	static const char *const chunks[] = {
		"# comment: with colon\n", "\n", "   # indented\n",
		"otel:\n  headers: {a: 1, 'b c': \"d\"}\n",
		"llm: {model: x, api_key_env: Y}   # flow\n",
		("audit_sinks:\n- name: a\n  kind: file\n  actions: [x,\n"
		"    y]\n- name: b\n  # two\n  kind: file\n"),
		"webhooks:\n  - text: |\n      line: 1\n\n      # no\n",
		"claw:\n  mode: \"open\\x20claw\"\n  home_dir: ~/x\n",
		"agent:\n    id: x # keep\n\n    name: 'a ''b'' c'\n",
		"guardrail:\n  # which\n  mode: observe\n  llm:\n    a: b\n",
		"gateway: {api_port: 1, host: '[::1]'}\n",
		"log:\n", "sandbox:\n  # allow_no_landlock: true\n",
		"audit:\n hash: sha-256\n",
	};
	unsigned	i, used = 0, n = rnd(10);
	const unsigned	nchunks = sizeof(chunks) / sizeof(chunks[0]);

	buf[0] = '\0';
	if (rnd(4) == 0)
		strlcat(buf, "---\n", size);
	while (n-- != 0) {
		i = rnd(nchunks);
		if (i >= 3 && (used & (1U << i)) != 0)
			continue;
		used |= 1U << i;
		strlcat(buf, chunks[i], size);
	}
	if (rnd(4) == 0 && buf[0] != '\0')
		buf[strlen(buf) - 1] = '\0';	/* no last newline */
}

static int
lines(char *text, char **v, int max)
{
	int	n = 0;

	while (text != NULL && *text != '\0' && n < max)
		v[n++] = strsep(&text, "\n");
	return (n);
}

/* one line changed, or up to three added: returns how many are new */
static int
changed_lines(const char *before, const char *after)
{
	char	*a = strdup(before), *b = strdup(after);
	char	*va[512], *vb[512];
	int	 na, nb, pre = 0, post = 0;

	CHECK(a != NULL && b != NULL);
	na = lines(a, va, 512);
	nb = lines(b, vb, 512);
	while (pre < na && pre < nb && strcmp(va[pre], vb[pre]) == 0)
		pre++;
	while (post < na - pre && post < nb - pre &&
	    strcmp(va[na - 1 - post], vb[nb - 1 - post]) == 0)
		post++;
	CHECK(na - pre - post <= 1);
	if (na - pre - post == 1)
		CHECK_INT(nb - pre - post, 1);
	else
		CHECK(nb - pre - post <= 3);
	free(a);
	free(b);
	return (nb - pre - post);
}

#define MAX_ORDERED	6

/* the keys in some order: the text, or NULL when one of them is refused */
static char *
set_all(const char *text, const struct key **k, char (*v)[MAX_CONF_VALUE],
    const int *at)
{
	char	*now = strdup(text), *out;
	size_t	 len;
	int	 i, rv;

	CHECK(now != NULL);
	for (i = 0; i < MAX_ORDERED; i++) {
		rv = confedit_set(now, strlen(now), k[at[i]]->path,
		    v[at[i]], &out, &len, err, sizeof(err));
		free(now);
		if (rv == -1)
			return (NULL);
		now = out;
	}
	return (now);
}

/* the file does not tell in which order its keys were set */
static void
any_order(void)
{
	const struct key	*k[MAX_ORDERED];
	static char		 v[MAX_ORDERED][MAX_CONF_VALUE];
	char			 text[8192], *a, *b;
	int			 at[MAX_ORDERED], i, j, n, t, done = 0;

	for (n = 0; n < 4000; n++) {
		random_file(text, sizeof(text));
		for (i = 0; i < MAX_ORDERED; i++) {
			do {
				k[i] = &schema_keys[rnd(
				    (unsigned)schema_nkeys)];
				for (j = 0; k[j] != k[i]; j++)
					continue;
			} while (j < i);
			random_value(k[i], v[i], sizeof(v[i]));
			at[i] = i;
		}
		a = set_all(text, k, v, at);
		for (i = MAX_ORDERED - 1; i > 0; i--) {
			j = (int)rnd((unsigned)i + 1);
			t = at[i], at[i] = at[j], at[j] = t;
		}
		b = set_all(text, k, v, at);
		if (a != NULL && b != NULL) {
			CHECK_STR(a, b);
			done++;
		}
		free(a);
		free(b);
	}
	printf("    %d pairs\n", done);
	CHECK(done > 1500);
}

static void
property(void)
{
	const struct key	*k;
	struct conf		 before, after;
	char			 text[8192], value[MAX_CONF_VALUE];
	char			 got[MAX_CONF_VALUE], was[MAX_CONF_VALUE];
	char			*out;
	size_t			 len;
	int			 i, j, rv, done = 0, refused = 0;

	for (i = 0; i < 20000; i++) {
		random_file(text, sizeof(text));
		k = &schema_keys[rnd((unsigned)schema_nkeys)];
		random_value(k, value, sizeof(value));
		CHECK_INT(conf_parse(text, strlen(text), "t", &before, &rep),
		    0);
		rv = confedit_set(text, strlen(text), k->path, value, &out,
		    &len, err, sizeof(err));
		if (rv == -1) {
			/*
			 * the flow mapping, log sizes that disagree, half a
			 * judge, or a last block scalar that a newline would
			 * change
			 */
			CHECK(strstr(err, "{ }") != NULL ||
			    strstr(err, "twice") != NULL ||
			    strcmp(k->path, "gateway.tokens") == 0 ||
			    strncmp(k->path, "guardrail.judge.", 16) == 0 ||
			    (strstr(err, "other keys") != NULL &&
			    text[strlen(text) - 1] != '\n' &&
			    strstr(text, ": |") != NULL));
			refused++;
			continue;
		}
		done++;
		CHECK_INT(conf_parse(out, len, "t", &after, &rep), 0);
		for (j = 0; j < schema_nkeys; j++) {
			schema_get(&schema_keys[j], &after, got, sizeof(got));
			schema_get(&schema_keys[j], &before, was, sizeof(was));
			if (&schema_keys[j] == k && value[0] != '\0')
				CHECK_STR(got, value);
			/* of another version, a file means something else */
			else if (&schema_keys[j] != k && after.config_version ==
			    before.config_version)
				CHECK_STR(got, was);
		}
		changed_lines(text, out);
		/* again: nothing to do */
		strlcpy(text, out, sizeof(text));
		free(out);
		CHECK_INT(confedit_set(text, strlen(text), k->path, value,
		    &out, &len, err, sizeof(err)), 0);
		CHECK_STR(out, text);
		free(out);
	}
	printf("    %d edits, %d refused\n", done, refused);
	CHECK(done > 15000 && refused > 10);
}

static int
set_file(const char *path, const char *key, const char *value)
{
	struct conf_setting	s = { key, value };

	return (confedit_apply(path, getuid(), confedit_setting, &s, err,
	    sizeof(err)));
}

static void
file(void)
{
	char		 dir[] = "/tmp/confedit.XXXXXX", path[64], buf[64];
	struct stat	 st;
	int		 fd, i, status, lock;
	pid_t		 pid;

	CHECK(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/config.yaml", dir);
	CHECK_INT(set_file(path, "log.level", "debug"), -1);
	CHECK(strstr(err, "No such file") != NULL);
	CHECK((fd = open(path, O_WRONLY | O_CREAT, 0640)) != -1);
	CHECK(fchmod(fd, 0640) == 0);
	CHECK_INT(write(fd, "# keep\n", 7), 7);
	close(fd);
	CHECK_INT(set_file(path, "log.level", "debug"), 1);
	CHECK_INT(set_file(path, "log.level", "debug"), 0);
	CHECK(stat(path, &st) == 0 && (st.st_mode & 07777) == 0640);
	memset(buf, 0, sizeof(buf));
	CHECK((fd = open(path, O_RDONLY)) != -1);
	CHECK(read(fd, buf, sizeof(buf) - 1) > 0);
	close(fd);
	CHECK_STR(buf, "# keep\nlog:\n  level: debug\n");

	/* editors at the same time lose nothing of each other */
	for (i = 0; i < 4; i++) {
		CHECK((pid = fork()) != -1);
		if (pid == 0) {
			static const char *const k[] = { "agent.id",
			    "agent.name", "audit.hash", "gateway.workers" };
			static const char *const v[] = { "i", "m", "sha-256",
			    "3" };

			_exit(set_file(path, k[i], v[i]) == 1 ? 0 : 1);
		}
	}
	for (i = 0; i < 4; i++) {
		CHECK(wait(&status) != -1);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	CHECK_INT(set_file(path, "agent.id", "i"), 0);
	CHECK_INT(set_file(path, "agent.name", "m"), 0);
	CHECK_INT(set_file(path, "audit.hash", "sha-256"), 0);
	CHECK_INT(set_file(path, "gateway.workers", "3"), 0);

	/* a lock that is not given back is waited for, then named */
	CHECK((lock = conffile_lock(path, err, sizeof(err))) != -1);
	CHECK_INT(set_file(path, "agent.id", "j"), -1);
	CHECK(strstr(err, "another program") != NULL);
	close(lock);
	snprintf(path, sizeof(path), "%s/.config.yaml.lock", dir);
	CHECK(unlink(path) == 0);
	snprintf(path, sizeof(path), "%s/config.yaml", dir);
	CHECK(unlink(path) == 0);
	CHECK(rmdir(dir) == 0);		/* nothing was left behind */
}

int
main(void)
{
	RUN(table);
	RUN(reasons);
	RUN(property);
	RUN(any_order);
	RUN(file);
	return (0);
}
