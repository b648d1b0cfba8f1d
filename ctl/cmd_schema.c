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
#include <string.h>

#include "common/json.h"
#include "cmd.h"
#include "schema.h"

/*
 * config schema: the table of keys as a JSON Schema (draft 7), for editors
 * and for whoever checks a configuration before it comes to this host.
 */

#define DRAFT	"http://json-schema.org/draft-07/schema#"
#define FOREIGN	"of the reference implementation; kept, without effect"

static void
string_form(const struct key *k, json_t *j)
{
	int	may_be_empty = (k->flags & KEYF_EMPTY) != 0;

	/* text is text without quotes, too: "id: 12" */
	json_object_set_new(j, "type", k->type == KEY_STRING ?
	    json_pack("[s,s,s]", "string", "number", "boolean") :
	    json_string("string"));
	json_object_set_new(j, "maxLength",
	    json_integer((json_int_t)k->size - 1));
	if (!may_be_empty)
		json_object_set_new(j, "minLength", json_integer(1));
	if (k->type == KEY_PATH)
		json_object_set_new(j, "pattern", json_string(may_be_empty ?
		    "^$|^(?!.*/\\.\\.(/|$))/" : "^(?!.*/\\.\\.(/|$))/"));
	else if (k->type == KEY_NAME)
		json_object_set_new(j, "pattern", json_string(may_be_empty ?
		    "^$|^[A-Za-z0-9][A-Za-z0-9._-]*$" :
		    "^[A-Za-z0-9][A-Za-z0-9._-]*$"));
	else if (k->type == KEY_LOOPBACK)
		json_object_set_new(j, "pattern", json_string(
		    "^$|^127(\\.[0-9]{1,3}){3}$|^[0:]*:0*1$"));
}

static json_t *
default_of(const struct key *k)
{
	if (k->type == KEY_BOOL)
		return (json_boolean(strcmp(k->def, "true") == 0));
	if (k->type == KEY_INT)
		return (json_integer(strtonum(k->def, k->min, k->max, NULL)));
	return (json_string(k->def));
}

static json_t *
key_form(const struct key *k)
{
	json_t	*j, *list;
	int	 i;

	j = json_pack("{s:s,s:o,s:s}", "description", k->help, "default",
	    default_of(k), "x-takes-effect", k->flags & KEYF_RELOAD ?
	    "reload" : "restart");
	switch (k->type) {
	case KEY_BOOL:
		json_object_set_new(j, "type", json_string("boolean"));
		break;
	case KEY_INT:
		json_object_set_new(j, "type", json_string(k->flags &
		    KEYF_FRACTION ? "number" : "integer"));
		json_object_set_new(j, "minimum", json_integer(k->min));
		json_object_set_new(j, "maximum", json_integer(k->max));
		break;
	case KEY_ENUM:
		list = json_array();
		for (i = 0; k->choices[i] != NULL; i++)
			if (k->choices[i][0] != '\0' ||
			    (k->flags & KEYF_EMPTY))
				json_array_append_new(list,
				    json_string(k->choices[i]));
		json_object_set_new(j, "enum", list);
		break;
	case KEY_STRING:
	case KEY_PATH:
	case KEY_NAME:
	case KEY_LOOPBACK:
		string_form(k, j);
		break;
	}
	return (j);
}

static json_t *
section(void)
{
	/* a section with nothing in it is none */
	return (json_pack("{s:[s,s],s:b,s:{}}", "type", "object", "null",
	    "additionalProperties", 0, "properties"));
}

/* takes the form; what is there already stays */
static void
put(json_t *root, const char *path, json_t *form)
{
	json_t	*props, *sub;
	char	 part[MAX_CONF_KEY];
	size_t	 n;

	for (;;) {
		props = json_object_get(root, "properties");
		n = strcspn(path, ".");
		snprintf(part, sizeof(part), "%.*s", (int)n, path);
		sub = json_object_get(props, part);
		if (path[n] == '\0')
			break;
		if (sub == NULL) {
			sub = section();
			json_object_set_new(props, part, sub);
		}
		root = sub;
		path += n + 1;
	}
	/* what is foreign as a whole may have keys of ours in it */
	if (sub == NULL)
		json_object_set_new(props, part, form);
	else
		json_decref(form);
}

static json_t *
pairs_form(void)
{
	return (json_pack("{s:s,s:i,s:{s:s}}", "type", "object",
	    "maxProperties", MAX_CONF_PAIRS, "additionalProperties", "type",
	    "string"));
}

/* only the section of a sink's own kind */
static json_t *
kind_rule(int kind)
{
	json_t	*none = json_object();
	int	 i;

	for (i = 0; schema_sink_kinds[i] != NULL; i++)
		if (i != kind)
			json_object_set_new(none, schema_sink_kinds[i],
			    json_false());
	return (json_pack("{s:{s:{s:{s:s}}},s:{s:o}}", "if", "properties",
	    "kind", "const", schema_sink_kinds[kind], "then", "properties",
	    none));
}

static json_t *
sinks_form(void)
{
	json_t	*item = section(), *rules = json_array();
	int	 i;

	json_object_set_new(item, "type", json_string("object"));
	for (i = 0; i < schema_nsink_keys; i++)
		put(item, schema_sink_keys[i].path,
		    key_form(&schema_sink_keys[i]));
	put(item, "actions", json_pack("{s:s,s:i,s:{s:s,s:i}}", "type",
	    "array", "maxItems", MAX_SINK_ACTIONS, "items", "type", "string",
	    "minLength", 1));
	put(item, "otlp_logs.headers", pairs_form());
	put(item, "http_jsonl.headers", pairs_form());
	put(item, "splunk_hec.sourcetype_overrides", pairs_form());
	for (i = 0; schema_sink_kinds[i] != NULL; i++) {
		/* also of a kind that has no keys of its own */
		put(item, schema_sink_kinds[i], section());
		json_array_append_new(rules, kind_rule(i));
	}
	json_object_set_new(item, "required", json_pack("[s,s]", "name",
	    "kind"));
	json_object_set_new(item, "allOf", rules);
	return (json_pack("{s:s,s:[s,s],s:i,s:o}", "description", "receivers "
	    "of the audit log, see defenseclaw-sinks(5)", "type", "array",
	    "null", "maxItems", MAX_CONF_SINKS, "items", item));
}

int
cmd_config_schema(struct ctl *c)
{
	json_t	*root = section();
	int	 i;

	(void)c;
	json_object_set_new(root, "$schema", json_string(DRAFT));
	json_object_set_new(root, "title",
	    json_string("DefenseClaw configuration"));
	for (i = 0; i < schema_nkeys; i++)
		put(root, schema_keys[i].path, key_form(&schema_keys[i]));
	put(root, "audit_sinks", sinks_form());
	for (i = 0; schema_foreign[i] != NULL; i++)
		put(root, schema_foreign[i], json_pack("{s:s}",
		    "description", FOREIGN));
	out_document(root);
	return (CTL_OK);
}
