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

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/event.h"
#include "common/head.h"
#include "common/json.h"
#include "anchor.h"
#include "cmd.h"
#include "verify.h"

/*
 * audit head, verify: what can be checked elsewhere, by somebody who
 * trusts nothing here but the device's public key.
 */

/* a small text file, without its last newline; or the exit status, said */
static int
read_small(const char *path, char *buf, size_t size, size_t *len)
{
	ssize_t	n = -1;
	int	fd;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY |
	    O_NONBLOCK)) != -1) {
		n = read(fd, buf, size);
		close(fd);
	}
	if (n == -1)
		return (out_fail(errno == ENOENT ? CTL_NOT_FOUND : errno ==
		    EACCES ? CTL_PERMISSION : CTL_FAILURE, "%s: %s", path,
		    strerror(errno)));
	*len = (size_t)n;
	if (*len != 0 && buf[*len - 1] == '\n')
		--*len;
	return (CTL_OK);
}

int
cmd_audit_head(struct ctl *c)
{
	struct outfile	 o;
	struct client	 cl;
	char		*text = NULL;
	size_t		 len;
	int		 rc;

	if ((rc = client_open(&cl, &c->paths, "auditd")) == CTL_OK)
		rc = client_call(&cl, MSG_CTL_AUDIT_HEAD, NULL, 0, &text,
		    &len);
	client_close(&cl);
	if (rc != CTL_OK)
		return (out_fail(rc, "%s", cl.err));
	if (outfile_open(&o, cmd_value(c, O_OUT)) == -1)
		rc = CTL_FAILURE;
	else {
		fprintf(o.f, "%s\n", text);
		if (outfile_close(&o, 1) == -1)
			rc = CTL_FAILURE;
	}
	free(text);
	return (rc);
}

/* --- verify --------------------------------------------------------------- */

static int
verify_text(const char *text, size_t len, void *arg)
{
	/* once something is bad the rest is not looked at */
	return (verify_line(arg, text, len) == -1 ? CTL_FAILURE : CTL_OK);
}

static int
verify_running(const struct ctl *c, const struct verify_conf *conf,
    struct verify_result *res)
{
	struct verify	*v;
	struct client	 cl;
	uint64_t	 range[2] = { conf->from, 0 };
	char		 err[MAX_VERIFY_REASON];
	int		 rc;

	if ((v = verify_new(conf, err, sizeof(err))) == NULL)
		return (out_fail(CTL_FAILURE, "%s", err));
	rc = client_open(&cl, &c->paths, "auditd");
	if (rc == CTL_NOT_RUNNING && !cl.lost)
		out_fail(rc, "the suite is not running: verify the file, "
		    "with --db %s", c->paths.audit_db);
	else if (rc != CTL_OK)
		out_fail(rc, "%s", cl.err);
	else if ((rc = client_send(&cl, MSG_CTL_AUDIT_EXPORT, range,
	    sizeof(range), NULL, 0)) == CTL_OK)
		rc = client_answer(&cl, verify_text, v);
	verify_end(v, res);
	/* a bad row is a result, an answer that broke off is none */
	if (rc != CTL_OK && cl.fd != -1 && (res->ok || cl.lost))
		out_fail(rc, "%s", cl.err);
	else if (cl.fd != -1)
		rc = CTL_OK;
	verify_free(v);
	client_close(&cl);
	return (rc);
}

static int
verify_offline(const struct ctl *c, const struct verify_conf *conf,
    struct verify_result *res)
{
	const char	*file = cmd_value(c, O_FILE), *db;
	char		 err[MAX_VERIFY_REASON];
	int		 fd = STDIN_FILENO, rc;

	if ((db = cmd_value(c, O_DB)) != NULL)
		rc = verify_db(db, conf, res, err, sizeof(err));
	else {
		if (strcmp(file, "-") != 0 && (fd = open(file, O_RDONLY |
		    O_CLOEXEC | O_NOCTTY)) == -1)
			return (out_fail(errno == ENOENT ? CTL_NOT_FOUND :
			    CTL_FAILURE, "%s: %s", file, strerror(errno)));
		rc = verify_fd(fd, conf, res, err, sizeof(err));
		if (fd != STDIN_FILENO)
			close(fd);
	}
	if (rc == -1)
		return (out_fail(CTL_FAILURE, "%s: %s", db != NULL ? db :
		    file, err));
	return (CTL_OK);
}

static void
print_result(const struct verify_result *r, const struct verify_conf *conf)
{
	char	at[EVENT_TIME_SIZE];

	if (r->ok)
		out_field("result", "ok");
	else {
		out_field("result", "failed");
		if (r->bad_seq != 0)
			out_field("first bad row", "%llu",
			    (unsigned long long)r->bad_seq);
		out_field("reason", "%s", r->reason);
	}
	out_field("good rows", "%llu, up to row %llu, %u epochs",
	    (unsigned long long)r->rows, (unsigned long long)r->last_seq,
	    r->epochs);
	event_time(r->signed_time_us, at);
	if (r->signed_seq == 0)
		out_field("signed", "no head among them yet");
	else
		out_field("signed", "whole up to row %llu, signed %.19sZ",
		    (unsigned long long)r->signed_seq, at);
	if (r->ok && r->last_seq > r->signed_seq)
		out_field("", "the rows after it chain, but whoever can "
		    "write the file could have written them");
	if (conf->anchor != NULL)
		out_field("anchor", r->anchored ? "row %llu is in the log as "
		    "it was signed" : "row %llu was not found",
		    (unsigned long long)conf->anchor->seq);
	else if (r->ok)
		out_field("anchor", "none given: a cut tail or an older copy "
		    "would not show");
}

static void
result_json(const struct verify_result *r)
{
	char	at[EVENT_TIME_SIZE];

	event_time(r->signed_time_us, at);
	out_document(json_pack("{s:b,s:I,s:s,s:I,s:I,s:I,s:s?,s:I,s:b}",
	    "ok", r->ok, "bad_seq", (json_int_t)r->bad_seq, "reason",
	    r->reason, "rows", (json_int_t)r->rows, "last_seq",
	    (json_int_t)r->last_seq, "signed_seq", (json_int_t)
	    r->signed_seq, "signed_time", r->signed_seq != 0 ? at : NULL,
	    "epochs", (json_int_t)r->epochs, "anchored", r->anchored));
}

int
verify_public_key(const char *path, struct verify_conf *conf)
{
	char	 text[MAX_HEAD_JSON + 2], err[160];
	size_t	 len;
	int	 rc;

	if ((rc = read_small(path, text, sizeof(text), &len)) != CTL_OK)
		return (rc);
	if (device_pub_parse(text, len, conf->public_key, err,
	    sizeof(err)) == -1)
		return (out_fail(CTL_FAILURE, "%s: %s", path, err));
	return (CTL_OK);
}

/* key and anchor of the command line; CTL_OK or the exit status */
static int
verify_setup(const struct ctl *c, struct verify_conf *conf,
    struct head *anchor)
{
	const char	*path = cmd_value(c, O_PUBKEY);
	char		 text[MAX_HEAD_JSON + 2], err[160];
	size_t		 len;
	int		 rc;

	memset(conf, 0, sizeof(*conf));
	if (cmd_has(c, O_DB) && cmd_has(c, O_FILE))
		return (out_fail(CTL_USAGE, "--db or --file, not both"));
	if (cmd_number(c, O_FROM, 1, INT64_MAX, &conf->from) == -1)
		return (CTL_USAGE);
	if (path == NULL)
		path = c->paths.device_pub;
	if ((rc = verify_public_key(path, conf)) != CTL_OK)
		return (rc);
	if ((path = cmd_value(c, O_ANCHOR)) == NULL)
		return (CTL_OK);
	if ((rc = read_small(path, text, sizeof(text), &len)) != CTL_OK)
		return (rc);
	/* else it is what a receiver of the log has */
	if (head_parse(anchor, text, len, err, sizeof(err)) == -1 &&
	    anchor_file(path, conf->public_key, anchor, err, sizeof(err)) ==
	    -1)
		return (out_fail(CTL_FAILURE, "%s: %s", path, err));
	conf->anchor = anchor;
	return (CTL_OK);
}

int
cmd_audit_verify(struct ctl *c)
{
	struct verify_result	res;
	struct verify_conf	conf;
	struct head		anchor;
	int			rc;

	if ((rc = verify_setup(c, &conf, &anchor)) != CTL_OK)
		return (rc);
	if (cmd_has(c, O_DB) || cmd_has(c, O_FILE))
		rc = verify_offline(c, &conf, &res);
	else
		rc = verify_running(c, &conf, &res);
	if (rc != CTL_OK)
		return (rc);
	if (out_json)
		result_json(&res);
	else
		print_result(&res, &conf);
	return (res.ok ? CTL_OK : CTL_FAILURE);
}
