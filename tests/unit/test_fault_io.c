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

#include "common/frame.h"
#include "common/log.h"
#include "common/peer.h"
#include "common/proto.h"
#include "common/records.h"
#include "common/sealed.h"
#include "common/secret.h"
#include "tests/unit/fault.h"

/* What the modules below everything else do when a call of theirs fails. */

#define MSG_NUMBER	1000

static struct event_base	*base;
static char			 said[MAX_LOG_LINE];
static enum log_level		 said_level;

static void
hear(enum log_level level, const char *line)
{
	said_level = level;
	(void)snprintf(said, sizeof(said), "%s", line);
}

static int
open_fds(void)
{
	int	 fd, n = 0;

	for (fd = 0; fd < 256; fd++)
		if (__real_fcntl(fd, F_GETFD, 0) != -1)
			n++;
	return (n);
}

/* --- sealed memory, records, secrets --------------------------------------- */

static void
sealed(void)
{
	static const struct {
		const char	*call;
		long		 arg;
		int		 error;
	} list[] = {
		{ "memfd_create", 0, ENFILE }, { "write", 0, ENOSPC },
		{ "fcntl", F_ADD_SEALS, EINVAL },
	};
	const void	*p;
	size_t		 i, len = 0;
	char		 small;
	int		 fd, before = open_fds();

	CHECK_INT(sealed_create("x", "", 0), -1);
	CHECK_INT(errno, EFBIG);
	CHECK_INT(sealed_create("x", "", (size_t)MAX_SEALED + 1), -1);
	CHECK_INT(errno, EFBIG);
	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		fault_set(list[i].call, list[i].arg, 0, -1, list[i].error);
		CHECK_INT(sealed_create("x", "abc", 3), -1);
		CHECK_INT(errno, list[i].error);
		fault_end();
	}
	CHECK_INT(open_fds(), before);
	/* interrupted is not failed */
	fault_set("write", 0, 0, -1, EINTR);
	CHECK((fd = sealed_create("x", "abc", 3)) != -1);
	fault_end();
	fault_set("fcntl", F_GET_SEALS, 0, -1, EBADF);
	CHECK(sealed_map(fd, 3, &len) == NULL);
	CHECK_INT(errno, EPERM);
	fault_set("lseek", SEEK_END, 0, -1, EIO);
	CHECK(sealed_map(fd, 3, &len) == NULL);
	CHECK_INT(errno, EIO);
	fault_set("lseek", SEEK_END, 0, 0, 0);
	CHECK(sealed_map(fd, 3, &len) == NULL);
	CHECK_INT(errno, EINVAL);
	fault_set("mmap", 0, 0, -1, ENOMEM);
	CHECK(sealed_map(fd, 3, &len) == NULL);
	CHECK_INT(errno, ENOMEM);
	fault_end();
	CHECK(sealed_map(fd, 2, &len) == NULL);
	CHECK_INT(errno, EFBIG);
	CHECK((p = sealed_map(fd, 3, &len)) != NULL);
	CHECK_INT(len, 3);
	/* nothing to trim: nothing kept, or all of it */
	CHECK_INT(sealed_trim(p, len, 0), 3);
	CHECK_INT(sealed_trim(p, len, 1), 3);
	CHECK(memcmp(p, "abc", 3) == 0);
	sealed_unmap(p, len);
	close(fd);
	/* a file that could change under the reader's eyes */
	CHECK((fd = memfd_create("y", MFD_ALLOW_SEALING)) != -1);
	CHECK(write(fd, "abc", 3) == 3);
	CHECK(sealed_map(fd, 3, &len) == NULL);
	CHECK_INT(errno, EPERM);
	close(fd);
	CHECK((fd = open("/dev/null", O_RDONLY)) != -1);
	CHECK_INT(read(fd, &small, 1), 0);
	CHECK(sealed_map(fd, 3, &len) == NULL);
	CHECK_INT(errno, EPERM);
	close(fd);
}

static void
records(void)
{
	struct records	 r;
	int		 fd;

	CHECK((fd = open("/dev/null", O_RDONLY)) != -1);
	CHECK_INT(records_open(&r, fd), -1);
	CHECK_INT(errno, EPERM);
	CHECK(r.map == NULL);
	/* closing what was never opened */
	records_close(&r);
	CHECK_INT(__real_fcntl(fd, F_GETFD, 0), -1);
}

/* what an operator reads when there is none */
static void
sealed_reasons(void)
{
	static const int	 lacking[] = { ENOSYS, EINVAL, EPERM };
	char			 err[256];
	size_t			 i;

	for (i = 0; i < 3; i++) {
		errno = lacking[i];
		sealed_why(err, sizeof(err));
		CHECK(strncmp(err, "sealed memory file: ", 20) != 0);
		CHECK(strstr(err, strerror(lacking[i])) != NULL);
	}
	errno = EMFILE;
	sealed_why(err, sizeof(err));
	CHECK_STR(err, "sealed memory file: Too many open files");
}

/* a file with this text; the descriptor */
static int
file(const void *text, size_t len)
{
	int	 fd;

	CHECK((fd = memfd_create("secret", 0)) != -1);
	CHECK(write(fd, text, len) == (ssize_t)len);
	return (fd);
}

static void
secrets(void)
{
	static char	 big[MAX_SECRET + 1];
	struct secret	 s;
	int		 before = open_fds();

	fault_set("sodium_malloc", 0, 0, 0, 0);
	CHECK_INT(secret_read(file("x", 1), &s), -1);
	CHECK_INT(errno, ENOMEM);
	fault_set("pread", 0, 0, -1, EIO);
	CHECK_INT(secret_read(file("x", 1), &s), -1);
	CHECK_INT(errno, EIO);
	CHECK(s.data == NULL);
	/* freeing what could not be read */
	secret_free(&s);
	fault_set("pread", 0, 0, -1, EINTR);
	CHECK_INT(secret_read(file("token\r\n\r\n", 9), &s), 0);
	fault_end();
	CHECK_STR(s.data, "token");
	CHECK_INT(s.len, 5);
	CHECK_INT(secret_equal(&s, "token", 5), 1);
	CHECK_INT(secret_equal(&s, "token", 4), 0);
	CHECK_INT(secret_equal(&s, "token\n", 6), 0);
	secret_free(&s);
	CHECK_INT(secret_read_text(file("a\n", 2), &s), 0);
	CHECK_STR(s.data, "a\n");
	secret_free(&s);
	CHECK_INT(secret_read(file("\r\n", 2), &s), -1);
	CHECK_INT(errno, EINVAL);
	CHECK_INT(secret_read(file("a\0b", 3), &s), -1);
	CHECK_INT(errno, EINVAL);
	memset(big, 'x', sizeof(big));
	CHECK_INT(secret_read(file(big, sizeof(big)), &s), -1);
	CHECK_INT(errno, EFBIG);
	CHECK_INT(secret_read(file(big, MAX_SECRET), &s), 0);
	CHECK_INT(s.len, MAX_SECRET);
	secret_free(&s);
	CHECK_INT(open_fds(), before);
}

/* --- log ------------------------------------------------------------------- */

static void
escapes(void)
{
	char	 buf[16];

	memset(buf, 'x', sizeof(buf));
	CHECK_INT(log_escape(buf, 0, "abc", 3), 0);
	CHECK(buf[0] == 'x');
	/* cut before what does not fit whole */
	CHECK_INT(log_escape(buf, 3, "abc", 3), 2);
	CHECK_STR(buf, "ab");
	CHECK_INT(log_escape(buf, 3, "a\nb", 3), 1);
	CHECK_STR(buf, "a");
	CHECK_INT(log_escape(buf, 5, "a\x01z", 3), 1);
	CHECK_STR(buf, "a");
	CHECK_INT(log_escape(buf, sizeof(buf), "\\\a\r\x7f\xff", 5), 14);
	CHECK_STR(buf, "\\\\\\a\\r\\177\\377");
}

/* without a sink lines go to standard error, with the program's name */
static void
to_stderr(void)
{
	char	 buf[256];
	int	 fd[2], saved;

	CHECK(pipe(fd) == 0);
	CHECK((saved = dup(STDERR_FILENO)) != -1);
	CHECK(dup2(fd[1], STDERR_FILENO) != -1);
	log_set_sink(NULL);
	log_init("test", 0);
	log_debug("unheard");
	log_info("%d\n", 1);
	log_init("test", 1);
	log_debug("heard");
	errno = ENOENT;
	log_warn("file");
	CHECK_INT(errno, ENOENT);
	/* nobody there to hear, and errno stays as it was */
	fault_set("write", 0, 0, -1, EPIPE);
	errno = EDOM;
	log_warnx("lost");
	CHECK_INT(errno, EDOM);
	fault_end();
	CHECK(dup2(saved, STDERR_FILENO) != -1);
	close(saved);
	close(fd[1]);
	memset(buf, 0, sizeof(buf));
	CHECK(read(fd[0], buf, sizeof(buf) - 1) > 0);
	close(fd[0]);
	CHECK_STR(buf, "test: 1\\n\ntest: heard\n"
	    "test: file: No such file or directory\n");
	log_set_sink(hear);
}

/* --- frames ---------------------------------------------------------------- */

static void
growing(void)
{
	struct wbuf	 w;
	struct rbuf	 r;
	size_t		 left = 1;

	wbuf_init(&w, 1024);
	fault_alloc(0);
	wbuf_u32(&w, 1);
	CHECK_INT(fault_alloc_end(), 1);
	CHECK_INT(w.failed, 1);
	/* failure stays until the buffer is reset */
	wbuf_u32(&w, 1);
	CHECK_INT(w.len, 0);
	wbuf_free(&w);
	wbuf_init(&w, 8);
	wbuf_u64(&w, 1);
	wbuf_put(&w, "x", 1);
	CHECK(w.failed && w.len == 8);
	wbuf_free(&w);
	/* a string whose end is not where its length says */
	rbuf_init(&r, "\2\0\0\0abc", 8);
	CHECK_STR(rbuf_str(&r, 100), "");
	CHECK_INT(r.failed, 1);
	CHECK(rbuf_rest(&r, &left) != NULL);
	CHECK_INT(left, 0);
	rbuf_init(&r, "\2\0\0\0a\0\0", 7);
	CHECK_STR(rbuf_str(&r, 100), "");
	CHECK_INT(rbuf_end(&r), -1);
}

static void
send_fds(int fd, int kind, const int *fds, size_t n)
{
	struct frame_hdr hdr = { MSG_NUMBER, sizeof(hdr) | FRAME_FD_MARK, 0,
	    0 };
	union {
		struct cmsghdr	hdr;
		char		buf[CMSG_SPACE(16 * sizeof(int))];
	} cmsg;
	struct iovec	 iov = { &hdr, sizeof(hdr) };
	struct msghdr	 mh;

	memset(&mh, 0, sizeof(mh));
	memset(&cmsg, 0, sizeof(cmsg));
	mh.msg_iov = &iov;
	mh.msg_iovlen = 1;
	mh.msg_control = cmsg.buf;
	mh.msg_controllen = CMSG_SPACE(n * sizeof(int));
	cmsg.hdr.cmsg_len = CMSG_LEN(n * sizeof(int));
	cmsg.hdr.cmsg_level = SOL_SOCKET;
	cmsg.hdr.cmsg_type = kind;
	memcpy(CMSG_DATA(&cmsg.hdr), fds, n * sizeof(int));
	CHECK_INT(__real_sendmsg(fd, &mh, 0), sizeof(hdr));
}

static void
descriptors(void)
{
	struct frame_in	 in;
	struct msg	 msg;
	int		 sv[2], fds[16], i, before = open_fds();

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	for (i = 0; i < 16; i++)
		fds[i] = sv[1];
	/* more than fit where they are received: the kernel drops them */
	frame_in_init(&in, 64, 1);
	send_fds(sv[1], SCM_RIGHTS, fds, 16);
	CHECK_INT(frame_in_read(&in, sv[0]), -1);
	CHECK_INT(errno, EBADMSG);
	frame_in_free(&in);
	/* more messages with one than may wait */
	frame_in_init(&in, 64, 1);
	for (i = 0; i < MAX_FRAME_FDS; i++) {
		send_fds(sv[1], SCM_RIGHTS, fds, 1);
		CHECK_INT(frame_in_read(&in, sv[0]), 1);
	}
	CHECK_INT(in.nfds, MAX_FRAME_FDS);
	send_fds(sv[1], SCM_RIGHTS, fds, 1);
	CHECK_INT(frame_in_read(&in, sv[0]), -1);
	CHECK_INT(errno, EBADMSG);
	frame_in_free(&in);
	/* other ancillary data is nothing to us */
	i = 1;
	CHECK(setsockopt(sv[0], SOL_SOCKET, SO_PASSCRED, &i, sizeof(i)) == 0);
	frame_in_init(&in, 64, 1);
	CHECK(write(sv[1], "\0\0\0\0\x10\0\0\0\0\0\0\0\0\0\0", 16) == 16);
	CHECK_INT(frame_in_read(&in, sv[0]), 1);
	CHECK_INT(frame_in_next(&in, &msg), 1);
	CHECK_INT(msg.fd, -1);
	frame_in_free(&in);
	close(sv[0]);
	close(sv[1]);
	CHECK_INT(open_fds(), before);
}

/* bytes that nobody takes out yet: the buffer grows, or says that it cannot */
static void
piling_up(void)
{
	static char	 zero[100000];
	struct frame_hdr hdr = { MSG_NUMBER, sizeof(hdr) + 300000, 0, 0 };
	struct frame_in	 in;
	struct msg	 msg;
	int		 sv[2], n;

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	frame_in_init(&in, 300000, 0);
	fault_alloc(0);
	CHECK(write(sv[1], &hdr, sizeof(hdr)) == (ssize_t)sizeof(hdr));
	CHECK_INT(frame_in_read(&in, sv[0]), -1);
	CHECK_INT(fault_alloc_end(), 1);
	CHECK_INT(errno, ENOMEM);
	fault_set("recvmsg", 0, 0, -1, EINTR);
	CHECK_INT(frame_in_read(&in, sv[0]), 1);
	fault_end();
	for (n = 0; n < 3; n++) {
		CHECK(write(sv[1], zero, sizeof(zero)) ==
		    (ssize_t)sizeof(zero));
		while (frame_in_read(&in, sv[0]) == 1)
			;
		CHECK_INT(errno, EAGAIN);
	}
	CHECK_INT(frame_in_next(&in, &msg), 1);
	CHECK_INT(msg.len, 300000);
	/* small messages read ahead, none taken */
	hdr.len = sizeof(hdr);
	for (n = 0; n < 10000; n++) {
		CHECK(write(sv[1], &hdr, sizeof(hdr)) ==
		    (ssize_t)sizeof(hdr));
		CHECK_INT(frame_in_read(&in, sv[0]), 1);
	}
	for (n = 0; frame_in_next(&in, &msg) == 1; n++)
		CHECK_INT(msg.len, 0);
	CHECK_INT(n, 10000);
	frame_in_free(&in);
	close(sv[0]);
	close(sv[1]);
}

/* --- channels -------------------------------------------------------------- */

static unsigned int	 state = ST_RUNNING;
static unsigned int	 taken;
static int		 gone;

static void
number(struct peer *p, struct msg *msg)
{
	(void)p;
	if (msg->fd != -1)
		close(msg_take_fd(msg));
	taken++;
}

static void
on_close(struct peer *p)
{
	(void)p;
	gone++;
}

static const struct dispatch	 table[] = {
	{ MSG_NUMBER, ST_ANY, 0, 8, FD_NONE, ANYONE, number },
	{ MSG_NUMBER + 1, ST_ANY, 0, 8, FD_ONE, ANYONE, number },
	{ 0 }
};

static struct peer *
channel(int *other, enum peer_class class)
{
	struct peer	*p;
	int		 sv[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	CHECK((p = peer_new(base, sv[0], "peer", class, table, &state, 1000,
	    1)) != NULL);
	p->on_close = on_close;
	*other = sv[1];
	taken = 0;
	gone = 0;
	said[0] = '\0';
	return (p);
}

static void
turn(void)
{
	int	 i;

	for (i = 0; i < 3; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

static void
not_made(void)
{
	int	 sv[2], i;

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	for (i = 0; i < 7; i++) {
		if (i < 2)
			fault_set("fcntl", i == 0 ? F_GETFL : F_SETFL, 0, -1,
			    EBADF);
		else if (i == 2)
			fault_alloc(0);
		else if (i < 6)
			fault_set("event_new", FAULT_ANY, i - 3, 0, ENOMEM);
		else
			fault_set("event_add", FAULT_ANY, 0, -1, ENOMEM);
		CHECK(peer_new(base, sv[0], "x", PEER_CHILD, table, &state,
		    100, 0) == NULL);
		CHECK_INT(errno, i < 2 ? EBADF : ENOMEM);
		if (i == 2)
			CHECK_INT(fault_alloc_end(), 1);
		else
			fault_end();
		/* the descriptor stays the caller's */
		CHECK(__real_fcntl(sv[0], F_GETFD, 0) != -1);
	}
	close(sv[0]);
	close(sv[1]);
}

static void
not_sent(void)
{
	static char	 big[PEER_QUEUE_LOW];
	struct peer	*p;
	int		 fd, other, i, before = open_fds();

	p = channel(&other, PEER_CHILD);
	for (i = 0; i < 2; i++) {
		fault_alloc(i);
		CHECK((fd = dup(other)) != -1);
		CHECK_INT(peer_send(p, 1, 0, fd, NULL, 0), -1);
		CHECK_INT(fault_alloc_end(), 1);
		CHECK_INT(__real_fcntl(fd, F_GETFD, 0), -1);
	}
	CHECK_INT(peer_send(p, 1, 0, -1, big, (size_t)MAX_FRAME_BIG + 1), -1);
	CHECK_INT(errno, EMSGSIZE);
	CHECK_INT(peer_send2(p, 1, 0, big, 1, big,
	    (size_t)MAX_FRAME_BIG + 1), -1);
	CHECK_INT(errno, EMSGSIZE);
	CHECK_INT(p->queued, 0);
	/* an answer that cannot be made is no answer, and no crash */
	fault_alloc(0);
	peer_error(p, 1, CTL_FAILURE, "text");
	CHECK_INT(fault_alloc_end(), 1);
	CHECK_INT(p->queued, 0);
	/* XOFF and XON once each, and again when they did not get out */
	fault_alloc(0);
	peer_hold(p);
	CHECK_INT(fault_alloc_end(), 1);
	CHECK_INT(p->holding, 0);
	peer_hold(p);
	peer_hold(p);
	CHECK(p->holding == 1 && p->sent == 1);
	peer_release(p);
	peer_release(p);
	CHECK(p->holding == 0 && p->sent == 2);
	/* waiting descriptors are closed with the channel */
	CHECK_INT(peer_send(p, 1, 0, dup(other), NULL, 0), 0);
	CHECK_INT(peer_fds(p), 1);
	peer_free(p);
	close(other);
	CHECK_INT(open_fds(), before);
}

static void
flushing(void)
{
	static char	 big[1024 * 1024];
	struct peer	*p;
	int		 other;

	p = channel(&other, PEER_CHILD);
	CHECK_INT(peer_send(p, 1, 0, -1, big, sizeof(big)), 0);
	CHECK_INT(peer_flush(p, 0), -1);	/* nobody reads */
	fault_set("poll", 0, 0, -1, EINTR);
	CHECK_INT(peer_flush(p, 20), -1);
	fault_set("poll", 0, 0, -1, ENOMEM);
	CHECK_INT(peer_flush(p, 10000), -1);
	fault_end();
	close(other);
	CHECK_INT(peer_flush(p, 0), -1);
	CHECK_INT(errno, EPIPE);
	peer_free(p);
}

/* a write that fails: said unless it only means that the other end is gone */
static void
write_fails(void)
{
	static const struct {
		int		 error;
		const char	*says;
	} list[] = {
		{ EPIPE, "" }, { ECONNRESET, "" },
		{ EIO, "peer: write: Input/output error" },
	};
	struct peer	*p;
	char		 buf[4];
	int		 other;
	size_t		 i;

	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		p = channel(&other, PEER_CHILD);
		fault_set("writev", 0, 0, -1, list[i].error);
		CHECK_INT(peer_send(p, 1, 0, -1, "x", 1), 0);
		turn();
		fault_end();
		CHECK_STR(said, list[i].says);
		/* what it still sends is read; it sees the end of ours */
		CHECK_INT(recv(other, buf, sizeof(buf), MSG_DONTWAIT), 0);
		CHECK_INT(gone, 0);
		close(other);
		turn();
		CHECK_INT(gone, 1);
	}
	/* one that was closing anyway is gone at once */
	p = channel(&other, PEER_CLIENT);
	fault_set("writev", 0, 0, -1, EPIPE);
	CHECK_INT(peer_send(p, 1, 0, -1, "x", 1), 0);
	peer_close_when_sent(p);
	turn();
	fault_end();
	CHECK_INT(gone, 1);
	close(other);
	/* a descriptor over the user's limit waits, an interruption does not */
	p = channel(&other, PEER_CHILD);
	fault_set("sendmsg", 0, 0, -1, EINTR);
	fault_then("sendmsg", 0, 0, -1, ETOOMANYREFS);
	CHECK_INT(peer_send(p, 1, 0, open("/dev/null", O_RDONLY), NULL, 0),
	    0);
	turn();
	fault_end();
	CHECK_INT(p->queued, 0);
	CHECK_STR(said, "");
	close(other);
	turn();
	CHECK_INT(gone, 1);
}

static void
reads_fail(void)
{
	struct frame_hdr hdr = { MSG_NUMBER, sizeof(hdr), 0, 0 };
	int		 other;

	(void)channel(&other, PEER_CHILD);
	log_init("test", 1);
	CHECK(write(other, &hdr, sizeof(hdr)) == (ssize_t)sizeof(hdr));
	fault_set("recvmsg", 0, 0, -1, EAGAIN);
	turn();
	fault_end();
	CHECK_INT(taken, 1);
	CHECK(write(other, &hdr, sizeof(hdr)) == (ssize_t)sizeof(hdr));
	fault_set("recvmsg", 0, 0, -1, EIO);
	turn();
	fault_end();
	CHECK_STR(said, "peer: read: Input/output error");
	CHECK_INT(gone, 1);
	close(other);
}

/* a descriptor where none belongs, none where one does */
static void
wrong_descriptors(void)
{
	struct frame_hdr hdr = { MSG_NUMBER + 1, sizeof(hdr), 0, 0 };
	int		 other, before = open_fds();

	(void)channel(&other, PEER_CHILD);
	send_fds(other, SCM_RIGHTS, &other, 1);
	turn();
	CHECK_STR(said, "peer: message 1000 of 0 bytes: descriptor missing or "
	    "unexpected");
	CHECK_INT(gone, 1);
	close(other);
	(void)channel(&other, PEER_CHILD);
	CHECK(write(other, &hdr, sizeof(hdr)) == (ssize_t)sizeof(hdr));
	turn();
	CHECK_STR(said, "peer: message 1001 of 0 bytes: descriptor missing or "
	    "unexpected");
	CHECK_INT(gone, 1);
	CHECK_INT(taken, 0);
	close(other);
	/* one that the reader may not have is lost, and so is the channel */
	(void)channel(&other, PEER_CLIENT);
	send_fds(other, SCM_RIGHTS, (int[2]){ other, other }, 2);
	turn();
	CHECK_INT(gone, 1);
	close(other);
	CHECK_INT(open_fds(), before);
}

/* what a peer process sends wrong is the end of the one that reads it */
static void
fatal_peer(void)
{
	static const char *const	 says[] = {
		"peer: unexpected or lost descriptor",
		"peer: framing: Message too long",
	};
	int	 i, other, out[2], status;
	char	 buf[256];
	ssize_t	 n;
	pid_t	 pid;

	for (i = 0; i < 2; i++) {
		CHECK(pipe(out) == 0);
		CHECK((pid = fork()) != -1);
		if (pid == 0) {
			event_reinit(base);
			(void)__real_dup2(out[1], STDERR_FILENO);
			log_set_sink(NULL);
			log_init("t", 0);
			(void)channel(&other, PEER_FATAL);
			if (i == 0)
				send_fds(other, SCM_RIGHTS,
				    (int[2]){ other, other }, 2);
			else
				(void)!write(other, says, 16);
			turn();
			_exit(0);
		}
		close(out[1]);
		n = read(out[0], buf, sizeof(buf) - 1);
		CHECK(n > 3);
		buf[n - 1] = '\0';
		CHECK_STR(buf + 3, says[i]);
		close(out[0]);
		CHECK(waitpid(pid, &status, 0) == pid);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	}
}

/* a long text comes in pieces, in order */
static void
long_text(void)
{
	static char	 text[150000], got[200000];
	struct frame_hdr hdr;
	struct peer	*p;
	size_t		 len = 0;
	int		 other, pieces = 0;

	memset(text, 'x', sizeof(text));
	text[0] = 'a';
	text[sizeof(text) - 1] = 'z';
	p = channel(&other, PEER_CLIENT);
	peer_text(p, 5, text, sizeof(text));
	peer_close_when_sent(p);
	while (gone == 0) {
		turn();
		while (recv(other, &hdr, sizeof(hdr), MSG_DONTWAIT) ==
		    (ssize_t)sizeof(hdr)) {
			CHECK(hdr.type == MSG_CTL_TEXT && hdr.id == 5);
			hdr.len -= sizeof(hdr);
			while (hdr.len > 0) {
				ssize_t n = recv(other, got + len, hdr.len,
				    MSG_DONTWAIT);

				turn();
				if (n > 0) {
					len += (size_t)n;
					hdr.len -= (uint32_t)n;
				}
			}
			pieces++;
		}
	}
	CHECK_INT(pieces, 3);
	CHECK_INT(len, sizeof(text));
	CHECK(memcmp(text, got, len) == 0);
	close(other);
}

static void
role_names(void)
{
	CHECK_STR(role_name(ROLE_SIGNER), "signer");
	CHECK_STR(role_name(ROLE_COUNT), "unknown");
	CHECK_STR(role_name((enum role_id)-1), "unknown");
}

int
main(void)
{
	signal(SIGPIPE, SIG_IGN);
	CHECK(sodium_init() != -1);
	log_set_sink(hear);
	CHECK((base = event_base_new()) != NULL);
	RUN(sealed);
	RUN(sealed_reasons);
	RUN(records);
	RUN(secrets);
	RUN(escapes);
	RUN(to_stderr);
	RUN(growing);
	RUN(descriptors);
	RUN(piling_up);
	RUN(not_made);
	RUN(not_sent);
	RUN(flushing);
	RUN(write_fails);
	RUN(reads_fail);
	RUN(wrong_descriptors);
	RUN(fatal_peer);
	RUN(long_text);
	RUN(role_names);
	event_base_free(base);
	return (0);
}
