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

#include <sodium.h>
#include <unistd.h>

#include "common/log.h"
#include "common/redact.h"
#include "common/secret.h"
#include "tests/unit/test.h"

static struct redactor	r, other;

static const char *
reason(const char *in)
{
	static char	out[MAX_REDACT_TEXT];

	redact_reason(&r, in, out);
	return (out);
}

static const char *
name(const char *in)
{
	static char	out[256];

	redact_name(&r, in, out, sizeof(out));
	return (out);
}

static int
masked(const char *s)
{
	return (strncmp(s, "<redacted len=", 14) == 0 &&
	    s[strlen(s) - 1] == '>');
}

static void
values(void)
{
	char	a[MAX_REDACTED], b[MAX_REDACTED];

	redact_value(&r, "ok", 2, a);
	CHECK_STR(a, "<redacted len=2>");
	redact_value(&r, "", 0, a);
	CHECK_STR(a, "<empty>");
	redact_value(&r, "123-45-6789", 11, a);
	CHECK(strncmp(a, "<redacted len=11 sha=", 21) == 0);
	CHECK_INT(strlen(a), 21 + 8 + 1);
	redact_value(&r, "123-45-6789", 11, b);
	CHECK_STR(a, b);
	/* another installation: another digest, no enumeration across */
	redact_value(&other, "123-45-6789", 11, b);
	CHECK(strcmp(a, b) != 0);
	/* what already looks like a placeholder is masked all the same */
	redact_value(&r, "<redacted len=3>", 16, b);
	CHECK(strncmp(b, "<redacted len=16 sha=", 21) == 0);
	redact_evidence(&r, "AKIA7G4N2K9Q6M8R3T5V", 20, a);
	CHECK(strncmp(a, "<redacted-evidence len=20 sha=", 30) == 0);
}

static void
names(void)
{
	static const char *const keep[] = { "shell", "write_file", "Bash",
	    "mcp__github__create_issue", "system.run", "a/b/c",
	    "3582c47b-15cb-a5eb-c6d4-961511da857f", "gpt-4o", "" };
	static const char *const mask[] = { "AKIA7G4N2K9Q6M8R3T5V",
	    "ghp_A7b9C2d4E6f8G1h3J5k7L9m2N4p6", "has space", "<redacted>",
	    "sk-ant-api03-A7b9C2d4E6f8G1h3", "tab\there", "123456789",
	    "caf\xc3\xa9" };
	size_t	i;

	for (i = 0; i < sizeof(keep) / sizeof(keep[0]); i++)
		CHECK_STR(name(keep[i]), keep[i]);
	for (i = 0; i < sizeof(mask) / sizeof(mask[0]); i++)
		CHECK(masked(name(mask[i])));
}

static void
reasons(void)
{
	const char	*s;

	CHECK_STR(reason("scanner=skill-scanner findings=3 "
	    "max_severity=HIGH duration=1.2s"), "scanner=skill-scanner "
	    "findings=3 max_severity=HIGH duration=1.2s");
	CHECK_STR(reason("port=18790"), "port=18790");
	CHECK_STR(reason(""), "");
	s = reason("SEC-AWS-KEY: matched AKIA7G4N2K9Q6M8R3T5V");
	CHECK(strncmp(s, "SEC-AWS-KEY: <redacted len=", 27) == 0);
	s = reason("api_key=AKIA7G4N2K9Q6M8R3T5V");
	CHECK(strncmp(s, "api_key=<redacted len=20 sha=", 29) == 0);
	s = reason("type=skill reason=blocked by policy");
	CHECK(strncmp(s, "type=skill reason=<redacted len=17 sha=",
	    39) == 0);
	s = reason("phone=5551234");
	CHECK(strncmp(s, "phone=<redacted len=7 sha=", 26) == 0);
	s = reason("hello there secret@example.com, ok; colour=red");
	CHECK(strstr(s, "secret@example") == NULL);
	CHECK(strstr(s, "colour=red") != NULL);
	/* whatever it looks like, a name as well */
	CHECK_STR(reason("token=abc"), "token=<redacted len=3>");
	CHECK_STR(reason("Password: abc; x=1"),
	    "Password: <redacted len=3>; x=1");
	CHECK_STR(reason("user: client_secret:abc"),
	    "user: client_secret:<redacted len=3>");
	CHECK_STR(reason("x=a API-Key=b authorization=c y=d"), "x=a API-Key="
	    "<redacted len=1> authorization=<redacted len=1> y=d");
	CHECK_STR(reason("passwd: y=a"), "passwd: y=<redacted len=1>");
	CHECK(masked(reason("acknowledged 3 alerts")));
	CHECK(masked(reason("<redacted len=4>")));
}

/* whatever comes, the answer is bounded and repeats no long mixed word */
static void
bounded(void)
{
	static char	in[8192];
	size_t		i, n;

	for (n = 0; n < 2000; n++) {
		for (i = 0; i < sizeof(in) - 1; i++)
			in[i] = "ab1=:, ;-_<>\n\xff"[randombytes_uniform(14)];
		in[randombytes_uniform(sizeof(in))] = '\0';
		CHECK(strlen(reason(in)) < MAX_REDACT_TEXT);
		CHECK(strlen(name(in)) < 256);
	}
}

static void
escaping(void)
{
	char	out[64];

	log_escape(out, sizeof(out), "a\nb\r\x1b[31m\\\xff\x7f", 12);
	CHECK_STR(out, "a\\nb\\r\\033[31m\\\\\\377\\177");
	CHECK_INT(log_escape(out, 5, "\x01\x01\x01", 3), 4);
	CHECK_STR(out, "\\001");
	CHECK_INT(log_escape(out, 4, "\x01", 1), 0);
}

static void
secrets(void)
{
	static char	tmp[] = "/tmp/test_redact.XXXXXX";
	struct secret	s;
	FILE		*f;
	int		fd = mkstemp(tmp);

	CHECK(fd != -1);
	remove(tmp);
	CHECK((f = fdopen(fd, "r+")) != NULL);
	fputs("0123456789abcdef\n\n", f);
	fflush(f);
	CHECK_INT(secret_read(dup(fd), &s), 0);
	CHECK_STR(s.data, "0123456789abcdef");
	CHECK_INT(secret_equal(&s, "0123456789abcdef", 16), 1);
	CHECK_INT(secret_equal(&s, "0123456789abcdeF", 16), 0);
	CHECK_INT(secret_equal(&s, "0123456789abcdef0", 17), 0);
	CHECK_INT(secret_equal(&s, "0123456789abcde", 15), 0);
	CHECK_INT(secret_equal(&s, "", 0), 0);
	secret_free(&s);
	/* the same open file again, as a restarted role gets it */
	CHECK_INT(secret_read_text(dup(fd), &s), 0);
	CHECK_STR(s.data, "0123456789abcdef\n\n");
	secret_free(&s);
	rewind(f);
	CHECK_INT(ftruncate(fd, 0), 0);
	CHECK_INT(secret_read(dup(fd), &s), -1);
	CHECK_INT(ftruncate(fd, MAX_SECRET + 1), 0);
	CHECK_INT(secret_read(dup(fd), &s), -1);
	fclose(f);
}

int
main(void)
{
	CHECK(sodium_init() != -1);
	CHECK_INT(redact_init(&r, "one installation", 16), 0);
	CHECK_INT(redact_init(&other, "another", 7), 0);
	RUN(values);
	RUN(names);
	RUN(reasons);
	RUN(bounded);
	RUN(escaping);
	RUN(secrets);
	return (0);
}
