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
#include <sys/un.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/foreign.h"
#include "common/frame.h"
#include "common/utf8.h"
#include "common/waitfd.h"
#include "hook.h"

#define RETRY_STEP_MS	50
#define TOKEN_ENV	"DEFENSECLAW_GATEWAY_TOKEN"
#define MAX_ANSWER_HEAD	(16 * 1024)

/* 0, or -1 with errno; ETIMEDOUT past the deadline */
static int
await(int fd, int events, uint64_t deadline)
{
	int	n = wait_fd(fd, events, deadline);

	if (n == 0)
		errno = ETIMEDOUT;
	return (n == 1 ? 0 : -1);
}

/* -1 with errno */
static int
dial(const char *path, uint64_t deadline)
{
	struct sockaddr_un	sun;
	uint64_t		retry = clock_ms() + HOOK_RETRY_MS;
	int			fd;

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	if (strlcpy(sun.sun_path, path, sizeof(sun.sun_path)) >=
	    sizeof(sun.sun_path)) {
		errno = ENAMETOOLONG;
		return (-1);
	}
	for (;;) {
		if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC |
		    SOCK_NONBLOCK, 0)) == -1)
			return (-1);
		if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
			return (fd);
		/* EAGAIN: as many wait there as may */
		if ((errno != ENOENT && errno != ECONNREFUSED &&
		    errno != EAGAIN && errno != EINTR) ||
		    clock_ms() >= deadline || (errno != EAGAIN &&
		    clock_ms() >= retry)) {
			close(fd);
			return (-1);
		}
		close(fd);
		poll(NULL, 0, RETRY_STEP_MS);
	}
}

static int
is_suites(int fd, const struct paths *p, char err[MAX_HOOK_ERR])
{
	struct foreign	f;
	struct ucred	cred;
	socklen_t	len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == -1) {
		snprintf(err, MAX_HOOK_ERR, "%s: %s", p->gateway_sock,
		    strerror(errno));
		return (0);
	}
	if (cred.uid == 0 || (!p->system && cred.uid == geteuid()))
		return (1);
	/*
	 * In a container the host's root has no name: nobody in here can be
	 * the overflow uid to the kernel, so the socket is from outside.
	 */
	foreign_read(&f, "");
	if (p->system && foreign_is_overflow(&f, cred.uid) &&
	    foreign_inside())
		return (1);
	snprintf(err, MAX_HOOK_ERR, "%s was made by uid %u, not by root%s",
	    p->gateway_sock, (unsigned)cred.uid, p->system ? "" :
	    " or by you");
	return (0);
}

static int
send_all(int fd, const char *p, size_t len, uint64_t deadline)
{
	ssize_t	n;

	while (len > 0) {
		n = send(fd, p, len, MSG_NOSIGNAL);
		if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
			if (await(fd, POLLOUT, deadline) == -1)
				return (-1);
			continue;
		}
		/* a refusal on the head is still to be read */
		if (n == -1)
			return (errno == EPIPE || errno == ECONNRESET ? 0 :
			    -1);
		p += n;
		len -= (size_t)n;
	}
	return (0);
}

/* value of a header in a head that ends with an empty line; NULL without */
static const char *
header(const char *head, const char *name)
{
	const char	*line = head;
	size_t		 len = strlen(name);

	while ((line = strstr(line, "\r\n")) != NULL) {
		line += 2;
		if (strncasecmp(line, name, len) == 0 && line[len] == ':')
			return (line + len + 1 + strspn(line + len + 1, " "));
	}
	return (NULL);
}

/* status, or -1: no whole answer of ours */
static int
parse(struct wbuf *w, char **body, size_t *len)
{
	char		*head = (char *)w->data, *end;
	const char	*v;
	unsigned long	 want;
	int		 status;

	if ((end = memmem(head, w->len, "\r\n\r\n", 4)) == NULL ||
	    (size_t)(end - head) > MAX_ANSWER_HEAD)
		return (-1);
	end[2] = '\0';
	if (strlen(head) != (size_t)(end - head) + 2 ||
	    sscanf(head, "HTTP/1.1 %3d ", &status) != 1 ||
	    (v = header(head, "Content-Length")) == NULL)
		return (-1);
	want = strtoul(v, NULL, 10);
	end += 4;
	*len = w->len - (size_t)(end - head);
	if (*len != want || memchr(end, '\0', *len) != NULL ||
	    (*body = malloc(*len + 1)) == NULL)
		return (-1);
	memcpy(*body, end, *len);
	(*body)[*len] = '\0';
	return (status);
}

/* until the other side closes, as it was asked to */
static int
receive(int fd, uint64_t deadline, char **body, size_t *len)
{
	struct wbuf	w;
	char		buf[16384];
	ssize_t		n;
	int		status = -1;

	wbuf_init(&w, MAX_HOOK_ANSWER);
	for (;;) {
		n = recv(fd, buf, sizeof(buf), 0);
		if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
			if (await(fd, POLLIN, deadline) == -1)
				break;
			continue;
		}
		if (n > 0)
			wbuf_put(&w, buf, (size_t)n);
		if (n <= 0 || w.failed)
			break;
	}
	if (n == 0 && !w.failed && w.len != 0) {
		errno = EPROTO;
		status = parse(&w, body, len);
	} else if (n == 0)
		errno = ECONNRESET;
	wbuf_free(&w);
	return (status);
}

/*
 * Who is in no group of the suite, as in most containers, has a token
 * instead.  -1: what is there is none.
 */
static int
token_line(char *buf, size_t size)
{
	const char	*token = getenv(TOKEN_ENV);
	size_t		 i;

	buf[0] = '\0';
	if (token == NULL || token[0] == '\0')
		return (0);
	for (i = 0; token[i] != '\0'; i++)
		if (token[i] <= ' ' || token[i] >= 0x7f)
			return (-1);
	if ((size_t)snprintf(buf, size, "Authorization: Bearer %s\r\n",
	    token) >= size)
		return (-1);
	return (0);
}

static int
ask(const struct paths *p, const char *route, const char *body, size_t len,
    const char *token, uint64_t deadline, char **answer, size_t *alen,
    char err[MAX_HOOK_ERR])
{
	char	head[1024];
	int	fd, n, status = -1;

	if ((fd = dial(p->gateway_sock, deadline)) == -1) {
		snprintf(err, MAX_HOOK_ERR, "%s: %s%s", p->gateway_sock,
		    strerror(errno), errno == EACCES ? ": this user is not "
		    "in the group defenseclaw" : errno == ENOENT ||
		    errno == ECONNREFUSED ? ": the suite is not running" : "");
		return (-1);
	}
	if (!is_suites(fd, p, err)) {
		close(fd);
		return (-1);
	}
	n = snprintf(head, sizeof(head), "POST %s HTTP/1.1\r\n"
	    "Host: localhost\r\nX-DefenseClaw-Client: hook\r\n"
	    "Content-Type: application/json\r\nContent-Length: %zu\r\n"
	    "%sConnection: close\r\n\r\n", route, len, token);
	if (send_all(fd, head, (size_t)n, deadline) == 0 &&
	    send_all(fd, body, len, deadline) == 0)
		status = receive(fd, deadline, answer, alen);
	explicit_bzero(head, sizeof(head));
	if (status == -1)
		snprintf(err, MAX_HOOK_ERR, "gatewayd gave no whole answer: "
		    "%s", strerror(errno));
	close(fd);
	return (status);
}

int
hookask(const struct paths *p, const char *route, const char *body,
    size_t len, uint64_t deadline, char **answer, size_t *alen,
    char err[MAX_HOOK_ERR])
{
	char	token[512];
	int	status;

	if (token_line(token, sizeof(token)) == -1) {
		snprintf(err, MAX_HOOK_ERR, TOKEN_ENV " is no token");
		return (-1);
	}
	status = ask(p, route, body, len, token, deadline, answer, alen, err);
	/* one that is taken no more may be left over where none is needed */
	if (status == 401 && token[0] != '\0') {
		free(*answer);
		status = ask(p, route, body, len, "", deadline, answer, alen,
		    err);
	}
	explicit_bzero(token, sizeof(token));
	return (status);
}
