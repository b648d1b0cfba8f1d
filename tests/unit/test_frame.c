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

#include <sys/mman.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "common/frame.h"
#include "common/records.h"
#include "common/sealed.h"
#include "tests/unit/test.h"

/* writes one frame in pieces of step bytes and reads it back each time */
static void
split_points(void)
{
	struct frame_hdr hdr = { 77, sizeof(hdr) + 40, 5, 6 };
	char		 out[sizeof(hdr) + 40], body[40];
	struct frame_in	 in;
	struct msg	 msg;
	size_t		 step, off, n;
	int		 sv[2], got;

	memset(body, 'x', sizeof(body));
	memcpy(out, &hdr, sizeof(hdr));
	memcpy(out + sizeof(hdr), body, sizeof(body));
	for (step = 1; step <= sizeof(out); step++) {
		CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
		frame_in_init(&in, 1024, 0);
		got = 0;
		for (off = 0; off < sizeof(out); off += n) {
			n = sizeof(out) - off < step ? sizeof(out) - off :
			    step;
			CHECK_INT(write(sv[0], out + off, n), n);
			CHECK_INT(frame_in_read(&in, sv[1]), 1);
			got += frame_in_next(&in, &msg);
			if (off + n < sizeof(out))
				CHECK_INT(got, 0);
		}
		CHECK_INT(got, 1);
		CHECK_INT(msg.hdr.type, 77);
		CHECK_INT(msg.hdr.id, 5);
		CHECK_INT(msg.len, 40);
		CHECK(memcmp(msg.data, body, 40) == 0);
		frame_in_free(&in);
		close(sv[0]);
		close(sv[1]);
	}
}

static void
limits(void)
{
	struct frame_hdr bad[] = {
		{ 1, sizeof(bad[0]) - 1, 0, 0 },	/* shorter than itself */
		{ 1, 0, 0, 0 },
		{ 1, sizeof(bad[0]) + 101, 0, 0 },	/* one over the limit */
		{ 1, 0x7fffffff, 0, 0 },
		{ 1, sizeof(bad[0]) | FRAME_FD_MARK, 0, 0 }, /* no fd came */
	};
	struct frame_in	 in;
	struct msg	 msg;
	size_t		 i;
	int		 sv[2];

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
		frame_in_init(&in, 100, 1);
		CHECK_INT(write(sv[0], &bad[i], sizeof(bad[i])),
		    sizeof(bad[i]));
		CHECK_INT(frame_in_read(&in, sv[1]), 1);
		CHECK_INT(frame_in_next(&in, &msg), -1);
		CHECK(errno == EBADMSG || errno == EMSGSIZE);
		frame_in_free(&in);
		close(sv[0]);
		close(sv[1]);
	}
}

static void
send_fd(int sock, int fd, uint32_t mark)
{
	union {
		struct cmsghdr	hdr;
		char		buf[CMSG_SPACE(sizeof(int))];
	} c;
	struct frame_hdr hdr = { 9, sizeof(hdr) | mark, 0, 0 };
	struct iovec	 iov = { &hdr, sizeof(hdr) };
	struct msghdr	 mh;

	memset(&mh, 0, sizeof(mh));
	memset(&c, 0, sizeof(c));
	mh.msg_iov = &iov;
	mh.msg_iovlen = 1;
	mh.msg_control = c.buf;
	mh.msg_controllen = sizeof(c.buf);
	c.hdr.cmsg_len = CMSG_LEN(sizeof(int));
	c.hdr.cmsg_level = SOL_SOCKET;
	c.hdr.cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(&c.hdr), &fd, sizeof(fd));
	CHECK_INT(sendmsg(sock, &mh, 0), sizeof(hdr));
}

static int
open_fds(void)
{
	int	fd, n = 0;

	for (fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return (n);
}

static void
descriptors(void)
{
	struct frame_in	 in;
	struct msg	 msg;
	int		 sv[2], before, fd;

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	before = open_fds();
	/* taken once, close-on-exec */
	frame_in_init(&in, 100, 1);
	send_fd(sv[0], 0, FRAME_FD_MARK);
	CHECK_INT(frame_in_read(&in, sv[1]), 1);
	CHECK_INT(frame_in_next(&in, &msg), 1);
	fd = msg_take_fd(&msg);
	CHECK(fd != -1);
	CHECK_INT(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	CHECK_INT(msg_take_fd(&msg), -1);
	close(fd);
	/* one that nobody takes goes with the reader */
	send_fd(sv[0], 0, FRAME_FD_MARK);
	CHECK_INT(frame_in_read(&in, sv[1]), 1);
	frame_in_free(&in);
	CHECK_INT(open_fds(), before);
	/* not allowed here: refused and closed */
	frame_in_init(&in, 100, 0);
	send_fd(sv[0], 0, FRAME_FD_MARK);
	CHECK_INT(frame_in_read(&in, sv[1]), -1);
	CHECK_INT(errno, EBADMSG);
	frame_in_free(&in);
	CHECK_INT(open_fds(), before);
	close(sv[0]);
	close(sv[1]);
}

static void
accessors(void)
{
	struct wbuf	 w;
	struct rbuf	 r;
	struct msg	 msg;
	const char	*s;
	uint64_t	 v;
	size_t		 n;

	wbuf_init(&w, 64);
	wbuf_u32(&w, 7);
	wbuf_str(&w, "name");
	wbuf_u64(&w, 1ULL << 40);
	CHECK_INT(w.failed, 0);
	rbuf_init(&r, w.data, w.len);
	CHECK_INT(rbuf_u32(&r), 7);
	s = rbuf_str(&r, 4);
	CHECK_STR(s, "name");
	CHECK(rbuf_u64(&r) == 1ULL << 40);
	CHECK_INT(rbuf_end(&r), 0);
	/* every shorter form fails, none reads beyond */
	for (n = 0; n < w.len; n++) {
		rbuf_init(&r, w.data, n);
		(void)rbuf_u32(&r);
		(void)rbuf_str(&r, 4);
		/* what lies behind the end is not read */
		CHECK(rbuf_u64(&r) == 0);
		CHECK_INT(rbuf_end(&r), -1);
	}
	/* a longer string than allowed, and bytes left over */
	rbuf_init(&r, w.data, w.len);
	(void)rbuf_u32(&r);
	CHECK_STR(rbuf_str(&r, 3), "");
	CHECK_INT(r.failed, 1);
	rbuf_init(&r, w.data, w.len);
	(void)rbuf_u32(&r);
	CHECK_INT(rbuf_end(&r), -1);
	/* a NUL inside a string */
	w.data[9] = '\0';
	rbuf_init(&r, w.data, w.len);
	(void)rbuf_u32(&r);
	CHECK_STR(rbuf_str(&r, 4), "");
	CHECK_INT(r.failed, 1);
	/* the bound holds */
	wbuf_put(&w, w.data, 60);
	CHECK_INT(w.failed, 1);
	wbuf_free(&w);
	/* exact length only */
	memset(&msg, 0, sizeof(msg));
	msg.data = "12345678";
	msg.len = 8;
	CHECK_INT(msg_get(&msg, &v, 8), 0);
	CHECK_INT(msg_get(&msg, &v, 7), -1);
}

static int
records_of(const void *data, size_t len, struct records *r)
{
	int	fd = sealed_create("t", data, len);

	CHECK(fd != -1);
	return (records_open(r, fd));
}

static void
sealed_records(void)
{
	struct rec_suite	 suite, got;
	struct record_hdr	 hdr = { REC_SUITE, sizeof(suite) };
	struct records		 r;
	struct wbuf		 w;
	size_t			 len;
	int			 fd;

	memset(&suite, 0, sizeof(suite));
	strlcpy(suite.agent_id, "a1", sizeof(suite.agent_id));
	wbuf_init(&w, 4096);
	wbuf_u32(&w, RECORDS_MAGIC);
	wbuf_put(&w, &hdr, sizeof(hdr));
	wbuf_put(&w, &suite, sizeof(suite));
	CHECK_INT(records_of(w.data, w.len, &r), 0);
	CHECK_INT(records_get(&r, REC_SUITE, &got, sizeof(got)), 0);
	CHECK_STR(got.agent_id, "a1");
	CHECK_INT(records_get(&r, REC_SUITE, &got, sizeof(got) - 1), -1);
	CHECK_INT(records_get(&r, REC_AUDIT, &got, sizeof(got)), -1);
	records_close(&r);
	/* cut anywhere, it is no set of records */
	for (len = 1; len < w.len; len++) {
		if (len == 4)
			continue;	/* an empty set */
		CHECK_INT(records_of(w.data, len, &r), -1);
	}
	/* twice the same */
	wbuf_put(&w, &hdr, sizeof(hdr));
	wbuf_put(&w, &suite, sizeof(suite));
	CHECK_INT(records_of(w.data, w.len, &r), 0);
	CHECK_INT(records_get(&r, REC_SUITE, &got, sizeof(got)), -1);
	records_close(&r);
	wbuf_free(&w);
	/* what is not sealed is not mapped; what is cannot be written */
	fd = memfd_create("open", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	CHECK(fd != -1 && write(fd, "x", 1) == 1);
	CHECK(sealed_map(fd, 16, &len) == NULL);
	CHECK_INT(errno, EPERM);
	close(fd);
	fd = sealed_create("sealed", "abc", 3);
	CHECK(pwrite(fd, "x", 1, 0) == -1 && errno == EPERM);
	CHECK(sealed_map(fd, 2, &len) == NULL);
	CHECK_INT(errno, EFBIG);
	close(fd);
}

int
main(void)
{
	RUN(split_points);
	RUN(limits);
	RUN(descriptors);
	RUN(accessors);
	RUN(sealed_records);
	return (0);
}
