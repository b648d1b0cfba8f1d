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
#include <sys/resource.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

/*
 * What others have to bear, until standard input ends:
 *
 *	flood idle PORT N	N connections that say nothing, or half a head
 *	flood short PORT N	N connections a second, half of them with a
 *				request that is refused
 *	flood slow PORT N	N connections that ask for a long list again
 *				and again and hardly read it
 *
 * The token comes from the environment (DEFENSECLAW_GATEWAY_TOKEN).  Prints
 * "ready" when all is in place, and at the end how many connections it made.
 */

#define MAX_FLOOD	60000
#define SLOW_ASKS	64	/* requests sent ahead on a slow connection */
#define TICK_MS		10

static const char	refused[] = "POST /api/v1/inspect/tool HTTP/1.1\r\n"
    "Host: 127.0.0.1\r\nAuthorization: Bearer of-nobody-at-all\r\n"
    "Content-Length: 2\r\n\r\n{}";

static struct sockaddr_in	where;

static int
flood_connect(int small)
{
	int	fd, size = 2048;

	if ((fd = socket(AF_INET, SOCK_STREAM, 0)) == -1)
		err(1, "socket");
	if (small)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size,
		    sizeof(size));
	if (connect(fd, (struct sockaddr *)&where, sizeof(where)) == -1)
		err(1, "connect");
	return (fd);
}

/* 1: standard input has ended; waits so many ms for it */
static int
over(int ms)
{
	struct pollfd	p = { .fd = STDIN_FILENO, .events = POLLIN };

	return (poll(&p, 1, ms) > 0);
}

static void
ready(void)
{
	printf("ready\n");
	fflush(stdout);
}

static void
idle(unsigned int n)
{
	static const char	half[] = "POST /api/v1/inspect/tool HTTP/1.";
	unsigned int		i;
	int			fd;

	for (i = 0; i < n; i++) {
		fd = flood_connect(0);
		if (i % 2 && write(fd, half, sizeof(half) - 1) == -1)
			err(1, "write");
	}
	ready();
	while (!over(1000))
		;
	printf("connections %u\n", n);
}

static void
brief(unsigned int n)
{
	unsigned long	made = 0, due;
	uint64_t	start = now_ns();
	char		buf[64];
	int		fd;

	ready();
	while (!over(TICK_MS)) {
		due = (unsigned long)((now_ns() - start) / 1000000 * n /
		    1000);
		for (; made < due; made++) {
			fd = flood_connect(0);
			/* it may be told at once that there is no place */
			if (made % 2 && write(fd, refused,
			    sizeof(refused) - 1) != -1)
				(void)!read(fd, buf, sizeof(buf));
			close(fd);
		}
	}
	printf("connections %lu\n", made);
}

static void
slow(unsigned int n)
{
	char		 ask[1024], byte;
	const char	*token = getenv("DEFENSECLAW_GATEWAY_TOKEN");
	unsigned int	 i, k;
	int		*fds, len;

	if ((fds = calloc(n, sizeof(*fds))) == NULL)
		err(1, NULL);
	len = snprintf(ask, sizeof(ask), "GET /enforce/blocked HTTP/1.1\r\n"
	    "Host: 127.0.0.1\r\nAuthorization: Bearer %s\r\n\r\n",
	    token != NULL ? token : "");
	for (i = 0; i < n; i++) {
		fds[i] = flood_connect(1);
		(void)fcntl(fds[i], F_SETFL, O_NONBLOCK);
		for (k = 0; k < SLOW_ASKS; k++)
			(void)!write(fds[i], ask, (size_t)len);
	}
	ready();
	for (i = 0; !over(TICK_MS); i++)
		(void)!read(fds[i % n], &byte, 1);
	printf("connections %u\n", n);
}

int
main(int argc, char *argv[])
{
	struct rlimit	 rl;
	const char	*bad;
	unsigned int	 n;

	if (argc != 4)
		errx(1, "usage: flood idle|short|slow port n");
	n = (unsigned int)strtonum(argv[3], 1, MAX_FLOOD, &bad);
	if (bad != NULL)
		errx(1, "n is %s", bad);
	if (getrlimit(RLIMIT_NOFILE, &rl) == 0) {
		rl.rlim_cur = rl.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &rl);
	}
	where.sin_family = AF_INET;
	where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	where.sin_port = htons((uint16_t)atoi(argv[2]));
	if (strcmp(argv[1], "idle") == 0)
		idle(n);
	else if (strcmp(argv[1], "short") == 0)
		brief(n);
	else if (strcmp(argv[1], "slow") == 0)
		slow(n);
	else
		errx(1, "%s: idle, short or slow", argv[1]);
	return (0);
}
