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
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/role.h"
#include "auditd.h"

/*
 * In user mode an agent has its owner's uid, and what the owner knows and the
 * agent does not is a passphrase.  The front end makes a key of it; we keep
 * the salt and a hash of the key.  A few wrong keys, each of them an event,
 * and none is looked at for a while.
 */

#define MAX_WRONG	5		/* keys, in: */
#define WRONG_MS	60000

/* of this process: whoever can end it can read the hash just as well */
static unsigned int	nwrong;
static uint64_t		wrong_ms;	/* the first; the last, of MAX_WRONG */

static void
hash_key(uint8_t hash[APPROVAL_HASH_LEN], const uint8_t key[APPROVAL_KEY_LEN])
{
	crypto_generichash(hash, APPROVAL_HASH_LEN, key, APPROVAL_KEY_LEN,
	    NULL, 0);
}

/* an event of it, for this approval (0: of the passphrase itself) */
static int
passphrase_event(const struct peer *p, const char *action, uint64_t number,
    uint64_t *seq)
{
	char		 actor[32];
	struct event	 ev;
	json_t		*d;

	role_actor(p->caller.uid, actor);
	stamp_event(&auditd.stamp, &ev, action, SEV_MEDIUM);
	ev.field[EV_TARGET] = "passphrase";
	ev.field[EV_ACTOR] = actor;
	if ((d = json_object()) != NULL && number != 0)
		json_object_set_new(d, "approval",
		    json_integer((json_int_t)number));
	return (commit_event(&ev, d, seq));
}

static int
passphrase_right(const struct passphrase *pw,
    const uint8_t key[APPROVAL_KEY_LEN])
{
	uint8_t	 hash[APPROVAL_HASH_LEN];
	int	 right;

	hash_key(hash, key);
	right = sodium_memcmp(hash, pw->hash, sizeof(hash)) == 0;
	explicit_bzero(hash, sizeof(hash));
	return (right);
}

/*
 * "": this is the key of the passphrase; or why it is not.  In an open
 * transaction: what is refused is recorded.  The number is of the approval
 * that it is for, 0 to change it.
 */
const char *
passphrase_refusal(const struct peer *p, uint64_t number, uint32_t has_key,
    const uint8_t key[APPROVAL_KEY_LEN])
{
	struct passphrase	 pw;
	const char		*why;
	char			 origin[32];
	uint64_t		 now = clock_ms();

	role_actor(p->caller.uid, origin);
	if (approve_passphrase(auditd.approve, &pw) != STORE_OK)
		return ("the passphrase cannot be checked");
	if (nwrong != 0 && now - wrong_ms >= WRONG_MS)
		nwrong = 0;
	if (!pw.set)
		why = "in user mode the agent has your uid: set a passphrase "
		    "with `defenseclawctl approvals passphrase' first, or use "
		    "system mode, which separates them";
	else if (!has_key)
		why = "it takes the passphrase, on a terminal";
	else if (nwrong >= MAX_WRONG)
		why = "too many wrong passphrases: wait a minute";
	else if (!passphrase_right(&pw, key)) {
		if (nwrong++ == 0 || nwrong == MAX_WRONG)
			wrong_ms = now;
		(void)passphrase_event(p, "approval-passphrase-wrong", number,
		    NULL);
		return ("this is not the passphrase");
	} else {
		nwrong = 0;
		return ("");
	}
	control_tally("approval-own", origin);
	return (why);
}

/*
 * What the front end needs to make the key.
 */
void
passphrase_salt(struct peer *p, struct msg *msg)
{
	char			 hex[APPROVAL_SALT_LEN * 2 + 1];
	struct passphrase	 pw;

	if (!control_ready(p, msg->hdr.id))
		return;
	if (approve_passphrase(auditd.approve, &pw) != STORE_OK) {
		peer_error(p, msg->hdr.id, CTL_FAILURE, "%s",
		    store_errtext(auditd.store));
		return;
	}
	sodium_bin2hex(hex, sizeof(hex), pw.salt, sizeof(pw.salt));
	control_json(p, msg->hdr.id, json_pack("{s:b,s:s}", "set", pw.set,
	    "salt", pw.set ? hex : ""));
	peer_done(p, msg->hdr.id, CTL_OK);
}

/* "" and CTL_OK: it may be set */
static const char *
change_refusal(const struct peer *p, const struct passphrase_set *want,
    enum ctl_code *code)
{
	struct passphrase	 pw;
	const char		*why;

	*code = CTL_NOT_FOUND;
	if (role.start.mode != MODE_USER)
		return ("system mode has no passphrase: another operator "
		    "allows");
	if (approve_passphrase(auditd.approve, &pw) != STORE_OK ||
	    commit_begin() == -1) {
		*code = CTL_FAILURE;
		return ("the audit log takes no change now: try again");
	}
	if (want->has_old && !pw.set)
		return ("there is no passphrase to change");
	why = pw.set ? passphrase_refusal(p, 0, want->has_old, want->old) : "";
	*code = why[0] == '\0' ? CTL_OK : CTL_PERMISSION;
	return (why);
}

/*
 * The first is taken from whoever comes first; any other from who has the one
 * before.
 */
void
passphrase_change(struct peer *p, struct msg *msg)
{
	struct passphrase_set	 want;
	struct passphrase	 pw;
	struct after		*a;
	const char		*why;
	enum ctl_code		 code;

	if (msg_get(msg, &want, sizeof(want)) == -1 ||
	    !control_ready(p, msg->hdr.id))
		return;
	why = change_refusal(p, &want, &code);
	pw.set = 1;
	memcpy(pw.salt, want.salt, sizeof(pw.salt));
	hash_key(pw.hash, want.key);
	explicit_bzero(&want, sizeof(want));
	if (code != CTL_OK) {
		peer_error(p, msg->hdr.id, code, "%s", why);
		return;
	}
	a = commit_after(control_recorded, p, msg->hdr.id);
	if (passphrase_event(p, "approval-passphrase-set", 0, &a->seq) == -1) {
		if (TAILQ_LAST(&auditd.after, after_list) == a) {
			TAILQ_REMOVE(&auditd.after, a, entry);
			control_recorded(a, "no event");
		}
		return;
	}
	if (approve_passphrase_put(auditd.approve, &pw) != STORE_OK)
		commit_fail();
}
