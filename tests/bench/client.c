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
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

/*
 * One keep-alive connection that asks, waits and asks again, in turn with
 * the disk's floor in the same directory, so that the ratio of the two holds
 * on a machine that is not quiet.
 *
 *	client PORT|SOCKET ROUTE BODY-FILE DIRECTORY REQUESTS
 *
 * The token comes from the environment (DEFENSECLAW_GATEWAY_TOKEN).  Prints
 * two lines, "inspect" and "floor": count, p50 and p99 in us.
 */

#define TURN		100	/* requests, then as many floor writes */
#define MAX_REQUESTS	1000000
#define MAX_ANSWER	65536
#define MAX_BODY	(1024 * 1024)

static char	 request[MAX_BODY + 1024];
static size_t	 request_len;

static int
client_connect(const char *where)
{
	struct sockaddr_in	 sin;
	struct sockaddr_un	 sun;
	struct sockaddr		*sa;
	socklen_t		 len;
	int			 fd, on = 1;

	memset(&sin, 0, sizeof(sin));
	memset(&sun, 0, sizeof(sun));
	if (where[0] == '/') {
		sun.sun_family = AF_UNIX;
		if (strlcpy(sun.sun_path, where, sizeof(sun.sun_path)) >=
		    sizeof(sun.sun_path))
			errx(1, "%s: too long", where);
		sa = (struct sockaddr *)&sun;
		len = sizeof(sun);
	} else {
		sin.sin_family = AF_INET;
		sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		sin.sin_port = htons((uint16_t)atoi(where));
		sa = (struct sockaddr *)&sin;
		len = sizeof(sin);
	}
	if ((fd = socket(sa->sa_family, SOCK_STREAM, 0)) == -1 ||
	    connect(fd, sa, len) == -1)
		err(1, "%s", where);
	if (sa->sa_family == AF_INET)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on,
		    sizeof(on));
	return (fd);
}

static void
request_make(const char *route, const char *file)
{
	static char	 body[MAX_BODY];
	const char	*token = getenv("DEFENSECLAW_GATEWAY_TOKEN");
	size_t		 len;
	FILE		*f;
	int		 n;

	if ((f = fopen(file, "r")) == NULL)
		err(1, "%s", file);
	if ((len = fread(body, 1, sizeof(body), f)) == 0 || !feof(f))
		errx(1, "%s: empty or too long", file);
	fclose(f);
	n = snprintf(request, sizeof(request), "POST %s HTTP/1.1\r\n"
	    "Host: 127.0.0.1\r\nAuthorization: Bearer %s\r\n"
	    "X-DefenseClaw-Client: bench\r\n"
	    "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
	    route, token != NULL ? token : "", len);
	memcpy(request + n, body, len);
	request_len = (size_t)n + len;
}

/* one request and its whole answer, which must be a verdict; ns */
static uint64_t
ask(int fd)
{
	static char	 buf[MAX_ANSWER + 1];
	char		*end, *cl;
	uint64_t	 start = now_ns();
	size_t		 len = 0, want = 0;
	ssize_t		 n;

	if (write(fd, request, request_len) != (ssize_t)request_len)
		err(1, "request");
	while (want == 0 || len < want) {
		if ((n = read(fd, buf + len, MAX_ANSWER - len)) <= 0)
			errx(1, "the connection is closed");
		len += (size_t)n;
		buf[len] = '\0';
		if (want == 0 && (end = strstr(buf, "\r\n\r\n")) != NULL) {
			if ((cl = strstr(buf, "Content-Length: ")) == NULL)
				errx(1, "no Content-Length");
			want = (size_t)(end - buf) + 4 +
			    strtoul(cl + 16, NULL, 10);
		}
	}
	if (strncmp(buf, "HTTP/1.1 200 ", 13) != 0)
		errx(1, "answer: %.300s", buf);
	return (now_ns() - start);
}

static void
print_samples(const char *what, uint64_t *samples, size_t n)
{
	printf("%s %zu %.1f %.1f\n", what, n, percentile(samples, n, 50),
	    percentile(samples, n, 99));
}

int
main(int argc, char *argv[])
{
	uint64_t	*asked, *floors;
	size_t		 i, k, n;
	int		 fd, disk;

	if (argc != 6 || (n = strtoul(argv[5], NULL, 10)) < TURN ||
	    n > MAX_REQUESTS)
		errx(1, "usage: client port|socket route body-file directory "
		    "requests");
	n -= n % TURN;
	if ((asked = calloc(n, sizeof(*asked))) == NULL ||
	    (floors = calloc(n, sizeof(*floors))) == NULL)
		err(1, NULL);
	request_make(argv[2], argv[3]);
	disk = floor_open(argv[4]);
	fd = client_connect(argv[1]);
	for (i = 0; i < TURN; i++) {
		(void)ask(fd);
		(void)floor_once(disk);
	}
	for (i = 0; i < n; i += TURN) {
		for (k = 0; k < TURN; k++)
			asked[i + k] = ask(fd);
		for (k = 0; k < TURN; k++)
			floors[i + k] = floor_once(disk);
	}
	print_samples("inspect", asked, n);
	print_samples("floor", floors, n);
	free(asked);
	free(floors);
	close(fd);
	close(disk);
	return (0);
}
