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
#include <sys/socket.h>
#include <sys/un.h>

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

/*
 * Requests at a fixed rate over keep-alive connections, each with its fate.
 *
 *	load PORT SOCKET RATE SECONDS CONNECTIONS TOOLS
 *
 * Every other connection is over TCP.  Request N names tool-(N modulo TOOLS)
 * and has the id load-N; the token comes from DEFENSECLAW_GATEWAY_TOKEN.  Who
 * is told to close does, who is cut opens anew, and nothing is asked twice.
 * One line for each request, times in us of CLOCK_MONOTONIC:
 *
 *	N opened sent answered STATUS SEQ RAW-ACTION CONFIG RULES LISTS
 *
 * STATUS is 0 for a connection cut before the answer and -1 for none within
 * MAX_WAIT_US; the last line is "# requests late", late being those that had
 * to wait for a free connection.
 */

#define MAX_CONNS	256
#define MAX_RATE	100000
#define MAX_SECONDS	86400
#define MAX_TOOLS	64
#define MAX_ANSWER	16384
#define MAX_WAIT_US	30000000ULL

struct conn {
	int		 fd;		/* -1: to be opened */
	int		 unix_socket;
	int		 busy;
	unsigned long	 n;		/* of the request */
	uint64_t	 opened;
	uint64_t	 sent;
	size_t		 len;
	char		 buf[MAX_ANSWER + 1];
};

static struct conn		 conns[MAX_CONNS];
static unsigned int		 nconns, ntools;
static struct sockaddr_in	 tcp;
static struct sockaddr_un	 local;
static const char		*token;
static volatile sig_atomic_t	 stop;

static void
on_term(int sig)
{
	(void)sig;
	stop = 1;
}

static uint64_t
now_us(void)
{
	return (now_ns() / 1000);
}

static void
conn_close(struct conn *c)
{
	if (c->fd != -1)
		close(c->fd);
	c->fd = -1;
	c->busy = 0;
	c->len = 0;
}

/* the listener is the supervisor's and always there: no failure is expected */
static void
conn_open(struct conn *c)
{
	int	on = 1;

	c->fd = socket(c->unix_socket ? AF_UNIX : AF_INET, SOCK_STREAM, 0);
	if (c->fd == -1 || connect(c->fd, c->unix_socket ?
	    (struct sockaddr *)&local : (struct sockaddr *)&tcp,
	    c->unix_socket ? sizeof(local) : sizeof(tcp)) == -1)
		err(1, "connect");
	if (!c->unix_socket)
		(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on,
		    sizeof(on));
	if (fcntl(c->fd, F_SETFL, O_NONBLOCK) == -1)
		err(1, "connection");
	c->opened = now_us();
}

/* "-" for what the answer does not have */
static void
field(const char *buf, const char *name, char *out, size_t size)
{
	const char	*p = strstr(buf, name);
	size_t		 n;

	strlcpy(out, "-", size);
	if (p == NULL)
		return;
	p += strlen(name);
	n = strcspn(p, " \"\r\n");
	if (n != 0 && n < size) {
		memcpy(out, p, n);
		out[n] = '\0';
	}
}

static void
conn_tell(struct conn *c, int status)
{
	char	seq[32], raw[32], config[32], rules[32], lists[32];

	c->buf[c->len] = '\0';
	field(c->buf, "X-DefenseClaw-Audit-Seq: ", seq, sizeof(seq));
	field(c->buf, "X-DefenseClaw-Generation: config=", config,
	    sizeof(config));
	field(c->buf, " rules=", rules, sizeof(rules));
	field(c->buf, " lists=", lists, sizeof(lists));
	field(c->buf, "\"raw_action\":\"", raw, sizeof(raw));
	printf("%lu %llu %llu %llu %d %s %s %s %s %s\n", c->n,
	    (unsigned long long)c->opened, (unsigned long long)c->sent,
	    (unsigned long long)now_us(), status, seq, raw, config, rules,
	    lists);
}

static void
conn_ask(struct conn *c, unsigned long n)
{
	char	body[128], text[1024];
	int	len;

	if (c->fd == -1)
		conn_open(c);
	len = snprintf(body, sizeof(body), "{\"tool\":\"tool-%lu\",\"args\":"
	    "{\"command\":\"say probe-word now\"}}", n % ntools);
	len = snprintf(text, sizeof(text), "POST /api/v1/inspect/tool "
	    "HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n"
	    "X-DefenseClaw-Client: load\r\nX-DefenseClaw-Request-Id: "
	    "load-%lu\r\nContent-Type: application/json\r\n"
	    "Content-Length: %d\r\n\r\n%s", token, n, len, body);
	c->n = n;
	c->busy = 1;
	c->len = 0;
	c->sent = now_us();
	if (write(c->fd, text, (size_t)len) != len) {
		conn_tell(c, 0);
		conn_close(c);
	}
}

/* a whole answer is in the buffer: its status, or 0 */
static int
conn_whole(const struct conn *c)
{
	const char	*end, *cl;

	if ((end = strstr(c->buf, "\r\n\r\n")) == NULL)
		return (0);
	if ((cl = strstr(c->buf, "Content-Length: ")) == NULL)
		errx(1, "no Content-Length: %.300s", c->buf);
	if (c->len < (size_t)(end - c->buf) + 4 + strtoul(cl + 16, NULL, 10))
		return (0);
	return (atoi(c->buf + strlen("HTTP/1.1 ")));
}

static void
conn_read(struct conn *c)
{
	ssize_t	n;
	int	status;

	n = read(c->fd, c->buf + c->len, MAX_ANSWER - c->len);
	if (n == -1 && errno == EAGAIN)
		return;
	if (n <= 0) {
		/* an idle one may be closed at any time */
		if (c->busy)
			conn_tell(c, 0);
		conn_close(c);
		return;
	}
	if (!c->busy)
		errx(1, "an answer to nothing: %.*s", (int)n, c->buf);
	c->len += (size_t)n;
	c->buf[c->len] = '\0';
	if ((status = conn_whole(c)) == 0)
		return;
	conn_tell(c, status);
	if (strstr(c->buf, "\r\nConnection: close\r\n") != NULL)
		conn_close(c);
	c->busy = 0;
	c->len = 0;
}

/* an idle connection in turn, so that all are used; NULL: none */
static struct conn *
conn_idle(void)
{
	static unsigned int	last;
	unsigned int		i;

	for (i = 0; i < nconns; i++) {
		last = (last + 1) % nconns;
		if (!conns[last].busy)
			return (&conns[last]);
	}
	return (NULL);
}

/* waits for answers until the time; the number of those that still wait */
static unsigned int
wait_until(uint64_t until)
{
	static struct pollfd	pfds[MAX_CONNS];
	struct timespec		ts;
	uint64_t		now = now_us();
	unsigned int		i, busy = 0;

	for (i = 0; i < nconns; i++) {
		pfds[i].fd = conns[i].fd;
		pfds[i].events = POLLIN;
		pfds[i].revents = 0;
	}
	ts.tv_sec = until > now ? (time_t)((until - now) / 1000000) : 0;
	ts.tv_nsec = until > now ? (long)((until - now) % 1000000) * 1000 : 0;
	if (ppoll(pfds, nconns, &ts, NULL) == -1 && errno != EINTR)
		err(1, "poll");
	now = now_us();
	for (i = 0; i < nconns; i++) {
		if (pfds[i].revents != 0 && conns[i].fd != -1)
			conn_read(&conns[i]);
		if (conns[i].busy && now - conns[i].sent > MAX_WAIT_US) {
			conn_tell(&conns[i], -1);
			conn_close(&conns[i]);
		}
		busy += (unsigned int)conns[i].busy;
	}
	return (busy);
}

static void
run(unsigned long rate, unsigned long seconds)
{
	struct conn	*c;
	uint64_t	 start = now_us(), due = start;
	unsigned long	 n = 0, late = 0;

	while (!stop && due < start + seconds * 1000000) {
		if (now_us() < due || (c = conn_idle()) == NULL) {
			if (now_us() >= due)
				late++;
			(void)wait_until(now_us() < due ? due :
			    now_us() + 1000);
			continue;
		}
		conn_ask(c, n++);
		due = start + n * 1000000 / rate;
	}
	while (wait_until(now_us() + 100000) != 0)
		;
	printf("# %lu %lu\n", n, late);
}

static unsigned int
number(const char *text, long long max)
{
	const char	*errstr;
	long long	 n = strtonum(text, 1, max, &errstr);

	if (errstr != NULL)
		errx(1, "%s: %s", text, errstr);
	return ((unsigned int)n);
}

int
main(int argc, char *argv[])
{
	unsigned int	i;

	if (argc != 7)
		errx(1, "usage: load port socket rate seconds connections "
		    "tools");
	token = getenv("DEFENSECLAW_GATEWAY_TOKEN");
	if (token == NULL)
		errx(1, "no token");
	tcp.sin_family = AF_INET;
	tcp.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	tcp.sin_port = htons((uint16_t)number(argv[1], 65535));
	local.sun_family = AF_UNIX;
	if (strlcpy(local.sun_path, argv[2], sizeof(local.sun_path)) >=
	    sizeof(local.sun_path))
		errx(1, "%s: too long", argv[2]);
	nconns = number(argv[5], MAX_CONNS);
	ntools = number(argv[6], MAX_TOOLS);
	for (i = 0; i < nconns; i++) {
		conns[i].fd = -1;
		conns[i].unix_socket = i % 2 != 0;
	}
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, on_term);
	run(number(argv[3], MAX_RATE), number(argv[4], MAX_SECONDS));
	return (0);
}
