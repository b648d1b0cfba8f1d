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

#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/frame.h"
#include "common/json.h"
#include "common/log.h"
#include "common/proto.h"
#include "common/sealed.h"
#include "rulejail.h"
#include "users.h"

#define JAIL_FD		3		/* where a role finds its supervisor */
#define JAIL_FILE	"defenseclaw-rulec"
#define JAIL_NAME	"dc-rulec"
#define JAIL_USER	"_dcconf"	/* of rulec, in system mode */
#define JAIL_VECTORS	"vectors"	/* name of rulec's descriptor */
#define JAIL_NO_EXEC	127

struct jail {
	const struct paths	*paths;
	const char		*pack;
	int			 allow_no_landlock;
	char			 root[64];	/* empty; "": user mode */
	uid_t			 uid;
	gid_t			 gid;
	int			 recs;		/* what the first life made */
	int			 vectors;
	int			 report;
	char			*err;
	size_t			 errlen;
};

static int
jail_send(int sock, uint32_t type, int fd, const void *data, size_t len)
{
	union {
		struct cmsghdr	 hdr;
		char		 buf[CMSG_SPACE(sizeof(int))];
	} cmsg;
	struct frame_hdr	 hdr;
	struct iovec		 iov[2];
	struct msghdr		 mh;

	memset(&hdr, 0, sizeof(hdr));
	hdr.type = type;
	hdr.len = (uint32_t)(sizeof(hdr) + len);
	memset(&mh, 0, sizeof(mh));
	iov[0].iov_base = &hdr;
	iov[0].iov_len = sizeof(hdr);
	iov[1].iov_base = (void *)(uintptr_t)data;
	iov[1].iov_len = len;
	mh.msg_iov = iov;
	mh.msg_iovlen = 2;
	if (fd != -1) {
		hdr.len |= FRAME_FD_MARK;
		memset(&cmsg, 0, sizeof(cmsg));
		cmsg.hdr.cmsg_level = SOL_SOCKET;
		cmsg.hdr.cmsg_type = SCM_RIGHTS;
		cmsg.hdr.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&cmsg.hdr), &fd, sizeof(int));
		mh.msg_control = cmsg.buf;
		mh.msg_controllen = sizeof(cmsg.buf);
	}
	/* these few words fit in any socket's buffer */
	return (sendmsg(sock, &mh, MSG_NOSIGNAL) == -1 ? -1 : 0);
}

static int
jail_hand(int sock, uint32_t kind, const char *name, int fd)
{
	struct start_fd	 what;

	memset(&what, 0, sizeof(what));
	what.kind = kind;
	strlcpy(what.name, name, sizeof(what.name));
	return (jail_send(sock, MSG_START_FD, fd, &what, sizeof(what)));
}

/* as the supervisor starts a role: nothing of ours goes along */
static void
jail_exec(const struct jail *j, const char *life, int fd)
{
	char	 path[PATH_MAX], name[] = JAIL_NAME, flag[] = "-P", sub[16];
	/* localtime(3) would look for a file that no role may open */
	char	 tz[] = "TZ=UTC0";
	char	*argv[] = { name, flag, sub, NULL }, *env[] = { tz, NULL };
	int	 null, i;

	(void)setsid();
	strlcpy(sub, life, sizeof(sub));
	if (paths_join(path, sizeof(path), j->paths->libexec, JAIL_FILE) ==
	    -1 || (fd != JAIL_FD && dup2(fd, JAIL_FD) == -1) ||
	    fcntl(JAIL_FD, F_SETFD, 0) == -1)
		_exit(JAIL_NO_EXEC);
	closefrom(JAIL_FD + 1);
	if ((null = open("/dev/null", O_RDWR | O_CLOEXEC)) == -1 ||
	    dup2(null, 0) == -1 || dup2(null, 1) == -1)
		_exit(JAIL_NO_EXEC);
	for (i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	execve(path, argv, env);
	_exit(JAIL_NO_EXEC);
}

static void
jail_start(const struct jail *j, enum role_id id, struct start *st)
{
	memset(st, 0, sizeof(*st));
	st->build = PROTO_BUILD;
	st->mode = j->root[0] != '\0' ? MODE_SYSTEM : MODE_USER;
	st->role = id;
	st->incarnation = 1;
	strlcpy(st->instance, role_name(id), sizeof(st->instance));
	st->uid = j->uid;
	st->gid = j->gid;
	st->owner = getuid();
	st->groups.client = st->groups.audit = st->groups.admin = GID_NONE;
	st->allow_no_landlock = (uint32_t)j->allow_no_landlock;
	st->parent = (uint32_t)getpid();
	strlcpy(st->pack, j->pack, sizeof(st->pack));
}

static void
jail_take(struct jail *j, struct msg *msg)
{
	struct log_line	 line;
	struct blob	 b;
	int		*where = NULL;

	if (msg->hdr.type == MSG_LOG &&
	    msg_get(msg, &line, sizeof(line)) == 0 &&
	    line.level >= LOG_LVL_WARN) {
		line.text[sizeof(line.text) - 1] = '\0';
		strlcpy(j->err, line.text, j->errlen);
	}
	if (msg->hdr.type != MSG_BLOB || msg_get(msg, &b, sizeof(b)) == -1)
		return;
	if (b.kind == BLOB_PACK)
		where = &j->recs;
	else if (b.kind == BLOB_VECTORS)
		where = &j->vectors;
	else if (b.kind == BLOB_REPORT)
		where = &j->report;
	if (where != NULL && *where == -1)
		*where = msg_take_fd(msg);
}

/* until it has closed its end, or hangs */
static int
jail_listen(struct jail *j, int sock)
{
	struct frame_in	 in;
	struct pollfd	 pfd;
	struct msg	 msg;
	int		 n, rc = 1;

	frame_in_init(&in, MAX_FRAME, 1);
	pfd.fd = sock;
	pfd.events = POLLIN;
	while (rc > 0) {
		if ((n = poll(&pfd, 1, MAX_RULEJAIL_MS)) == -1 &&
		    errno == EINTR)
			continue;
		if (n <= 0) {
			snprintf(j->err, j->errlen, "rulec does not answer");
			rc = -1;
			break;
		}
		rc = frame_in_read(&in, sock);
		while ((n = frame_in_next(&in, &msg)) == 1)
			jail_take(j, &msg);
		if (n == -1) {
			snprintf(j->err, j->errlen, "rulec said what it may "
			    "not");
			rc = -1;
		}
	}
	frame_in_free(&in);
	return (rc);
}

/* one life; 0 when it came to its own end */
static int
jail_run(struct jail *j, enum role_id id, const char *life, int input,
    const char *name, int more)
{
	struct start	 st;
	pid_t		 pid;
	int		 sv[2], root = -1, status, rc = -1;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) == -1 ||
	    (pid = fork()) == -1) {
		snprintf(j->err, j->errlen, "rulec: %s", strerror(errno));
		return (-1);
	}
	if (pid == 0)
		jail_exec(j, life, sv[1]);
	close(sv[1]);
	jail_start(j, id, &st);
	if (j->root[0] != '\0')
		root = open(j->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (jail_send(sv[0], MSG_START, -1, &st, sizeof(st)) == 0 &&
	    (root == -1 || jail_hand(sv[0], SFD_ROOT, "", root) == 0) &&
	    jail_hand(sv[0], SFD_INPUT, name, input) == 0 &&
	    (more == -1 || jail_hand(sv[0], SFD_INPUT, JAIL_VECTORS,
	    more) == 0) &&
	    jail_send(sv[0], MSG_START_END, -1, NULL, 0) == 0)
		rc = jail_listen(j, sv[0]);
	if (root != -1)
		close(root);
	if (rc == -1)
		kill(pid, SIGKILL);
	close(sv[0]);
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return (-1);
	if (rc == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return (0);
	if (j->err[0] != '\0')
		return (-1);
	if (WIFSIGNALED(status))
		snprintf(j->err, j->errlen, "rulec was killed by signal %d",
		    WTERMSIG(status));
	else if (WEXITSTATUS(status) == JAIL_NO_EXEC)
		snprintf(j->err, j->errlen, "%s/" JAIL_FILE " cannot be "
		    "executed", j->paths->libexec);
	else
		snprintf(j->err, j->errlen, "rulec ended with status %d",
		    WEXITSTATUS(status));
	return (-1);
}

static json_t *
jail_report(struct jail *j)
{
	char		 err[MAX_JSON_ERR];
	const void	*text;
	json_t		*report = NULL;
	size_t		 len;

	if (j->report == -1 ||
	    (text = sealed_map(j->report, MAX_SEALED, &len)) == NULL) {
		snprintf(j->err, j->errlen, "rulec made no report");
		return (NULL);
	}
	if ((report = json_strict(text, len, err)) == NULL)
		snprintf(j->err, j->errlen, "rulec's report: %s", err);
	sealed_unmap(text, len);
	return (report);
}

/* root has the role's own account and an empty root for it */
static int
jail_place(struct jail *j)
{
	j->uid = getuid();
	j->gid = getgid();
	if (!j->paths->system || j->uid != 0)
		return (0);
	strlcpy(j->root, "/tmp/defenseclaw-empty.XXXXXX", sizeof(j->root));
	if (users_lookup(JAIL_USER, &j->uid, &j->gid) == -1) {
		snprintf(j->err, j->errlen, "there is no account " JAIL_USER
		    ": run `defenseclawctl init'");
		j->root[0] = '\0';
		return (-1);
	}
	if (mkdtemp(j->root) == NULL || chmod(j->root, 0755) == -1) {
		snprintf(j->err, j->errlen, "%s: %s", j->root,
		    strerror(errno));
		j->root[0] = '\0';
		return (-1);
	}
	return (0);
}

json_t *
rulejail_test(const struct paths *paths, int dir, const char *pack,
    int allow, char *err, size_t errlen)
{
	struct jail	 j = { paths, pack, allow, "", 0, 0, -1, -1, -1, err,
			    errlen };
	json_t		*report = NULL;

	err[0] = '\0';
	if (jail_place(&j) == 0 &&
	    jail_run(&j, ROLE_RULEREAD, "read", dir, JAIL_VECTORS, -1) == 0 &&
	    jail_run(&j, ROLE_RULECOMP, "compile", j.recs, "",
	    j.vectors) == 0)
		report = jail_report(&j);
	if (j.root[0] != '\0')
		(void)rmdir(j.root);
	if (j.recs != -1)
		close(j.recs);
	if (j.vectors != -1)
		close(j.vectors);
	if (j.report != -1)
		close(j.report);
	return (report);
}
