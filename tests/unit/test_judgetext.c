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

#include <string.h>

#include "sinkd/judge.h"
#include "tests/unit/test.h"

/* what goes to a model, and what is taken from its answer */

static const char	 sample[] = "call a@b.c or <x&y>[Z]";

static struct judge_ask
make_ask(enum judge_kind kind)
{
	struct judge_ask	 a;

	memset(&a, 0, sizeof(a));
	a.kind = kind;
	a.direction = JUDGE_PROMPT;
	a.deadline_ms = 1000;
	a.prompt = "Judge \"it\"";
	a.sample = sample;
	a.sample_len = sizeof(sample) - 1;
	a.nnames = 2;
	a.names[0] = "Email Address";
	a.names[1] = "Password";
	return (a);
}

/* the body of a chat completion that says this */
static const char *
completion(const char *content)
{
	static char	 text[64 * 1024];
	json_t		*j;
	char		*s;

	j = json_pack("{s:[{s:{s:s},s:s}]}", "choices", "message", "content",
	    content, "finish_reason", "stop");
	CHECK(j != NULL && (s = json_text(j)) != NULL);
	strlcpy(text, s, sizeof(text));
	free(s);
	json_decref(j);
	return (text);
}

static enum judge_status
answer(const struct judge_ask *a, const char *content,
    struct judge_verdict *v)
{
	const char	*body = completion(content);
	char		 why[MAX_JUDGE_REASON];

	return (judge_answer(a, body, strlen(body), v, why, sizeof(why)));
}

static json_t *
request(const struct judge_ask *a)
{
	char		 err[MAX_JSON_ERR];
	struct wbuf	 w;
	json_t		*j;

	wbuf_init(&w, MAX_JUDGE_REQUEST);
	CHECK(judge_request(a, "the \"model\"", &w) == 0);
	CHECK((j = json_strict(w.data, w.len, err)) != NULL);
	wbuf_free(&w);
	return (j);
}

static const char *
message(const json_t *j, size_t i, const char *role)
{
	const json_t	*m = json_array_get(json_object_get(j, "messages"),
			    i);

	CHECK_STR(json_str(m, "role"), role);
	return (json_str(m, "content"));
}

static void
test_request(void)
{
	struct judge_ask	 a = make_ask(JUDGE_PII);
	const char		*text;
	json_t			*j;

	j = request(&a);
	CHECK_STR(json_str(j, "model"), "the \"model\"");
	CHECK(json_is_false(json_object_get(j, "stream")));
	CHECK_INT(json_integer_value(json_object_get(j, "max_tokens")), 1024);
	CHECK_INT(json_integer_value(json_object_get(j, "temperature")), 0);
	CHECK_INT(json_array_size(json_object_get(j, "messages")), 2);
	text = message(j, 0, "system");
	CHECK(strncmp(text, "Judge \"it\"\n", 11) == 0);
	CHECK_STR(message(j, 1, "user"), "<<<SAMPLE>>>\n"
	    "call a@b.c or &lt;x&amp;y>&#91;Z]\n<<</SAMPLE>>>");
	json_decref(j);
	a.head = 4;
	a.omitted = 77;
	j = request(&a);
	CHECK_STR(message(j, 1, "user"), "<<<SAMPLE>>>\n"
	    "call\n(77 bytes left out)\n a@b.c or &lt;x&amp;y>&#91;Z]\n"
	    "<<</SAMPLE>>>");
	json_decref(j);
}

/* the worst sample and the longest prompt still make a request */
static void
test_request_limits(void)
{
	static char		 text[MAX_JUDGE_SAMPLE];
	static char		 prompt[MAX_JUDGE_PROMPT + 1];
	static const char	 bytes[] = { '[', '&', '\001', '\377', '"' };
	struct judge_ask	 a = make_ask(JUDGE_PII);
	size_t			 i;

	memset(prompt, '\001', sizeof(prompt) - 1);
	a.prompt = prompt;
	a.sample = text;
	a.sample_len = sizeof(text);
	for (i = 0; i < sizeof(bytes); i++) {
		memset(text, bytes[i], sizeof(text));
		json_decref(request(&a));
	}
}

static void
test_pii(void)
{
	struct judge_ask	 a = make_ask(JUDGE_PII);
	struct judge_verdict	 v;

	a.keep_body = 1;
	CHECK_INT(answer(&a, "{\"Password\":{\"detection_result\":true,"
	    "\"entities\":[\"&lt;x&amp;y>\",\"\",\"a@b.c\"]},\"Username\":1,"
	    "\"Email Address\":{\"detection_result\":false,"
	    "\"entities\":[\"no\"]}}", &v), JUDGE_OK);
	CHECK_INT(v.said.nmarks, 2);
	CHECK_INT(v.said.marks[0].name, 1);
	CHECK_INT(v.said.marks[0].label, 1);
	CHECK_INT(v.said.marks[0].nentities, 2);
	CHECK_INT(v.said.marks[1].name, 0);
	CHECK_INT(v.said.marks[1].label, 0);
	CHECK_INT(v.said.nentities, 2);
	/* as the text has it, not as the wrapper wrote it */
	CHECK_STR(v.said.entities[0], "<x&y>");
	CHECK_STR(v.said.entities[1], "a@b.c");
	CHECK(strncmp(v.said.body, "{\"Password\"", 11) == 0);
	judge_verdict_free(&v);
	/* personal data that is nowhere, and the rest left out */
	CHECK_INT(answer(&a, "{\"Password\":{\"detection_result\":true,"
	    "\"entities\":[]}}", &v), JUDGE_NO_VERDICT);
	judge_verdict_free(&v);
}

static void
test_fence(void)
{
	static const char *const good[] = {
		"{\"Password\":{\"label\":true}}",
		"\n ```json\n{\"Password\":{\"label\":true}}\n```\n",
		"```\n{\"Password\":{\"label\":true}}```",
	};
	static const char *const bad[] = {
		"```json\n{\"Password\":{\"label\":true}}",
		"here: ```json\n{\"Password\":{\"label\":true}}\n```",
		"```yaml\n{\"Password\":{\"label\":true}}\n```",
		"``````", "```json```", "```", "",
	};
	struct judge_ask	 a = make_ask(JUDGE_INJECTION);
	struct judge_verdict	 v;
	size_t			 i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		CHECK_INT(answer(&a, good[i], &v), JUDGE_OK);
		CHECK_INT(v.said.nmarks, 1);
		CHECK_STR(v.said.body, "");
		judge_verdict_free(&v);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_INT(answer(&a, bad[i], &v), JUDGE_NO_VERDICT);
		judge_verdict_free(&v);
	}
}

/* what is left out is not taken for false */
static void
test_left_out(void)
{
	static const char *const good[] = {
		"{\"Password\":{\"label\":true}}",
		("{\"Password\":{\"label\":false},"
		    "\"Email Address\":{\"label\":false}}"),
		("{\"Email Address\":{\"label\":false},\"More\":1,"
		    "\"Password\":{\"label\":true}}"),
	};
	static const char *const bad[] = {
		"{\"Password\":{\"label\":false}}",
		("{\"Email Address\":{\"label\":false},"
		    "\"Passwords\":{\"label\":false}}"),
		"{\"More\":{\"label\":true}}", "{}",
	};
	struct judge_ask	 a = make_ask(JUDGE_INJECTION);
	struct judge_verdict	 v;
	size_t			 i;

	CHECK_INT(a.nnames, 2);
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		CHECK_INT(answer(&a, good[i], &v), JUDGE_OK);
		judge_verdict_free(&v);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_INT(answer(&a, bad[i], &v), JUDGE_NO_VERDICT);
		judge_verdict_free(&v);
	}
}

static void
test_adjudication(void)
{
	static const char *const bad[] = {
		"{\"findings\":[]}",
		"{\"findings\":{},\"overall_threat\":true}",
		"{\"findings\":[{\"pattern\":\"Password\"}],"
		    "\"overall_threat\":true}",
		"{\"findings\":[{\"pattern\":\"Password\","
		    "\"verdict\":\"maybe\"}],\"overall_threat\":true}",
		"{\"overall_threat\":true,\"severity\":\"SEVERE\"}",
		"{\"overall_threat\":true,\"severity\":3}",
		"{\"overall_threat\":\"no\"}",
	};
	struct judge_ask	 a = make_ask(JUDGE_ADJUDICATION);
	struct judge_verdict	 v;
	size_t			 i;

	CHECK_INT(answer(&a, "{\"findings\":[{\"pattern\":\"Password\","
	    "\"verdict\":\"false_positive\",\"reasoning\":\"x\"},"
	    "{\"pattern\":\"Password\",\"verdict\":\"true_positive\"},"
	    "{\"pattern\":\"CMD-X\",\"verdict\":\"true_positive\"}],"
	    "\"overall_threat\":true,\"severity\":\"HIGH\"}", &v), JUDGE_OK);
	/* twice: the graver word counts; unknown: passed over */
	CHECK_INT(v.said.nmarks, 1);
	CHECK_INT(v.said.marks[0].name, 1);
	CHECK_INT(v.said.marks[0].label, 1);
	CHECK_INT(v.said.threat, 1);
	CHECK_INT(v.said.severity, SEV_HIGH);
	judge_verdict_free(&v);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_INT(answer(&a, bad[i], &v), JUDGE_NO_VERDICT);
		judge_verdict_free(&v);
	}
}

static void
test_entities(void)
{
	struct judge_ask	 a = make_ask(JUDGE_PII);
	struct judge_verdict	 v;
	json_t			*list;
	char			 name[MAX_JUDGE_ENTITY + 2], *text;
	size_t			 i, n, len;

	for (n = MAX_JUDGE_ENTITIES; n <= MAX_JUDGE_ENTITIES + 1; n++)
		for (len = MAX_JUDGE_ENTITY; len <= MAX_JUDGE_ENTITY + 1;
		    len++) {
			memset(name, 'n', sizeof(name));
			name[len] = '\0';
			list = json_array();
			for (i = 0; i < n; i++)
				json_array_append_new(list, json_string(i == 0 ?
				    name : "n"));
			list = json_pack("{s:{s:b,s:o}}", "Password",
			    "detection_result", 1, "entities", list);
			CHECK((text = json_text(list)) != NULL);
			CHECK_INT(answer(&a, text, &v),
			    n > MAX_JUDGE_ENTITIES || len > MAX_JUDGE_ENTITY ?
			    JUDGE_NO_VERDICT : JUDGE_OK);
			judge_verdict_free(&v);
			free(text);
			json_decref(list);
		}
}

int
main(void)
{
	RUN(test_request);
	RUN(test_request_limits);
	RUN(test_pii);
	RUN(test_fence);
	RUN(test_left_out);
	RUN(test_adjudication);
	RUN(test_entities);
	return (0);
}
