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
#include <dirent.h>

#include "ctl/confparse.h"
#include "ctl/init.h"
#include "ctl/yamltree.h"
#include "tests/unit/test.h"

/*
 * tests/unit/conf/NAME.yaml with NAME.expected: "valid" or "invalid", each
 * message, and for a valid one each key the file sets.  Run with -w to write
 * the .expected files anew, then read the difference.
 */

#define MAX_CASES	256

static const char		*casedir = "tests/unit/conf";
static int			 rewrite;
static struct conf_report	 rep;

static char *
slurp(const char *path, size_t *len)
{
	FILE	*f = fopen(path, "rb");
	char	*buf;

	*len = 0;
	if (f == NULL)
		return (NULL);
	CHECK((buf = calloc(1, MAX_CONF_SIZE + 2)) != NULL);
	*len = fread(buf, 1, MAX_CONF_SIZE + 1, f);
	fclose(f);
	return (buf);
}

static char *
outcome(const char *name, const char *text, size_t len)
{
	struct conf	 c;
	FILE		*f;
	char		*out, value[MAX_CONF_VALUE], msg[MAX_CONF_MSG];
	size_t		 outlen;
	int		 i, rv;

	CHECK((f = open_memstream(&out, &outlen)) != NULL);
	rv = conf_parse(text, len, name, &c, &rep);
	CHECK((rv == -1) == (rep.nerrors != 0));
	fprintf(f, "%s %d %d\n", rv == 0 ? "valid" : "invalid", rep.nerrors,
	    rep.nwarnings);
	for (i = 0; i < rep.nmsgs; i++) {
		conf_msg_text(&rep, &rep.msgs[i], msg, sizeof(msg));
		fprintf(f, "%s\n", msg);
		CHECK(i == 0 || rep.msgs[i].line >= rep.msgs[i - 1].line);
	}
	for (i = 0; rv == 0 && i < schema_nkeys; i++)
		if (c.line[i] != 0) {
			schema_get(&schema_keys[i], &c, value, sizeof(value));
			fprintf(f, "%d %s=%s\n", c.line[i],
			    schema_keys[i].path, value);
		}
	fclose(f);
	return (out);
}

static void
run_case(const char *file)
{
	char	 path[512], name[256], *text, *want, *got;
	size_t	 len, wantlen;
	FILE	*f;

	strlcpy(name, file, sizeof(name));
	name[strlen(name) - strlen(".yaml")] = '\0';
	snprintf(path, sizeof(path), "%s/%s", casedir, file);
	CHECK((text = slurp(path, &len)) != NULL);
	got = outcome(file, text, len);
	snprintf(path, sizeof(path), "%s/%s.expected", casedir, name);
	if (rewrite) {
		CHECK((f = fopen(path, "w")) != NULL);
		fputs(got, f);
		fclose(f);
	}
	if ((want = slurp(path, &wantlen)) == NULL || strcmp(got, want) != 0)
		fprintf(stderr, "%s:\n", file);
	CHECK_STR(got, want);
	free(text);
	free(want);
	free(got);
}

static void
cases(void)
{
	struct dirent	**de;
	int		  i, n, ran = 0;

	CHECK((n = scandir(casedir, &de, NULL, alphasort)) > 0);
	for (i = 0; i < n; i++) {
		if (strlen(de[i]->d_name) > 5 && strcmp(de[i]->d_name +
		    strlen(de[i]->d_name) - 5, ".yaml") == 0) {
			run_case(de[i]->d_name);
			ran++;
		}
		free(de[i]);
	}
	free(de);
	printf("    %d files\n", ran);
	CHECK(ran >= 30);
}

/* a table that could contradict itself must not */
static void
table(void)
{
	struct conf	 c, d;
	char		 value[MAX_CONF_VALUE], err[MAX_SCHEMA_ERR];
	char		 section[MAX_CONF_KEY];
	int		 i, j;

	schema_defaults(&c);
	for (i = 0; i < schema_nkeys; i++) {
		const struct key *k = &schema_keys[i];

		CHECK(schema_find(k->path) == k);
		CHECK(!schema_is_foreign(k->path));
		CHECK(!schema_is_section(k->path));
		CHECK(strlen(k->help) > 10 && strlen(k->help) < 120);
		schema_get(k, &c, value, sizeof(value));
		CHECK_STR(value, k->def);
		CHECK(k->off + k->size <= sizeof(c));
		for (j = 0; j < i; j++)
			CHECK(schema_keys[j].off + schema_keys[j].size <=
			    k->off || k->off + k->size <= schema_keys[j].off);
		schema_type_text(k, value, sizeof(value));
		CHECK(value[0] != '\0');
		strlcpy(section, k->path, sizeof(section));
		if (strchr(section, '.') != NULL) {
			*strchr(section, '.') = '\0';
			CHECK(schema_is_section(section));
			/* a slip of the pen in it is answered with it */
			section[0] = 'x';
			CHECK_STR(schema_nearest(section) != NULL ? "near" :
			    NULL, "near");
		}
	}
	for (i = 0; schema_foreign[i] != NULL; i++) {
		CHECK(schema_find(schema_foreign[i]) == NULL);
		CHECK(!schema_is_section(schema_foreign[i]));
	}
	/* a refused value changes nothing */
	d = c;
	CHECK(schema_set(schema_find("gateway.api_port"), "0", &d, err,
	    sizeof(err)) == -1);
	CHECK(memcmp(&c, &d, sizeof(c)) == 0);
}

static void
bounds(void)
{
	struct conf	 c;
	char		*big, err[MAX_SCHEMA_ERR], text[MAX_CONF_TEXT + 1];
	const char	*ok[] = { "127.0.0.1", "127.9.8.7", "::1", "" };
	const char	*bad[] = { "0.0.0.0", "::", "::2", "127.1", "localhost",
	    "::ffff:127.0.0.1", "127.0.0.1 ", "128.0.0.1", "fe80::1" };
	size_t		 i;

	schema_defaults(&c);
	for (i = 0; i < 4; i++)
		CHECK_INT(schema_set(schema_find("gateway.api_bind"), ok[i],
		    &c, err, sizeof(err)), 0);
	CHECK_STR(c.gateway.api_bind, "127.0.0.1");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_INT(schema_set(schema_find("gateway.api_bind"), bad[i],
		    &c, err, sizeof(err)), -1);
	memset(text, 'x', sizeof(text));
	text[MAX_CONF_TEXT - 1] = '\0';
	CHECK_INT(schema_set(schema_find("guardrail.block_message"), text, &c,
	    err, sizeof(err)), 0);
	CHECK_STR(c.guardrail.block_message, text);
	text[MAX_CONF_TEXT - 1] = 'x';
	text[MAX_CONF_TEXT] = '\0';
	CHECK_INT(schema_set(schema_find("guardrail.block_message"), text, &c,
	    err, sizeof(err)), -1);
	CHECK_STR(err, "must be at most 512 bytes long");

	CHECK((big = malloc(MAX_CONF_SIZE + 1)) != NULL);
	memset(big, '#', MAX_CONF_SIZE + 1);
	CHECK_INT(conf_parse(big, MAX_CONF_SIZE, "f", &c, &rep), 0);
	CHECK_INT(conf_parse(big, MAX_CONF_SIZE + 1, "f", &c, &rep), -1);
	CHECK_STR(rep.msgs[0].text, "larger than 256 KiB");
	/* more nodes than anybody writes */
	for (i = 0; i + 4 <= MAX_CONF_SIZE; i += 4)
		memcpy(big + i, "- a\n", 4);
	CHECK_INT(conf_parse(big, MAX_CONF_SIZE, "f", &c, &rep), -1);
	CHECK_STR(rep.msgs[0].text, "too many keys and values");
	CHECK_INT(rep.msgs[0].line, MAX_YAML_NODES);
	free(big);
}

static void
hash(void)
{
	static const char	 one[] = "guardrail:\n  mode: action\n";
	static const char	 two[] = "# same\nagent: {id: ''}\n"
	    "guardrail: {mode: 'action', enabled: true}\n";
	static const char	 other[] = "guardrail: {mode: observe}\n";
	unsigned char		 a[CONF_HASH_LEN], b[CONF_HASH_LEN];
	struct conf		 c;

	CHECK_INT(conf_parse(one, strlen(one), "f", &c, &rep), 0);
	conf_hash(&c, a);
	CHECK_INT(conf_parse(two, strlen(two), "f", &c, &rep), 0);
	conf_hash(&c, b);
	CHECK(memcmp(a, b, sizeof(a)) == 0);
	CHECK_INT(conf_parse(other, strlen(other), "f", &c, &rep), 0);
	conf_hash(&c, b);
	CHECK(memcmp(a, b, sizeof(a)) != 0);
}

static void
sample(void)
{
	struct conf	 c;
	char		*text;
	size_t		 len;

	CHECK((text = slurp("etc/config.yaml", &len)) != NULL);
	CHECK_STR(text, init_template);
	free(text);
	CHECK_INT(conf_parse(init_template, strlen(init_template), "t", &c,
	    &rep), 0);
	CHECK_INT(rep.nwarnings, 0);
	CHECK_INT(c.guardrail.mode, CONF_ACTION);
	CHECK_INT(c.config_version, CONF_VERSION);
}

static void
profiles(void)
{
	CHECK_INT(schema_profile("/a/strict"), PROFILE_STRICT);
	CHECK_INT(schema_profile("/a/permissive//"), PROFILE_PERMISSIVE);
	CHECK_INT(schema_profile("/a/balanced"), PROFILE_BALANCED);
	CHECK_INT(schema_profile("/strict/mine"), PROFILE_DEFAULT);
	CHECK_INT(schema_profile("/a/xstrict"), PROFILE_DEFAULT);
	CHECK_INT(schema_profile(""), PROFILE_DEFAULT);
}

/* as the reference writes its seconds, and no more than that */
static void
fractions(void)
{
	static const struct {
		const char	*text;
		int		 ms;		/* -1: refused */
		const char	*as;
	} t[] = {
		{ "30.0", 30000, "30" }, { "5", 5000, "5" },
		{ "1", 1000, "1" }, { "1.5", 1500, "1.5" },
		{ "2.25", 2250, "2.25" }, { "119.999", 119999, "119.999" },
		{ "120.000", 120000, "120" }, { "120.001", -1, "" },
		{ "0.999", -1, "" }, { "0", -1, "" }, { "-2", -1, "" },
		{ "2.", -1, "" }, { ".5", -1, "" }, { "02.5", -1, "" },
		{ "2.5000", -1, "" }, { "2.5s", -1, "" }, { "2,5", -1, "" },
		{ "1e1", -1, "" }, { " 2", -1, "" }, { "", -1, "" },
		{ "9999999", -1, "" }, { "999999.999", -1, "" }
	};
	const struct key	*k = schema_find("guardrail.judge.timeout");
	struct conf		 c;
	char			 err[MAX_SCHEMA_ERR], text[32];
	size_t			 i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		schema_defaults(&c);
		CHECK_INT(c.judge.timeout_ms, 2000);
		CHECK_INT(schema_set(k, t[i].text, &c, err, sizeof(err)),
		    t[i].ms == -1 ? -1 : 0);
		if (t[i].ms == -1) {
			CHECK_STR(err, "must be a number from 1 to 120, such "
			    "as 1 or 1.5");
			CHECK_INT(c.judge.timeout_ms, 2000);
			continue;
		}
		CHECK_INT(c.judge.timeout_ms, t[i].ms);
		schema_get(k, &c, text, sizeof(text));
		CHECK_STR(text, t[i].as);
	}
}

int
main(int argc, char *argv[])
{
	rewrite = argc > 1 && strcmp(argv[1], "-w") == 0;
	RUN(cases);
	RUN(table);
	RUN(bounds);
	RUN(fractions);
	RUN(hash);
	RUN(sample);
	RUN(profiles);
	return (0);
}
