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

#include <stdint.h>
#include <sys/stat.h>

#include "auditd/auditd.h"
#include "tests/fuzz/client.h"

/*
 * Control messages of auditd, against a real store.
 */

int	LLVMFuzzerInitialize(int *, char ***);
int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static char		 dir[] = "/tmp/fuzz_control.XXXXXX";
	struct store_conf	 sc;
	struct event		 ev;
	enum store_epoch	 why;
	char			 err[MAX_STORE_ERR];
	static char		 path[64];

	(void)argc;
	(void)argv;
	fuzz_role("auditd");
	if (mkdtemp(dir) == NULL)
		abort();
	snprintf(path, sizeof(path), "%s/audit.db", dir);
	memset(&sc, 0, sizeof(sc));
	sc.path = path;
	sc.alg = CHAIN_BLAKE2B;
	memset(auditd.pubkey, 7, sizeof(auditd.pubkey));
	memcpy(sc.public_key, auditd.pubkey, sizeof(sc.public_key));
	auditd.rec.hash_alg = CHAIN_BLAKE2B;
	auditd.rec.checkpoint_events = 1000;
	auditd.rec.checkpoint_seconds = 60;
	stamp_init(&auditd.stamp, &auditd.suite);
	if (redact_init(&auditd.redactor, "key", 3) == -1)
		abort();
	if (store_open(&auditd.store, &sc, err, sizeof(err)) != STORE_OK)
		abort();
	commit_init();
	seal_init();
	stamp_event(&auditd.stamp, &ev, "audit-epoch", SEV_INFO);
	if (store_reconcile(auditd.store, NULL, &ev, &why) != STORE_OK ||
	    policy_open(&auditd.policy, auditd.store) != STORE_OK ||
	    approve_open(&auditd.approve, auditd.store) != STORE_OK ||
	    kept_open(&auditd.kept, auditd.store) != STORE_OK ||
	    query_open(&auditd.query, auditd.store) != STORE_OK)
		abort();
	auditd.reconciled = 1;
	return (0);
}

/* of auditd.c: nothing has died, for there is no supervisor */
void
deaths_record(void)
{
}

static struct peer *
open_client(struct msg *msg)
{
	struct peer	*p = role_control(msg, control_from_client, MAX_FRAME,
	    NULL);

	if (p != NULL)
		control_open(p);
	return (p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	fuzz_client(open_client, data, len);
	return (0);
}
