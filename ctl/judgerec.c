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

#include <arpa/inet.h>
#include <string.h>

#include "common/judge.h"
#include "common/records.h"
#include "judgerec.h"

/*
 * Only these: a name of Hugging Face's, such as meta-llama/Llama-3.1-8B, is
 * what a server calls a model.
 */
static const char *const providers[] = { "openai/", "ollama/", "vllm/",
    "lm_studio/", "lmstudio/", "local/", "tgi/" };

const char *
judgerec_model(const char *model)
{
	size_t	 i, n;

	for (i = 0; i < sizeof(providers) / sizeof(providers[0]); i++) {
		n = strlen(providers[i]);
		if (strncmp(model, providers[i], n) == 0 && model[n] != '\0')
			return (model + n);
	}
	return (model);
}

void
judgerec_judge(const struct conf_judge *j, struct wbuf *w)
{
	struct rec_judge	 r;

	memset(&r, 0, sizeof(r));
	strlcpy(r.key_name, j->key_secret, sizeof(r.key_name));
	r.transport = j->tls ? SINK_TLS : SINK_TCP;
	r.port = (uint32_t)j->port;
	r.max_concurrent = (uint32_t)j->max_concurrent;
	r.queue = (uint32_t)j->queue;
	r.cache_ttl_s = (uint32_t)j->cache_ttl;
	strlcpy(r.host, j->host, sizeof(r.host));
	strlcpy(r.url, j->url, sizeof(r.url));
	strlcpy(r.model, judgerec_model(j->model), sizeof(r.model));
	records_add(w, REC_JUDGE, &r, sizeof(r));
}

void
judgerec_use(const struct conf *c, struct wbuf *w)
{
	const struct conf_judge	*j = &c->judge;
	struct rec_judge_use	 r;
	uint32_t		 d;

	memset(&r, 0, sizeof(r));
	for (d = JUDGE_PROMPT; d < JUDGE_DIRECTION_COUNT; d++)
		r.strategy[d] = (uint32_t)schema_strategy(c, d) -
		    CONF_REGEX_ONLY + STRATEGY_REGEX_ONLY;
	r.wanted = (uint32_t)schema_judge_wanted(c);
	r.sweep = (uint32_t)c->guardrail.judge_sweep;
	r.keep_bodies = (uint32_t)c->guardrail.retain_judge_bodies;
	r.body_days = (uint32_t)j->body_days;
	r.timeout_ms = (uint32_t)j->timeout_ms;
	r.adjudication_ms = (uint32_t)j->adjudication_ms;
	r.on_error = (uint32_t)j->on_error;
	r.injection = (uint32_t)j->injection;
	r.pii_prompt = (uint32_t)(j->pii && j->pii_prompt);
	r.pii_completion = (uint32_t)(j->pii && j->pii_completion);
	r.tool_injection = (uint32_t)j->tool_injection;
	r.exfil = (uint32_t)j->exfil;
	strlcpy(r.model, j->model, sizeof(r.model));
	strlcpy(r.url, j->url, sizeof(r.url));
	records_add(w, REC_JUDGE_USE, &r, sizeof(r));
}

void
judgerec_plan(const struct conf *c, struct plan_sink *p)
{
	const struct conf_judge	*j = &c->judge;
	char			 addr[16];

	memset(p, 0, sizeof(*p));
	if (!schema_judge_wanted(c))
		return;
	strlcpy(p->name, "judge", sizeof(p->name));
	strlcpy(p->secret, j->key_secret, sizeof(p->secret));
	strlcpy(p->ca_file, j->ca_file, sizeof(p->ca_file));
	p->wants_ca = (uint32_t)j->tls;
	p->wants_dns = inet_pton(AF_INET, j->host, addr) != 1 &&
	    inet_pton(AF_INET6, j->host, addr) != 1;
}
