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

#include "common/json.h"
#include "cmd.h"
#include "passphrase.h"

/*
 * approvals: calls that a person decides, which auditd keeps.
 */

/* all of one, for what is decided is the request and not its name */
static void
print_approval(const json_t *e)
{
	static const struct {
		const char	*member;
		const char	*label;
	} lines[] = {
		{ "tool", "tool" }, { "request", "request" },
		{ "reason", "reason" }, { "severity", "severity" },
		{ "asked_by", "asked by" }, { "agent", "agent" },
		{ "session", "session" }, { "asked_at", "asked at" },
		{ "until", "until" },
	};
	const char	*s;
	size_t		 i;

	out_field("approval", "%lld", (long long)json_integer_value(
	    json_object_get(e, "number")));
	out_field("state", "%s", json_str(e, "state"));
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if ((s = json_str(e, lines[i].member)) != NULL && *s != '\0')
			out_field(lines[i].label, "%s", s);
}

int
cmd_approvals_list(struct ctl *c)
{
	char		 err[MAX_JSON_ERR], *text = NULL;
	struct client	 cl;
	size_t		 len, i;
	json_t		*j = NULL, *list, *e;
	int		 rc;

	if ((rc = client_open(&cl, &c->paths, "auditd")) == CTL_OK)
		rc = client_call(&cl, MSG_CTL_APPROVALS, NULL, 0, &text,
		    &len);
	if (rc != CTL_OK)
		out_fail(rc, "%s", cl.err);
	else if (out_json)
		printf("%s\n", text);
	else if ((j = json_strict(text, len, err)) == NULL)
		rc = out_fail(CTL_FAILURE, "auditd: %s", err);
	else {
		list = json_object_get(j, "approvals");
		if (json_array_size(list) == 0)
			printf("nothing waits for an approval\n");
		json_array_foreach(list, i, e) {
			if (i != 0)
				printf("\n");
			print_approval(e);
		}
	}
	json_decref(j);
	free(text);
	client_close(&cl);
	return (rc);
}

static int
decide(struct ctl *c, int allow)
{
	char		 err[MAX_JSON_ERR], *text = NULL;
	const char	*errstr;
	struct client	 cl;
	struct approve	 word;
	size_t		 len;
	json_t		*j;
	int		 rc;

	memset(&word, 0, sizeof(word));
	word.number = (uint64_t)strtonum(c->args[0], 1, INT64_MAX, &errstr);
	if (errstr != NULL)
		return (out_fail(CTL_USAGE, "an approval has a number, as "
		    "`approvals list' shows it"));
	word.allow = allow != 0;
	/* who is alone with the agent under one uid says who it is */
	if (allow && !c->paths.system && (rc = passphrase_key(&c->paths,
	    "passphrase for approvals: ", &word.has_key, word.key)) != CTL_OK)
		return (rc);
	if ((rc = client_open(&cl, &c->paths, "auditd")) == CTL_OK)
		rc = client_call(&cl, MSG_CTL_APPROVE, &word, sizeof(word),
		    &text, &len);
	explicit_bzero(word.key, sizeof(word.key));
	if (rc != CTL_OK)
		out_fail(rc, "approval %llu: %s",
		    (unsigned long long)word.number, cl.err);
	else if ((j = json_strict(text, len, err)) == NULL)
		rc = out_fail(CTL_FAILURE, "auditd: %s", err);
	else {
		if (out_json)
			out_document(json_pack("{s:I,s:s,s:O*}", "approval",
			    (json_int_t)word.number, "state", allow ?
			    "allowed" : "denied", "seq", json_object_get(j,
			    "seq")));
		else
			printf("approval %llu is %s\n", (unsigned long long)
			    word.number, allow ? "given: the same call "
			    "passes once" : "denied");
		json_decref(j);
	}
	free(text);
	client_close(&cl);
	return (rc);
}

int
cmd_approvals_allow(struct ctl *c)
{
	return (decide(c, 1));
}

int
cmd_approvals_deny(struct ctl *c)
{
	return (decide(c, 0));
}
