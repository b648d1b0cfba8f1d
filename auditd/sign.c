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

/*
 * auditd -P sign: holds the device key.
 *
 *   may      sign heads of the log that auditd shows it, and keep one file
 *            with the last one signed
 *   may not  see an event, use the network, exec, open anything outside its
 *            directory, sign a head older than the last
 *   if taken the device's signature is worth nothing from then on
 */

#include <sys/stat.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include "common/secret.h"
#include "auditd.h"
#include "signer.h"

static const struct promise signer_promise = {
	.groups = SB_STDIO | SB_EVENT | SB_RECVFD | SB_STATEFILE | SB_SECRET,
	.files = FILES_STATEDIR,
	.limits = { .nofile = 128, .fsize = 65536, .nproc = 0,
	    .memlock = 65536 },
};

static void	signer_peer(struct peer *, struct msg *);
static void	signer_control(struct peer *, struct msg *);
static void	signer_shutdown(struct peer *, struct msg *);
static void	signer_head(struct peer *, struct msg *);
static void	signer_status(struct peer *, struct msg *);

static const struct dispatch from_supervisor[] = {
	{ MSG_PEER, ST_RUNNING, sizeof(struct peer_end),
	    sizeof(struct peer_end), FD_ONE, NOBODY, signer_peer },
	{ MSG_CONTROL, ST_RUNNING, sizeof(struct caller),
	    sizeof(struct caller), FD_ONE, NOBODY, signer_control },
	{ MSG_SHUTDOWN, ST_RUNNING, 0, 0, FD_NONE, NOBODY, signer_shutdown },
	{ MSG_ROSTER, ST_RUNNING, sizeof(struct roster),
	    sizeof(struct roster), FD_NONE, NOBODY, report_roster },
	{ MSG_PING, ST_RUNNING, 0, 0, FD_NONE, NOBODY, role_ping },
	{ 0 }
};

static const struct dispatch from_auditd[] = {
	{ MSG_SIGN, ST_RUNNING, sizeof(struct head), sizeof(struct head),
	    FD_NONE, NOBODY, signer_head },
	{ 0 }
};

static const struct dispatch from_operator[] = {
	{ MSG_CTL_STATUS, ST_RUNNING, 0, 0, FD_NONE, READERS,
	    signer_status },
	{ 0 }
};

static struct signer	*signer;
static struct peer	*auditd_edge;
static uint64_t		 nsigned;
static uint64_t		 nrefused;

static void
edge_closed(struct peer *p)
{
	if (auditd_edge == p)
		auditd_edge = NULL;
}

static void
signer_peer(struct peer *sup, struct msg *msg)
{
	const struct head	*last;
	struct sign_hello	 sh;
	struct peer_end		 end;
	struct peer		*p;

	(void)sup;
	p = role_peer(msg, &end, from_auditd);
	if (end.role != ROLE_AUDITD)
		fatalx("an edge to %s is not ours", role_name(end.role));
	p->on_close = edge_closed;
	auditd_edge = p;
	memset(&sh, 0, sizeof(sh));
	memcpy(sh.pubkey, signer_public_key(signer), sizeof(sh.pubkey));
	if ((last = signer_last(signer)) != NULL) {
		sh.have = 1;
		sh.last = *last;
	}
	peer_send(p, MSG_SIGN_HELLO, 0, -1, &sh, sizeof(sh));
}

/*
 * A refusal is a security event, which auditd counts and records.
 */
static void
signer_refused(struct peer *p, uint32_t type)
{
	struct sign_refused	sr = { .uid = p->caller.uid };

	(void)type;
	if (auditd_edge == NULL || peer_send(auditd_edge, MSG_SIGN_REFUSED, 0,
	    -1, &sr, sizeof(sr)) == -1)
		log_warnx("%s was refused, which no event records", p->who);
}

static void
signer_control(struct peer *sup, struct msg *msg)
{
	(void)sup;
	(void)role_control(msg, from_operator, MAX_FRAME, signer_refused);
}

static void
signer_shutdown(struct peer *sup, struct msg *msg)
{
	(void)sup;
	(void)msg;
	role_exit();
}

static void
signer_head(struct peer *p, struct msg *msg)
{
	struct sign_answer	sa;

	memset(&sa, 0, sizeof(sa));
	if (msg_get(msg, &sa.head, sizeof(sa.head)) == -1)
		fatalx("%s: malformed", p->name);
	if (signer_sign(signer, &sa.head, clock_wall_us(), sa.text,
	    sizeof(sa.text)) == -1) {
		sa.code = errno == EPERM ? CTL_POLICY : CTL_FAILURE;
		nrefused++;
		log_warnx("not signed: %s", sa.text);
	} else
		nsigned++;
	peer_send(p, MSG_SIGNED, msg->hdr.id, -1, &sa, sizeof(sa));
}

static void
signer_status(struct peer *p, struct msg *msg)
{
	const struct head	*last = signer_last(signer);
	char			*text;
	json_t			*j;

	j = json_pack("{s:I,s:I,s:I,s:o}", "signed", (json_int_t)nsigned,
	    "refused", (json_int_t)nrefused, "last_seq",
	    (json_int_t)(last != NULL ? last->seq : 0), "suite",
	    report_suite());
	text = json_text(j);
	json_decref(j);
	if (text == NULL)
		fatal("status");
	peer_text(p, msg->hdr.id, text, strlen(text));
	free(text);
	peer_done(p, msg->hdr.id, CTL_OK);
}

int
sign_main(int argc, char *argv[])
{
	static struct confine_params	 params;
	struct secret			 key;
	char				 err[256];
	int				 fd, dir;

	role_begin(argc, argv, ROLE_SIGNER);
	umask(077);
	if ((fd = role_fd(SFD_SECRET, "device.key")) == -1)
		fatalx("no device.key was handed over");
	if (secret_read_text(fd, &key) == -1)
		fatal("device.key");
	if ((dir = role_fd(SFD_DIR, NULL)) == -1)
		fatalx("no directory was handed over");
	if (signer_open(&signer, key.data, key.len, dir, err,
	    sizeof(err)) == -1)
		role_refuse("%s", err);
	secret_free(&key);
	params.dirs[params.ndirs++] = dir;
	role_enter(&signer_promise, &params);
	role_serve(from_supervisor);
	signer_close(signer);
	_exit(0);
}
