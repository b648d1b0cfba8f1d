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
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <event2/event.h>
#include <signal.h>
#include <unistd.h>

#include "common/peer.h"
#include "common/proto.h"
#include "ctl/client.h"
#include "tests/unit/test.h"

/*
 * The client against the roles' own end (peer.c) in another process.
 */

#define HOME	"/tmp/test_client"
#define PIECES	40
#define PIECE	65000

static struct paths	 paths;
static struct event_base *base;
static unsigned int	 state = ST_RUNNING;
static int		 turned_away;	/* connections closed at once */
static pid_t		 server;

static void
done(struct peer *p, uint32_t id, uint32_t code)
{
	peer_send(p, MSG_CTL_DONE, id, -1, &code, sizeof(code));
}

static void
on_status(struct peer *p, struct msg *msg)
{
	peer_send(p, MSG_CTL_TEXT, msg->hdr.id, -1, "{\"a\":", 5);
	/* of another request: nobody asked this one */
	peer_send(p, MSG_CTL_TEXT, msg->hdr.id + 1, -1, "junk", 4);
	peer_send(p, MSG_CTL_TEXT, msg->hdr.id, -1, "1}", 2);
	done(p, msg->hdr.id, CTL_OK);
}

static void
on_export(struct peer *p, struct msg *msg)
{
	static char	piece[PIECE];
	int		i;

	for (i = 0; i < PIECES; i++) {
		memset(piece, 'a' + i % 26, sizeof(piece));
		peer_send(p, MSG_CTL_TEXT, msg->hdr.id, -1, piece,
		    sizeof(piece));
	}
	done(p, msg->hdr.id, CTL_OK);
}

static void
on_head(struct peer *p, struct msg *msg)
{
	peer_error(p, msg->hdr.id, CTL_POLICY, "because");
}

static void
on_list(struct peer *p, struct msg *msg)
{
	done(p, msg->hdr.id, CTL_NOT_FOUND);
}

static void
on_silence(struct peer *p, struct msg *msg)
{
	(void)p;
	(void)msg;
}

static void
on_stop(struct peer *p, struct msg *msg)
{
	peer_send(p, MSG_CTL_TEXT, msg->hdr.id, -1, "half", 4);
	peer_close_when_sent(p);
}

/* pieces of one request: only the last is answered */
static void
on_batch(struct peer *p, struct msg *msg)
{
	static uint64_t	sum;
	uint32_t	flags;

	sum += msg->len;
	memcpy(&flags, msg->data, sizeof(flags));
	if (flags == 2)
		peer_error(p, msg->hdr.id, CTL_USAGE, "piece");
	if (flags == 1) {
		peer_send(p, MSG_CTL_TEXT, msg->hdr.id, -1, &sum,
		    sizeof(sum));
		done(p, msg->hdr.id, CTL_OK);
	}
}

static const struct dispatch table[] = {
	{ MSG_CTL_STATUS, ST_ANY, 0, 0, FD_NONE, ANYONE, on_status },
	{ MSG_CTL_AUDIT_EXPORT, ST_ANY, 0, 0, FD_NONE, ANYONE, on_export },
	{ MSG_CTL_AUDIT_HEAD, ST_ANY, 0, 0, FD_NONE, ANYONE, on_head },
	{ MSG_CTL_LIST, ST_ANY, 0, 0, FD_NONE, ANYONE, on_list },
	{ MSG_CTL_ALERTS, ST_ANY, 0, 0, FD_NONE, ANYONE, on_silence },
	{ MSG_CTL_STOP, ST_ANY, 0, 0, FD_NONE, ANYONE, on_stop },
	{ MSG_CTL_RELOAD, ST_ANY, 0, 0, FD_NONE, NOBODY, on_silence },
	{ MSG_CTL_BATCH, ST_ANY, 4, MAX_FRAME, FD_NONE, ANYONE, on_batch },
	{ 0 }
};

static void
on_connect(evutil_socket_t lfd, short what, void *arg)
{
	struct peer	*p;
	int		 fd;

	(void)what;
	(void)arg;
	if ((fd = accept(lfd, NULL, NULL)) == -1)
		return;
	if (turned_away > 0) {
		turned_away--;
		close(fd);
		return;
	}
	p = peer_new(base, fd, "client", PEER_CLIENT, table, &state,
	    MAX_FRAME_BIG, 0);
	CHECK(p != NULL);
	p->principal = OPERATOR;
}

static void
serve(uid_t uid, int away)
{
	struct sockaddr_un	 sun;
	struct event		*ev;
	int			 lfd, ready[2];
	char			 ch;

	CHECK(pipe(ready) == 0);
	if ((server = fork()) != 0) {
		close(ready[1]);
		CHECK(read(ready[0], &ch, 1) == 1);
		close(ready[0]);
		return;
	}
	signal(SIGPIPE, SIG_IGN);
	turned_away = away;
	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	CHECK(paths_control(&paths, "auditd", sun.sun_path,
	    sizeof(sun.sun_path)) == 0);
	unlink(sun.sun_path);
	CHECK((lfd = socket(AF_UNIX, SOCK_STREAM, 0)) != -1);
	CHECK(bind(lfd, (struct sockaddr *)&sun, sizeof(sun)) == 0);
	if (uid != getuid())
		CHECK(setuid(uid) == 0);
	CHECK(listen(lfd, 8) == 0);
	CHECK((base = event_base_new()) != NULL);
	ev = event_new(base, lfd, EV_READ | EV_PERSIST, on_connect, NULL);
	CHECK(ev != NULL && event_add(ev, NULL) == 0);
	CHECK(write(ready[1], "", 1) == 1);
	event_base_dispatch(base);
	_exit(0);
}

static void
end(void)
{
	CHECK(kill(server, SIGKILL) == 0);
	CHECK(waitpid(server, NULL, 0) == server);
}

static void
open_auditd(struct client *c)
{
	CHECK_INT(client_open(c, &paths, "auditd"), CTL_OK);
}

static void
answers(void)
{
	struct client	 c;
	char		*text;
	size_t		 len, i;

	serve(getuid(), 0);
	open_auditd(&c);
	CHECK_INT(client_call(&c, MSG_CTL_STATUS, NULL, 0, &text, &len),
	    CTL_OK);
	CHECK_STR(text, "{\"a\":1}");
	CHECK_INT(len, 7);
	free(text);
	/* more than fits any socket buffer, and the connection goes on */
	CHECK_INT(client_call(&c, MSG_CTL_AUDIT_EXPORT, NULL, 0, &text,
	    &len), CTL_OK);
	CHECK_INT(len, PIECES * PIECE);
	for (i = 0; i < PIECES; i++)
		CHECK_INT(text[i * PIECE], 'a' + i % 26);
	free(text);
	CHECK_INT(client_call(&c, MSG_CTL_AUDIT_HEAD, NULL, 0, &text, &len),
	    CTL_POLICY);
	CHECK_STR(c.err, "because");
	CHECK(text == NULL && !c.lost);
	CHECK_INT(client_call(&c, MSG_CTL_LIST, NULL, 0, &text, &len),
	    CTL_NOT_FOUND);
	CHECK_INT(client_call(&c, MSG_CTL_RELOAD, NULL, 0, &text, &len),
	    CTL_PERMISSION);
	client_close(&c);
	end();
}

static int
take_sum(const char *text, size_t len, void *arg)
{
	CHECK_INT(len, sizeof(uint64_t));
	memcpy(arg, text, len);
	return (CTL_OK);
}

static void
pieces(void)
{
	static char	 big[MAX_FRAME - sizeof(uint32_t)];
	struct client	 c;
	uint64_t	 sum = 0;
	uint32_t	 more = 0, wrong = 2, last = 1;
	int		 i;

	serve(getuid(), 0);
	open_auditd(&c);
	for (i = 0; i < PIECES; i++)
		CHECK_INT(client_send(&c, MSG_CTL_BATCH, &more, sizeof(more),
		    big, sizeof(big)), CTL_OK);
	CHECK_INT(client_send(&c, MSG_CTL_BATCH, &last, sizeof(last), NULL,
	    0), CTL_OK);
	CHECK_INT(client_answer(&c, take_sum, &sum), CTL_OK);
	CHECK_INT(sum, (uint64_t)PIECES * MAX_FRAME + sizeof(last));
	/* what was wrong with an earlier piece is heard */
	CHECK_INT(client_send(&c, MSG_CTL_BATCH, &wrong, sizeof(wrong), NULL,
	    0), CTL_OK);
	CHECK_INT(client_send(&c, MSG_CTL_BATCH, &last, sizeof(last), NULL,
	    0), CTL_OK);
	CHECK_INT(client_answer(&c, take_sum, &sum), CTL_USAGE);
	CHECK_STR(c.err, "piece");
	client_close(&c);
	CHECK_INT(client_send(&c, MSG_CTL_BATCH, &more, MAX_FRAME_BIG, big,
	    1), CTL_USAGE);
	end();
}

static void
lost(void)
{
	struct client	 c;
	char		*text;
	size_t		 len;

	serve(getuid(), 0);
	open_auditd(&c);
	CHECK_INT(client_call(&c, MSG_CTL_STOP, NULL, 0, &text, &len),
	    CTL_NOT_RUNNING);
	CHECK(text == NULL && c.lost);
	client_close(&c);
	open_auditd(&c);
	c.limit_ms = 200;
	CHECK_INT(client_call(&c, MSG_CTL_ALERTS, NULL, 0, &text, &len),
	    CTL_FAILURE);
	CHECK(text == NULL && c.lost);
	client_close(&c);
	/* a message nobody knows is answered, and ends the connection */
	open_auditd(&c);
	CHECK_INT(client_call(&c, 9999, NULL, 0, &text, &len), CTL_FAILURE);
	CHECK_STR(c.err, "message 9999: unknown type");
	client_close(&c);
	end();
}

static void
waits(void)
{
	struct client	c;

	serve(getuid(), 3);
	open_auditd(&c);
	client_close(&c);
	end();
	/* the socket is left and nobody is behind it */
	CHECK_INT(client_open(&c, &paths, "auditd"), CTL_NOT_RUNNING);
	CHECK(!c.lost);
	CHECK_INT(client_open(&c, &paths, "signer"), CTL_NOT_RUNNING);
	CHECK_INT(client_open_worker(&c, &paths), CTL_NOT_RUNNING);
	serve(getuid(), 1000000);
	CHECK_INT(client_open(&c, &paths, "auditd"), CTL_NOT_RUNNING);
	CHECK(c.lost);
	end();
}

/* a socket of somebody else gets no word from us */
static void
strangers(void)
{
	struct client	c;

	if (getuid() != 0)
		return;
	serve(65534, 0);
	CHECK_INT(client_open(&c, &paths, "auditd"), CTL_PERMISSION);
	paths.system = 1;
	CHECK_INT(client_open(&c, &paths, "auditd"), CTL_PERMISSION);
	paths.system = 0;
	end();
}

int
main(void)
{
	char	err[MAX_PATHS_ERR];

	CHECK(setenv("DEFENSECLAW_HOME", HOME, 1) == 0);
	CHECK_INT(paths_init(&paths, PATHS_COMMAND, 1, err, sizeof(err)), 0);
	(void)mkdir(paths.home, 0700);
	(void)mkdir(paths.run, 0700);
	(void)mkdir(paths.control, 0700);
	RUN(answers);
	RUN(pieces);
	RUN(lost);
	RUN(waits);
	RUN(strangers);
	return (0);
}
