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

#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/*
 * A HEC that takes everything and looks at nothing, so that what sends is
 * measured: reads requests of a known length and answers success, with
 * SLOW_MS of thinking before each.
 *
 *	hec PORT [SLOW_MS]
 *
 * On SIGTERM it prints requests and bytes of bodies.
 */

#define MAX_CONNS	64
#define MAX_HEAD	16384
#define BUFFER		(1024 * 1024)

struct conn {
	int		 fd;
	size_t		 have;		/* of the head */
	uint64_t	 left;		/* of the body */
	int		 in_body;
	char		 head[MAX_HEAD + 1];
};

static struct conn		 conns[MAX_CONNS];
static struct pollfd		 fds[MAX_CONNS + 1];
static size_t			 nconns;
static char			 buf[BUFFER];
static unsigned int		 slow_ms;
static unsigned long long	 requests, bytes;
static volatile sig_atomic_t	 stop;

static const char	 answer[] = "HTTP/1.1 200 OK\r\nContent-Type: "
    "application/json\r\nContent-Length: 27\r\n\r\n"
    "{\"text\":\"Success\",\"code\":0}";

static void
on_term(int sig)
{
	(void)sig;
	stop = 1;
}

static int
listen_on(const char *port)
{
	struct sockaddr_in	 sin;
	int			 fd, on = 1;

	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
	if ((fd = socket(AF_INET, SOCK_STREAM, 0)) == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1 ||
	    bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    listen(fd, 16) == -1)
		err(1, "%s", port);
	return (fd);
}

static void
add(int fd)
{
	int	 on = 1;

	if (fd == -1)
		return;
	if (nconns == MAX_CONNS) {
		close(fd);
		return;
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	memset(&conns[nconns], 0, sizeof(conns[0]));
	conns[nconns++].fd = fd;
}

/* 0 when the connection is to be closed */
static int
done(struct conn *c)
{
	requests++;
	c->in_body = 0;
	if (slow_ms != 0)
		(void)usleep(slow_ms * 1000);
	return (send(c->fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL) ==
	    (ssize_t)sizeof(answer) - 1);
}

/* the head of a request, and as much of its body as came with it */
static int
take_head(struct conn *c)
{
	char	*end, *len;
	ssize_t	 n;
	size_t	 body;

	n = recv(c->fd, c->head + c->have, MAX_HEAD - c->have, 0);
	if (n <= 0)
		return (0);
	c->have += (size_t)n;
	c->head[c->have] = '\0';
	if ((end = strstr(c->head, "\r\n\r\n")) == NULL)
		return (c->have < MAX_HEAD);
	*end = '\0';
	if ((len = strcasestr(c->head, "\r\nContent-Length:")) == NULL)
		return (0);
	c->left = strtoull(len + 17, NULL, 10);
	bytes += c->left;
	body = c->have - (size_t)(end + 4 - c->head);
	c->have = 0;
	if (body > c->left)
		return (0);	/* it waits for the answer: nobody does this */
	c->left -= body;
	c->in_body = 1;
	return (c->left == 0 ? done(c) : 1);
}

static int
take_body(struct conn *c)
{
	ssize_t	 n;

	n = recv(c->fd, buf, c->left < BUFFER ? (size_t)c->left : BUFFER, 0);
	if (n <= 0)
		return (0);
	c->left -= (uint64_t)n;
	return (c->left == 0 ? done(c) : 1);
}

static void
turn(int listener)
{
	size_t	 i, n = nconns;

	fds[0].fd = listener;
	fds[0].events = POLLIN;
	for (i = 0; i < n; i++) {
		fds[i + 1].fd = conns[i].fd;
		fds[i + 1].events = POLLIN;
	}
	if (poll(fds, (nfds_t)n + 1, -1) == -1)
		return;
	/* from the end: a closed one's place is taken by the last */
	for (i = n; i-- > 0;) {
		if (fds[i + 1].revents == 0 || (conns[i].in_body ?
		    take_body(&conns[i]) : take_head(&conns[i])))
			continue;
		close(conns[i].fd);
		conns[i] = conns[--nconns];
	}
	if (fds[0].revents & POLLIN)
		add(accept(listener, NULL, NULL));
}

int
main(int argc, char *argv[])
{
	struct sigaction	 sa;
	int			 fd;

	if (argc < 2)
		errx(2, "usage: hec port [slow_ms]");
	if (argc > 2)
		slow_ms = (unsigned int)strtoul(argv[2], NULL, 10);
	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = on_term;
	(void)sigaction(SIGTERM, &sa, NULL);
	fd = listen_on(argv[1]);
	while (!stop)
		turn(fd);
	printf("%llu %llu\n", requests, bytes);
	return (0);
}
