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

#include <sys/types.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/sealed.h"
#include "tests/power/pair.h"

static void	child_ready(struct peer *, struct msg *);
static void	child_log(struct peer *, struct msg *);
static void	child_request(struct peer *, struct msg *);

static const struct dispatch from_child[] = {
	{ MSG_READY, ST_ANY, sizeof(struct sandbox_state),
	    sizeof(struct sandbox_state), FD_NONE, NOBODY, child_ready },
	{ MSG_LOG, ST_ANY, sizeof(struct log_line),
	    sizeof(struct log_line), FD_NONE, NOBODY, child_log },
	{ MSG_REQUEST, ST_ANY, sizeof(struct request),
	    sizeof(struct request), FD_NONE, NOBODY, child_request },
	{ 0 }
};

static void
child_closed(struct peer *p)
{
	struct pair_child	*c = p->ctx;

	c->peer = NULL;
	c->pair->on_gone(c->pair, p->name);
}

static void
child_log(struct peer *p, struct msg *msg)
{
	struct log_line	 line;

	if (msg_get(msg, &line, sizeof(line)) == 0 &&
	    line.level >= LOG_LVL_WARN)
		warnx("%s: %.*s", p->name, (int)sizeof(line.text), line.text);
}

/* whatever it wants of a supervisor */
static void
child_request(struct peer *p, struct msg *msg)
{
	(void)p;
	(void)msg;
}

static void
hand(struct pair_child *c, enum start_fd_kind kind, const char *name, int fd)
{
	struct start_fd	 what;

	memset(&what, 0, sizeof(what));
	what.kind = kind;
	if (name != NULL)
		strlcpy(what.name, name, sizeof(what.name));
	if (peer_send(c->peer, MSG_START_FD, 0, fd, &what,
	    sizeof(what)) == -1)
		err(1, "send");
}

static void
hand_file(struct pair_child *c, enum start_fd_kind kind, const char *name,
    const char *path, int flags)
{
	int	 fd;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC | flags)) == -1)
		err(1, "%s", path);
	hand(c, kind, name, fd);
}

/* what confc would have written for these two */
static void
hand_records(struct pair_child *c)
{
	const struct pair_conf	*conf = c->pair->conf;
	struct rec_suite	 suite;
	struct wbuf		 w;
	int			 fd;

	memset(&suite, 0, sizeof(suite));
	memset(suite.conf_hash, 'a', sizeof(suite.conf_hash) - 1);
	wbuf_init(&w, MAX_RECORDS);
	wbuf_u32(&w, RECORDS_MAGIC);
	if (c->id == ROLE_AUDITD) {
		records_add(&w, REC_SUITE, &suite, sizeof(suite));
		records_add(&w, REC_AUDIT, &conf->audit,
		    sizeof(conf->audit));
	}
	if (w.failed || (fd = sealed_create("records", w.data, w.len)) == -1)
		err(1, "records");
	wbuf_free(&w);
	hand(c, SFD_RECORDS, NULL, fd);
}

static void
child_exec(const struct pair_child *c, int fd)
{
	const struct pair_conf	*conf = c->pair->conf;
	char	 path[4096], name[16], flag[] = "-P", word[] = "sign";
	char	 tz[] = "TZ=UTC0", more[128];
	char	*env[] = { tz, NULL, NULL };
	char	*argv[4] = { name, NULL, NULL, NULL };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	strlcpy(name, "dc-pair", sizeof(name));
	if (c->id == ROLE_SIGNER) {
		argv[1] = flag;
		argv[2] = word;
	}
	if (conf->env != NULL) {
		strlcpy(more, conf->env, sizeof(more));
		env[1] = more;
	}
	/* neither may lie where the other is to go */
	if ((fd = fcntl(fd, F_DUPFD, 16)) == -1 ||
	    (conf->fd != -1 && dup2(conf->fd, 4) == -1) ||
	    dup2(fd, 3) == -1)
		_exit(126);
	closefrom(conf->fd != -1 ? 5 : 4);
	snprintf(path, sizeof(path), "%s/defenseclaw-auditd", conf->bindir);
	execve(path, argv, env);
	_exit(127);
}

static void
child_hand_all(struct pair_child *c)
{
	const struct pair_conf	*conf = c->pair->conf;

	hand_records(c);
	if (c->id == ROLE_SIGNER) {
		hand_file(c, SFD_DIR, NULL, conf->sign_dir, O_DIRECTORY);
		hand_file(c, SFD_SECRET, "device.key", conf->device_key, 0);
	} else {
		hand_file(c, SFD_DIR, NULL, conf->audit_dir, O_DIRECTORY);
		hand_file(c, SFD_SECRET, "redaction.key",
		    conf->redaction_key, 0);
		hand_file(c, SFD_PUBKEY, NULL, conf->device_pub, 0);
	}
	peer_send(c->peer, MSG_START_END, 0, -1, NULL, 0);
}

static void
child_start(struct pair *p, struct pair_child *c, enum role_id id)
{
	struct start	 st;
	int		 sv[2];

	memset(c, 0, sizeof(*c));
	c->id = id;
	c->pair = p;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) == -1)
		err(1, "socketpair");
	if ((c->pid = fork()) == -1)
		err(1, "fork");
	if (c->pid == 0)
		child_exec(c, sv[1]);
	close(sv[1]);
	if ((c->peer = peer_new(p->base, sv[0], role_name(c->id), PEER_CHILD,
	    from_child, &p->state, MAX_FRAME, 1)) == NULL)
		err(1, "channel");
	c->peer->ctx = c;
	c->peer->on_close = child_closed;
	memset(&st, 0, sizeof(st));
	st.build = PROTO_BUILD;
	st.mode = MODE_USER;
	st.role = c->id;
	st.incarnation = c->id;
	strlcpy(st.instance, role_name(c->id), sizeof(st.instance));
	st.uid = st.owner = getuid();
	st.gid = getgid();
	st.groups.client = st.groups.audit = st.groups.admin = GID_NONE;
	st.root_is_own = 1;
	st.parent = (uint32_t)getpid();
	peer_send(c->peer, MSG_START, 0, -1, &st, sizeof(st));
	child_hand_all(c);
}

/* one end to the child; the other is our own, or the other child's */
static int
edge(struct pair_child *c, enum role_id other, unsigned int n, int fd)
{
	struct peer_end	 end;
	int		 sv[2] = { -1, -1 };

	if (fd == -1) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
		    sv) == -1)
			err(1, "socketpair");
		fd = sv[0];
	}
	memset(&end, 0, sizeof(end));
	end.role = other;
	end.incarnation = 100 + n;
	snprintf(end.instance, sizeof(end.instance), "%s.%u",
	    role_name(other), n);
	if (peer_send(c->peer, MSG_PEER, 0, fd, &end, sizeof(end)) == -1)
		err(1, "send");
	return (sv[1]);
}

/* the supervisor's word that those whose edges came before it are all */
static void
roster(struct pair_child *c)
{
	static struct roster	 r;

	r.count = 1;
	r.mode = MODE_USER;
	r.entry[0].role = ROLE_SUPERVISOR;
	strlcpy(r.entry[0].instance, "supervisor",
	    sizeof(r.entry[0].instance));
	if (peer_send(c->peer, MSG_ROSTER, 0, -1, &r, sizeof(r)) == -1)
		err(1, "send");
}

static void
child_ready(struct peer *peer, struct msg *msg)
{
	struct pair_child	*c = peer->ctx;
	struct pair		*p = c->pair;

	(void)msg;
	c->ready = 1;
	if (!p->auditd.ready || !p->signer.ready)
		return;
	(void)edge(&p->signer, ROLE_AUDITD, 0, edge(&p->auditd, ROLE_SIGNER,
	    0, -1));
	p->on_ready(p);
	roster(&p->auditd);
}

int
pair_edge(struct pair *p)
{
	return (edge(&p->auditd, ROLE_GATEWAYD, p->nedges++, -1));
}

void
pair_start(struct pair *p, const struct pair_conf *conf)
{
	p->conf = conf;
	p->state = ST_RUNNING;
	p->nedges = 0;
	child_start(p, &p->auditd, ROLE_AUDITD);
	child_start(p, &p->signer, ROLE_SIGNER);
}

void
pair_kill(struct pair *p)
{
	struct pair_child	*c[] = { &p->auditd, &p->signer };
	size_t			 i;

	for (i = 0; i < 2; i++) {
		kill(c[i]->pid, SIGKILL);
		(void)waitpid(c[i]->pid, NULL, 0);
		if (c[i]->peer != NULL) {
			c[i]->peer->on_close = NULL;
			peer_free(c[i]->peer);
			c[i]->peer = NULL;
		}
	}
}
