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

#include <readpassphrase.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/json.h"
#include "cmd.h"
#include "passphrase.h"

/*
 * The passphrase of user mode: typed on a terminal, never taken from anything
 * else, and made into a key here, for that takes memory and time that auditd
 * has not to give.
 */

#define MIN_PASSPHRASE	8
#define MAX_PASSPHRASE	255
/* with its NUL, and one more to see that it is longer */
#define PHRASE_ROOM	(MAX_PASSPHRASE + 2)

_Static_assert(APPROVAL_SALT_LEN == crypto_pwhash_SALTBYTES, "salt");

/* guarded, to be freed also where the code, that is reported, is another */
static int
ask(const char *prompt, char **phrase)
{
	size_t	 len;

	if (sodium_init() == -1 ||
	    (*phrase = sodium_malloc(PHRASE_ROOM)) == NULL)
		return (out_fail(CTL_FAILURE, "passphrase: no memory that can "
		    "be guarded"));
	if (!isatty(STDIN_FILENO) || readpassphrase(prompt, *phrase,
	    PHRASE_ROOM, RPP_ECHO_OFF | RPP_REQUIRE_TTY) == NULL)
		return (out_fail(CTL_PERMISSION, "the passphrase is asked for "
		    "on a terminal, and there is none"));
	if ((len = strlen(*phrase)) < MIN_PASSPHRASE || len > MAX_PASSPHRASE)
		return (out_fail(CTL_USAGE, "a passphrase has %d to %d bytes",
		    MIN_PASSPHRASE, MAX_PASSPHRASE));
	return (CTL_OK);
}

static int
derive(const char *phrase, const uint8_t salt[APPROVAL_SALT_LEN],
    uint8_t key[APPROVAL_KEY_LEN])
{
	if (crypto_pwhash(key, APPROVAL_KEY_LEN, phrase, strlen(phrase), salt,
	    crypto_pwhash_OPSLIMIT_INTERACTIVE,
	    crypto_pwhash_MEMLIMIT_INTERACTIVE,
	    crypto_pwhash_ALG_ARGON2ID13) == -1)
		return (out_fail(CTL_FAILURE, "passphrase: no memory to make "
		    "a key of it"));
	return (CTL_OK);
}

/* a request of its own: no connection waits for who types */
static int
request(const struct paths *paths, uint32_t type, const void *data,
    size_t datalen, json_t **j)
{
	char		 err[MAX_JSON_ERR], *text = NULL;
	struct client	 cl;
	size_t		 len;
	int		 rc;

	*j = NULL;
	if ((rc = client_open(&cl, paths, "auditd")) == CTL_OK)
		rc = client_call(&cl, type, data, datalen, &text, &len);
	if (rc != CTL_OK)
		out_fail(rc, "passphrase: %s", cl.err);
	else if ((*j = json_strict(text, len, err)) == NULL)
		rc = out_fail(CTL_FAILURE, "auditd: %s", err);
	free(text);
	client_close(&cl);
	return (rc);
}

int
passphrase_key(const struct paths *paths, const char *prompt, uint32_t *has,
    uint8_t key[APPROVAL_KEY_LEN])
{
	uint8_t		 salt[APPROVAL_SALT_LEN];
	const char	*hex;
	char		*phrase = NULL;
	size_t		 len = 0;
	json_t		*j;
	int		 rc;

	*has = 0;
	if ((rc = request(paths, MSG_CTL_PASSPHRASE, NULL, 0, &j)) != CTL_OK)
		return (rc);
	if (json_is_true(json_object_get(j, "set"))) {
		*has = 1;
		if ((hex = json_str(j, "salt")) == NULL || sodium_hex2bin(salt,
		    sizeof(salt), hex, strlen(hex), NULL, &len, NULL) == -1 ||
		    len != sizeof(salt))
			rc = out_fail(CTL_FAILURE, "auditd: no salt");
	}
	json_decref(j);
	if (!*has || rc != CTL_OK)
		return (rc);
	if ((rc = ask(prompt, &phrase)) == CTL_OK)
		rc = derive(phrase, salt, key);
	sodium_free(phrase);
	return (rc);
}

/* the new one, twice; the key is of a salt of its own */
static int
choose(struct passphrase_set *want)
{
	char	*once = NULL, *again = NULL;
	int	 rc;

	if ((rc = ask("new passphrase for approvals: ", &once)) == CTL_OK)
		rc = ask("the same again: ", &again);
	if (rc == CTL_OK && strcmp(once, again) != 0)
		rc = out_fail(CTL_USAGE, "these are two passphrases: nothing "
		    "is changed");
	else if (rc == CTL_OK) {
		randombytes_buf(want->salt, sizeof(want->salt));
		rc = derive(once, want->salt, want->key);
	}
	sodium_free(once);
	sodium_free(again);
	return (rc);
}

int
cmd_approvals_passphrase(struct ctl *c)
{
	struct passphrase_set	 want;
	json_t			*j = NULL;
	int			 rc;

	if (c->paths.system)
		return (out_fail(CTL_NOT_FOUND, "system mode has no "
		    "passphrase: another operator allows"));
	memset(&want, 0, sizeof(want));
	rc = passphrase_key(&c->paths, "passphrase until now: ",
	    &want.has_old, want.old);
	if (rc == CTL_OK)
		rc = choose(&want);
	if (rc == CTL_OK)
		rc = request(&c->paths, MSG_CTL_PASSPHRASE_SET, &want,
		    sizeof(want), &j);
	if (rc == CTL_OK && out_json)
		out_document(json_pack("{s:s,s:O*}", "passphrase",
		    want.has_old ? "changed" : "set", "seq",
		    json_object_get(j, "seq")));
	else if (rc == CTL_OK)
		printf("the passphrase is %s: `approvals allow' asks for it\n",
		    want.has_old ? "changed" : "set");
	sodium_memzero(&want, sizeof(want));
	json_decref(j);
	return (rc);
}
