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

#include "tests/unit/test.h"

#include "ctl/options.h"

enum { HELP, LIMIT, FOLLOW, OUT, SINCE, HEADER, COUNT };

static const struct option_def defs[] = {
	[HELP] = { "help", 'h', NULL, "" },
	[LIMIT] = { "limit", 'n', "N", "" },
	[FOLLOW] = { "follow", 'f', NULL, "" },
	[OUT] = { "out", 'o', "FILE", "" },
	[SINCE] = { "since", 0, "SEQ", "" },
	[HEADER] = { "header", 0, "TEXT...", "" },
	{ NULL, 0, NULL, NULL }
};

static struct options	 o;
static const char	*words[16];
static int		 nwords;
static char		 err[MAX_OPTIONS_ERR];

/* splits at blanks; "''" is the empty word */
static int
parse(const char *line)
{
	static char	 buf[256];
	char		*argv[16], *p = buf, *w;
	int		 argc = 0;

	strlcpy(buf, line, sizeof(buf));
	while ((w = strsep(&p, " ")) != NULL)
		if (*w != '\0')
			argv[argc++] = strcmp(w, "''") == 0 ? w + 2 : w;
	err[0] = '\0';
	return (options_parse(&o, defs, argc, argv, words, &nwords, err,
	    sizeof(err)));
}

static int
given(void)
{
	int	i, n = 0;

	for (i = 0; i < COUNT; i++)
		n += o.value[i] != NULL;
	return (n);
}

static void
any_order(void)
{
	CHECK_INT(parse("--limit 5 audit -f list"), 0);
	CHECK_INT(nwords, 2);
	CHECK_STR(words[0], "audit");
	CHECK_STR(words[1], "list");
	CHECK_STR(o.value[LIMIT], "5");
	CHECK_STR(o.value[FOLLOW], "");
	CHECK_INT(given(), 2);
	CHECK_INT(parse("audit list --limit=5 --since="), 0);
	CHECK_STR(o.value[LIMIT], "5");
	CHECK_STR(o.value[SINCE], "");
	CHECK_INT(nwords, 2);
	CHECK_INT(parse("audit ''"), 0);
	CHECK_INT(nwords, 2);
	CHECK_STR(words[1], "");
}

static void
letters(void)
{
	CHECK_INT(parse("-fn5 tail"), 0);
	CHECK_STR(o.value[LIMIT], "5");
	CHECK_INT(nwords, 1);
	CHECK_INT(parse("-fn 5 tail"), 0);
	CHECK_STR(o.value[LIMIT], "5");
	CHECK_INT(nwords, 1);
	CHECK_INT(parse("-x"), -1);
	CHECK_STR(err, "unknown option -x");
}

/* a value may look like an option, a lone dash is a word */
static void
dashes(void)
{
	CHECK_INT(parse("--out - -"), 0);
	CHECK_STR(o.value[OUT], "-");
	CHECK_INT(nwords, 1);
	CHECK_INT(parse("--out --follow"), 0);
	CHECK_STR(o.value[OUT], "--follow");
	CHECK_INT(given(), 1);
	CHECK_INT(parse("a -- --follow -- b"), 0);
	CHECK_INT(nwords, 4);
	CHECK_STR(words[1], "--follow");
	CHECK_STR(words[2], "--");
	CHECK_INT(given(), 0);
}

/* each is kept, and the last is the value */
static void
repeated(void)
{
	int	i;

	CHECK_INT(parse("--header a -f --header=b --header c"), 0);
	CHECK_INT(o.nrepeated, 3);
	CHECK_STR(o.value[HEADER], "c");
	for (i = 0; i < 3; i++)
		CHECK_INT(o.repeated[i].option, HEADER);
	CHECK_STR(o.repeated[0].value, "a");
	CHECK_STR(o.repeated[1].value, "b");
	CHECK_STR(o.repeated[2].value, "c");
	CHECK_INT(parse("--limit 1"), 0);
	CHECK_INT(o.nrepeated, 0);
}

static void
refused(void)
{
	CHECK_INT(parse("--limit"), -1);
	CHECK_STR(err, "--limit needs a value: N");
	CHECK_INT(parse("-n"), -1);
	CHECK_INT(parse("--follow=yes"), -1);
	CHECK_STR(err, "--follow takes no value");
	CHECK_INT(parse("--limit 1 -n 2"), -1);
	CHECK_STR(err, "--limit is given twice");
	CHECK_INT(parse("--lmit 1"), -1);
	CHECK_STR(err, "unknown option --lmit: the nearest is --limit");
	CHECK_INT(parse("--folow"), -1);
	CHECK_STR(err, "unknown option --folow: the nearest is --follow");
	CHECK_INT(parse("--zebra"), -1);
	CHECK_STR(err, "unknown option --zebra");
	/* not even an abbreviation is guessed at */
	CHECK_INT(parse("--lim 1"), -1);
	CHECK_STR(err, "unknown option --lim: the nearest is --limit");
	CHECK_INT(parse("--limit-of-a-name-that-has-no-end-and-goes-on-and-on-"
	    "and-on-past-any-buffer 1"), -1);
}

static void
numbers(void)
{
	uint64_t	n = 7;

	CHECK_INT(options_number("0", 0, 10, &n), 0);
	CHECK_INT(n, 0);
	CHECK_INT(options_number("10", 1, 10, &n), 0);
	CHECK_INT(n, 10);
	CHECK_INT(options_number("11", 1, 10, &n), -1);
	CHECK_INT(options_number("0", 1, 10, &n), -1);
	CHECK_INT(options_number("-1", 0, 10, &n), -1);
	CHECK_INT(options_number("+1", 0, 10, &n), -1);
	CHECK_INT(options_number(" 1", 0, 10, &n), -1);
	CHECK_INT(options_number("1x", 0, 10, &n), -1);
	CHECK_INT(options_number("", 0, 10, &n), -1);
	CHECK_INT(options_number("99999999999999999999", 0, UINT64_MAX, &n),
	    -1);
	CHECK_INT(options_number("9223372036854775807", 1, UINT64_MAX, &n),
	    0);
	CHECK_INT(n, INT64_MAX);
}

static void
slips(void)
{
	CHECK_INT(options_slip("status", "status"), 0);
	CHECK_INT(options_slip("stauts", "status"), 2);
	CHECK_INT(options_slip("lst", "list"), 1);
	CHECK_INT(options_slip("stat", "status"), 1);
	CHECK_INT(options_slip("", "status"), -1);
	CHECK_INT(options_slip("x", "ls"), -1);
	CHECK_INT(options_slip("inspect", "init"), -1);
}

int
main(void)
{
	RUN(any_order);
	RUN(letters);
	RUN(dashes);
	RUN(repeated);
	RUN(refused);
	RUN(numbers);
	RUN(slips);
	return (0);
}
