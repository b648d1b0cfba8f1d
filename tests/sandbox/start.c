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

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/role.h"
#include "common/sealed.h"
#include "ctl/confedit.h"
#include "ctl/init.h"
#include "tests/sandbox/start.h"

#define MAX_SILENCE_MS	60000	/* a role that hangs is a failure */
#define MAX_TREE_FDS	16
#define BACKLOG		16

int	 site_no_landlock;

static uint16_t	 receiver;	/* where a sink delivers to; nobody accepts */

/* system mode needs uids, not accounts */
#define FIRST_UID	47011
#define SINK_UID	(FIRST_UID + 4)	/* of every sink */

static const struct program {
	unsigned int	 subject;
	enum role_id	 role;
	const char	*said;
	const char	*file;
	const char	*name;
	const char	*sub;
	uid_t		 uid;
} programs[] = {
	{ ROLE_CONFC, ROLE_CONFC, "confc",
	    "defenseclaw-confc", "dc-confc", NULL, FIRST_UID },
	{ ROLE_RULEREAD, ROLE_RULEREAD, "rulec-read",
	    "defenseclaw-rulec", "dc-rulec", "read", FIRST_UID },
	{ ROLE_RULECOMP, ROLE_RULECOMP, "rulec-compile",
	    "defenseclaw-rulec", "dc-rulec", "compile", FIRST_UID },
	{ ROLE_GATEWAYD, ROLE_GATEWAYD, "gatewayd",
	    "defenseclaw-gatewayd", "dc-gatewayd", NULL, FIRST_UID + 1 },
	{ ROLE_AUDITD, ROLE_AUDITD, "auditd",
	    "defenseclaw-auditd", "dc-auditd", NULL, FIRST_UID + 2 },
	{ ROLE_SIGNER, ROLE_SIGNER, "signer",
	    "defenseclaw-auditd", "dc-signer", "sign", FIRST_UID + 3 },
	{ ROLE_SINK, ROLE_SINK, "sink",
	    "defenseclaw-sinkd", "dc-sink", "sink", SINK_UID },
	{ SUBJECT_LOCAL, ROLE_SINK, "sink-local",
	    "defenseclaw-sinkd", "dc-sink", "sink", SINK_UID },
	{ SUBJECT_DIR, ROLE_SINK, "sink-dir",
	    "defenseclaw-sinkd", "dc-sink", "sink", SINK_UID },
	{ ROLE_JUDGE, ROLE_JUDGE, "judge",
	    "defenseclaw-sinkd", "dc-judge", "judge", SINK_UID },
	{ ROLE_RESOLVER, ROLE_RESOLVER, "resolver",
	    "defenseclaw-sinkd", "dc-resolver", "resolver", FIRST_UID + 5 },
};

static const struct program *
program_of(unsigned int who)
{
	const struct program	*p;

	for (p = programs; p->subject != who; p++)
		;
	return (p);
}

enum role_id
subject_role(unsigned int who)
{
	return (program_of(who)->role);
}

const char *
subject_name(unsigned int who)
{
	return (program_of(who)->said);
}

static int
complain(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	return (-1);
}

/* a role that stays uid 0 finds its directory, and what is in it, root's */
static void
own_dir(const struct site *s, unsigned int who, uint32_t skip, char *path,
    size_t size)
{
	int		 root = s->system &&
	    (skip & (1u << LAYER_UID)) != 0;
	const char	*name = "sinks", *home = s->paths.sinks;

	if (who == ROLE_AUDITD) {
		name = "audit";
		home = s->paths.audit;
	} else if (who == ROLE_SIGNER) {
		name = "sign";
		home = s->paths.sign;
	}
	if (!s->system)
		strlcpy(path, home, size);
	else
		snprintf(path, size, "%s/%s%s", s->top, name,
		    root ? ".root" : "");
}

/* which rules there are does not matter, and compiling many takes long */
static int
make_pack(const struct site *s)
{
	static const char	 text[] = "version: 1\ncategory: secrets\n"
	    "rules:\n  - id: PROBE\n    pattern: 'probe[0-9]{4}'\n"
	    "    title: 'A rule'\n    severity: HIGH\n"
	    "    confidence: 0.9\n    tags: [probe]\n";
	char			 path[PATH_MAX];
	int			 fd;

	snprintf(path, sizeof(path), "%s/pack", s->top);
	if (mkdir(path, 0755) == -1)
		return (complain(path));
	snprintf(path, sizeof(path), "%s/pack/rules", s->top);
	if (mkdir(path, 0755) == -1)
		return (complain(path));
	snprintf(path, sizeof(path), "%s/pack/rules/probe.yaml", s->top);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd == -1 || write(fd, text, strlen(text)) !=
	    (ssize_t)strlen(text) || close(fd) == -1)
		return (complain(path));
	return (0);
}

static int
make_own_dirs(const struct site *s)
{
	static const unsigned int owners[] = { ROLE_AUDITD, ROLE_SIGNER,
	    SUBJECT_DIR };
	char	 path[PATH_MAX];
	size_t	 i;
	uid_t	 uid;

	snprintf(path, sizeof(path), "%s/empty", s->top);
	if (mkdir(path, 0755) == -1)
		return (complain(path));
	for (i = 0; s->system && i < 3; i++) {
		uid = program_of(owners[i])->uid;
		own_dir(s, owners[i], 0, path, sizeof(path));
		if (mkdir(path, 0700) == -1 || chown(path, uid, uid) == -1)
			return (complain(path));
		own_dir(s, owners[i], 1u << LAYER_UID, path, sizeof(path));
		if (mkdir(path, 0700) == -1)
			return (complain(path));
	}
	return (0);
}

/* the address does not matter, since nobody ever connects */
static int
listener(int family, const char *path)
{
	union {
		struct sockaddr		sa;
		struct sockaddr_in	in;
		struct sockaddr_un	un;
	} addr;
	socklen_t	 len = sizeof(addr.un);
	int		 fd;

	memset(&addr, 0, sizeof(addr));
	addr.sa.sa_family = (sa_family_t)family;
	if (family == AF_INET) {
		addr.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		len = sizeof(addr.in);
	} else
		strlcpy(addr.un.sun_path, path, sizeof(addr.un.sun_path));
	fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1 || bind(fd, &addr.sa, len) == -1 ||
	    listen(fd, BACKLOG) == -1)
		return (complain("listener"));
	return (fd);
}

/* what three sinks, one of each promise, are configured with */
static int
make_sinks(const struct site *s)
{
	char	 path[PATH_MAX], text[512];
	int	 fd, n;

	if (paths_join(path, sizeof(path), s->paths.secrets, "sink-net") ==
	    -1 || (fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	    0600)) == -1 || write(fd, "probe\n", 6) != 6 || close(fd) == -1)
		return (complain(path));
	n = snprintf(text, sizeof(text), "audit_sinks:\n"
	    "  - name: net\n    kind: splunk_hec\n"
	    "    token_secret: sink-net\n    splunk_hec:\n"
	    "      endpoint: http://127.0.0.1:%u\n"
	    "  - name: local\n    kind: syslog\n    syslog:\n"
	    "      transport: local\n"
	    "  - name: dir\n    kind: file\n", s->receiver);
	if ((fd = open(s->paths.config, O_WRONLY | O_APPEND | O_CLOEXEC)) ==
	    -1 || write(fd, text, (size_t)n) != n || close(fd) == -1)
		return (complain(s->paths.config));
	return (0);
}

/* a judge at the same port, with the key that is there already */
static int
make_judge(const struct site *s)
{
	char	 base[64], err[MAX_CONFEDIT_ERR];
	struct conf_setting keys[] = {
		{ "guardrail.judge.api_base", base },
		{ "guardrail.judge.model", "probe" },
		{ "guardrail.judge.key_secret", "sink-net" },
		{ "guardrail.judge.enabled", "true" },
		{ "guardrail.detection_strategy", "judge_first" },
	};
	size_t	 i;

	snprintf(base, sizeof(base), "http://127.0.0.1:%u", s->receiver);
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (confedit_apply(s->paths.config, getuid(),
		    confedit_setting, &keys[i], err, sizeof(err)) == -1) {
			fprintf(stderr, "%s: %s\n", keys[i].key, err);
			return (-1);
		}
	return (0);
}

static int
make_home(struct site *s)
{
	static struct init_result	 result;
	char				 home[80], err[MAX_PATHS_ERR];
	int				 i;

	snprintf(home, sizeof(home), "%s/home", s->top);
	if (setenv("DEFENSECLAW_HOME", home, 1) == -1)
		return (complain("setenv"));
	if (paths_init(&s->paths, PATHS_SETUP, 1, err, sizeof(err)) == -1) {
		fprintf(stderr, "%s\n", err);
		return (-1);
	}
	if (init_run(&s->paths, CONF_ACTION, &result) == 0)
		return (make_judge(s) == -1 ? -1 : make_sinks(s));
	for (i = 0; i < result.nsteps; i++)
		if (result.steps[i].what == INIT_FAILED)
			fprintf(stderr, "%s: %s\n", result.steps[i].subject,
			    result.steps[i].text);
	return (-1);
}

int
site_open(struct site *s, int system)
{
	char	 path[PATH_MAX];

	memset(s, 0, sizeof(*s));
	s->system = system;
	s->tcp = s->unix_http = -1;
	snprintf(s->top, sizeof(s->top), "/tmp/site.XXXXXX");
	if (mkdtemp(s->top) == NULL || chmod(s->top, 0755) == -1) {
		complain(s->top);
		s->top[0] = '\0';
		return (-1);
	}
	if (receiver == 0 && probe_listen_tcp(&receiver) == -1)
		return (complain("receiver"));
	s->receiver = receiver;
	if (make_home(s) == -1 || make_pack(s) == -1 ||
	    make_own_dirs(s) == -1)
		return (-1);
	snprintf(path, sizeof(path), "%s/gateway.sock", s->top);
	s->tcp = listener(AF_INET, NULL);
	s->unix_http = listener(AF_UNIX, path);
	return (s->tcp == -1 || s->unix_http == -1 ? -1 : 0);
}

static int
remove_one(const char *path, const struct stat *sb, int type,
    struct FTW *where)
{
	(void)sb;
	(void)where;
	return (type == FTW_DP ? rmdir(path) : unlink(path));
}

void
site_close(struct site *s)
{
	if (s->top[0] != '\0' && nftw(s->top, remove_one, MAX_TREE_FDS,
	    FTW_DEPTH | FTW_PHYS) == -1)
		complain(s->top);
}

static void
send_msg(int sock, uint32_t type, int fd, const void *data, size_t len)
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
	/* a role that is gone already shows by its end */
	if (sendmsg(sock, &mh, MSG_NOSIGNAL) == -1 && errno != EPIPE)
		complain("sendmsg");
}

static void
hand(int sock, unsigned int kind, const char *name, int fd)
{
	struct start_fd	 what;

	memset(&what, 0, sizeof(what));
	what.kind = kind;
	if (name != NULL)
		strlcpy(what.name, name, sizeof(what.name));
	send_msg(sock, MSG_START_FD, fd, &what, sizeof(what));
}

static void
hand_path(int sock, unsigned int kind, const char *name, const char *path,
    int flags)
{
	int	 fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | flags);
	if (fd == -1) {
		complain(path);
		return;
	}
	hand(sock, kind, name, fd);
	close(fd);
}

static void
hand_secrets(int sock, const struct site *s, const struct made *m,
    unsigned int who)
{
	char		 path[PATH_MAX];
	uint32_t	 i;

	for (i = 0; i < m->plan.nsecrets; i++)
		if (m->plan.secrets[i].role == who &&
		    paths_join(path, sizeof(path), s->paths.secrets,
		    m->plan.secrets[i].name) == 0)
			hand_path(sock, SFD_SECRET, m->plan.secrets[i].name,
			    path, 0);
	if (who == ROLE_SIGNER)
		hand_path(sock, SFD_SECRET, "device.key",
		    s->paths.device_key, 0);
	if ((who == ROLE_SINK || who == ROLE_JUDGE) && paths_join(path, sizeof(path),
	    s->paths.secrets, "sink-net") == 0)
		hand_path(sock, SFD_SECRET, "sink-net", path, 0);
}

static void
hand_dirs(int sock, const struct site *s, unsigned int who, uint32_t skip)
{
	char	 path[PATH_MAX];

	if (who == ROLE_AUDITD || who == ROLE_SIGNER || who == SUBJECT_DIR) {
		own_dir(s, who, skip, path, sizeof(path));
		hand_path(sock, SFD_DIR, NULL, path, O_DIRECTORY);
	}
	if (who != ROLE_AUDITD && who != ROLE_SIGNER)
		snprintf(path, sizeof(path), "%s/empty", s->top);
	if (s->system)
		hand_path(sock, SFD_ROOT, NULL, path, O_DIRECTORY);
}

/* what slots.c and load.c of the supervisor hand over */
static void
hand_all(int sock, const struct site *s, const struct made *m,
    unsigned int who, uint32_t skip)
{
	char	 path[PATH_MAX];

	if (m->records[who] != -1)
		hand(sock, SFD_RECORDS, NULL, m->records[who]);
	hand_dirs(sock, s, who, skip);
	hand_secrets(sock, s, m, who);
	switch (who) {
	case ROLE_CONFC:
		hand_path(sock, SFD_INPUT, "config.yaml", s->paths.config, 0);
		break;
	case ROLE_RULEREAD:
		snprintf(path, sizeof(path), "%s/pack", s->top);
		hand_path(sock, SFD_INPUT, NULL, path, O_DIRECTORY);
		break;
	case ROLE_RULECOMP:
		hand(sock, SFD_INPUT, NULL, m->pack);
		break;
	case ROLE_GATEWAYD:
		hand(sock, SFD_LISTEN_TCP, NULL, s->tcp);
		hand(sock, SFD_LISTEN_UNIX, NULL, s->unix_http);
		hand(sock, SFD_RULES, NULL, m->rules);
		break;
	case ROLE_AUDITD:
		hand_path(sock, SFD_PUBKEY, NULL, s->paths.device_pub, 0);
		if (access("/etc/machine-id", R_OK) == 0)
			hand_path(sock, SFD_MACHINE_ID, NULL,
			    "/etc/machine-id", 0);
		break;
	case ROLE_RESOLVER:
		hand_path(sock, SFD_RESOLV_CONF, NULL, "/etc/resolv.conf", 0);
		hand_path(sock, SFD_HOSTS, NULL, "/etc/hosts", 0);
		break;
	default:
		break;
	}
}

static void
hand_probe(int sock, const struct site *s, unsigned int who,
    const struct probe_request *req)
{
	struct probe_request	 rq = *req;
	int			*fds[MAX_PROBE_FDS];
	unsigned int		 i;
	char			 dir[PATH_MAX];
	int			 fd;

	rq.env = s->env;
	rq.env.receiver = s->receiver;
	/* the suite's own database, but for who may open it another one */
	if (who != ROLE_AUDITD) {
		own_dir(s, ROLE_AUDITD, rq.skip, dir, sizeof(dir));
		if (paths_join(rq.env.db, sizeof(rq.env.db), dir,
		    "audit.db") == -1)
			complain(dir);
	}
	if ((fd = sealed_create("probe", &rq, sizeof(rq))) == -1) {
		complain("sealed file");
		return;
	}
	hand(sock, SFD_PROBE, NULL, fd);
	close(fd);
	probe_env_fds(&rq.env, fds);
	for (i = 0; i < MAX_PROBE_FDS; i++)
		hand(sock, SFD_PROBE_ENV + i, NULL, *fds[i]);
}

/* as child_exec() of the supervisor */
static void
child_exec(const struct site *s, const struct program *p, int fd)
{
	char	 path[PATH_MAX], name[32], flag[] = "-P", sub[16];
	char	 tz[] = "TZ=UTC0";
	char	*argv[] = { name, NULL, NULL, NULL }, *env[] = { tz, NULL };
	int	 null, i;

	(void)setsid();
	if (paths_join(path, sizeof(path), s->paths.libexec, p->file) == -1 ||
	    (fd != ROLE_FD && dup2(fd, ROLE_FD) == -1) ||
	    fcntl(ROLE_FD, F_SETFD, 0) == -1)
		_exit(PROBE_SETUP);
	closefrom(ROLE_FD + 1);
	if ((null = open("/dev/null", O_RDWR | O_CLOEXEC)) == -1 ||
	    dup2(null, 0) == -1 || dup2(null, 1) == -1)
		_exit(PROBE_SETUP);
	for (i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	strlcpy(name, p->name, sizeof(name));
	if (p->sub != NULL) {
		strlcpy(sub, p->sub, sizeof(sub));
		argv[1] = flag;
		argv[2] = sub;
	}
	execve(path, argv, env);
	_exit(PROBE_SETUP);
}

/* req may be NULL: it runs on as ever.  The pid; *sock is our end. */
static pid_t
start(const struct site *s, const struct made *m, unsigned int who,
    const struct probe_request *req, int *sock)
{
	const struct program	*p = program_of(who);
	enum role_id		 id = p->role;
	struct start		 st;
	pid_t			 pid;
	int			 sv[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) == -1)
		return (complain("socketpair"));
	if ((pid = fork()) == 0)
		child_exec(s, p, sv[1]);
	close(sv[1]);
	*sock = sv[0];
	memset(&st, 0, sizeof(st));
	st.build = PROTO_BUILD;
	st.mode = s->system ? MODE_SYSTEM : MODE_USER;
	st.role = id;
	st.incarnation = (uint32_t)pid;
	strlcpy(st.instance, role_name(id), sizeof(st.instance));
	st.uid = s->system ? p->uid : getuid();
	st.gid = s->system ? (gid_t)p->uid : getgid();
	st.owner = getuid();
	st.groups.client = st.groups.audit = st.groups.admin = GID_NONE;
	st.allow_no_landlock = id == ROLE_CONFC || site_no_landlock;
	st.root_is_own = id == ROLE_AUDITD || id == ROLE_SIGNER;
	st.parent = (uint32_t)getpid();
	st.generation = st.rules_generation = 1;
	strlcpy(st.pack, "default", sizeof(st.pack));
	send_msg(*sock, MSG_START, -1, &st, sizeof(st));
	hand_all(*sock, s, m, who, req == NULL ? 0 : req->skip);
	if (req != NULL)
		hand_probe(*sock, s, who, req);
	send_msg(*sock, MSG_START_END, -1, NULL, 0);
	return (pid);
}

/* one message of a role; what it made, if anything, goes to *m */
static void
take(struct msg *msg, unsigned int who, struct tried *t, struct made *m)
{
	/* in the order of the configuration */
	static const unsigned int sinks[] = { ROLE_SINK, SUBJECT_LOCAL,
	    SUBJECT_DIR };
	struct log_line	 line;
	struct blob	 b;
	int		*where = NULL;

	switch (msg->hdr.type) {
	case MSG_READY:
		t->entered = msg_get(msg, &t->state, sizeof(t->state)) == 0;
		return;
	case MSG_LOG:
		if (msg_get(msg, &line, sizeof(line)) == 0 &&
		    line.level >= LOG_LVL_WARN)
			fprintf(stderr, "%s: %s\n", subject_name(who),
			    line.text);
		return;
	case MSG_PLAN:
		if (m != NULL)
			(void)msg_get(msg, &m->plan, sizeof(m->plan));
		return;
	case MSG_BLOB:
		if (m == NULL || msg_get(msg, &b, sizeof(b)) == -1)
			return;
		if (b.kind == BLOB_RECORDS && b.role == ROLE_SINK &&
		    b.index < sizeof(sinks) / sizeof(sinks[0]))
			where = &m->records[sinks[b.index]];
		else if (b.kind == BLOB_RECORDS && b.role < ROLE_COUNT)
			where = &m->records[b.role];
		else if (b.kind == BLOB_PACK)
			where = &m->pack;
		else if (b.kind == BLOB_MATCHER)
			where = &m->rules;
		if (where != NULL)
			*where = msg_take_fd(msg);
		return;
	case MSG_REQUEST:
		/* a local sink asks for its socket */
		return;
	default:
		fprintf(stderr, "%s: message %u\n", subject_name(who),
		    msg->hdr.type);
	}
}

/* until the end of the channel, or until the role has entered */
static void
listen_to(int sock, pid_t pid, unsigned int who, struct tried *t,
    struct made *m, int to_end)
{
	struct frame_in	 in;
	struct pollfd	 pfd;
	struct msg	 msg;
	int		 rc;

	frame_in_init(&in, MAX_FRAME, 1);
	pfd.fd = sock;
	pfd.events = POLLIN;
	do {
		if ((rc = poll(&pfd, 1, MAX_SILENCE_MS)) == -1)
			continue;
		if (rc == 0) {
			fprintf(stderr, "%s hangs: killed\n",
			    subject_name(who));
			kill(pid, SIGKILL);
			break;
		}
		rc = frame_in_read(&in, sock);
		while (frame_in_next(&in, &msg) == 1)
			take(&msg, who, t, m);
	} while (rc != 0 && (to_end || !t->entered));
	frame_in_free(&in);
}

static int
wait_for(pid_t pid)
{
	int	 status;

	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return (PROBE_SETUP);
	return (probe_outcome(status));
}

/*
 * A role whose supervisor dies becomes ours: a process between plays it.
 */
static void
try_orphan(const struct site *s, const struct made *m, unsigned int who,
    const struct probe_request *req, struct tried *t)
{
	struct {
		pid_t		 pid;
		struct tried	 tried;
	}		 said;
	pid_t		 pid;
	int		 p[2], sock;

	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == -1 ||
	    pipe(p) == -1 || (pid = fork()) == -1) {
		complain("orphan");
		return;
	}
	if (pid == 0) {
		memset(&said, 0, sizeof(said));
		said.pid = start(s, m, who, req, &sock);
		listen_to(sock, said.pid, who, &said.tried, NULL, 0);
		_exit(write(p[1], &said, sizeof(said)) == sizeof(said) ?
		    0 : PROBE_SETUP);
	}
	close(p[1]);
	if (wait_for(pid) == 0 &&
	    read(p[0], &said, sizeof(said)) == sizeof(said)) {
		*t = said.tried;
		t->outcome = wait_for(said.pid);
	}
	close(p[0]);
}

void
site_try(struct site *s, const struct made *m, unsigned int who,
    const struct probe_request *req, struct tried *t)
{
	pid_t	 pid;
	int	 sock;

	memset(t, 0, sizeof(*t));
	t->outcome = PROBE_SETUP;
	if (probe_env_reset(&s->env) == -1)
		complain(s->env.dir);
	else if (req->kind == PROBE_OUTLIVE)
		try_orphan(s, m, who, req, t);
	else if ((pid = start(s, m, who, req, &sock)) != -1) {
		listen_to(sock, pid, who, t, NULL, 1);
		close(sock);
		t->outcome = wait_for(pid);
	}
	/* what a role says before it has entered is no outcome */
	if (!t->entered)
		t->outcome = PROBE_SETUP;
}

int
site_load(const struct site *s, struct made *m)
{
	static const enum role_id steps[] = {
		ROLE_CONFC, ROLE_RULEREAD, ROLE_RULECOMP
	};
	struct tried	 t;
	size_t		 i;
	pid_t		 pid;
	int		 sock;

	memset(m, 0, sizeof(*m));
	for (i = 0; i < SUBJECT_COUNT; i++)
		m->records[i] = -1;
	m->pack = m->rules = -1;
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		memset(&t, 0, sizeof(t));
		if ((pid = start(s, m, steps[i], NULL, &sock)) == -1)
			return (-1);
		listen_to(sock, pid, steps[i], &t, m, 1);
		close(sock);
		if (wait_for(pid) != 0) {
			fprintf(stderr, "%s failed\n", role_name(steps[i]));
			return (-1);
		}
	}
	if (m->records[ROLE_GATEWAYD] == -1 || m->records[ROLE_AUDITD] == -1 ||
	    m->records[ROLE_SIGNER] == -1 || m->records[ROLE_SINK] == -1 ||
	    m->records[ROLE_JUDGE] == -1 ||
	    m->records[SUBJECT_LOCAL] == -1 ||
	    m->records[SUBJECT_DIR] == -1 || m->pack == -1 || m->rules == -1) {
		fprintf(stderr, "confc or rulec left something out\n");
		return (-1);
	}
	return (0);
}
