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

#include <sys/stat.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel.h"

#define MAX_PROC_STATUS	8192

static ssize_t
read_proc(long pid, const char *name, char *buf, size_t size)
{
	char	path[64];
	ssize_t	n;
	int	fd;

	snprintf(path, sizeof(path), "/proc/%ld/%s", pid, name);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return (-1);
	n = read(fd, buf, size - 1);
	close(fd);
	if (n >= 0)
		buf[n] = '\0';
	return (n);
}

/* the value of "Name:\t..." in /proc/PID/status, proc(5); "" when absent */
static const char *
proc_value(const char *text, const char *name)
{
	const char	*p = text;
	size_t		 len = strlen(name);

	while (p != NULL) {
		if (strncmp(p, name, len) == 0 && p[len] == ':') {
			p += len + 1;
			return (p + strspn(p, " \t"));
		}
		if ((p = strchr(p, '\n')) != NULL)
			p++;
	}
	return ("");
}

/* is the namespace another one than that of process 1, or else ours */
static int
own_namespace(long pid, const char *ns)
{
	char	path[64], mine[64], host[64];
	ssize_t	n, h;

	snprintf(path, sizeof(path), "/proc/%ld/ns/%s", pid, ns);
	if ((n = readlink(path, mine, sizeof(mine))) <= 0)
		return (-1);
	snprintf(path, sizeof(path), "/proc/1/ns/%s", ns);
	if ((h = readlink(path, host, sizeof(host))) <= 0) {
		snprintf(path, sizeof(path), "/proc/self/ns/%s", ns);
		if ((h = readlink(path, host, sizeof(host))) <= 0)
			return (-1);
	}
	return (n != h || memcmp(mine, host, (size_t)n) != 0);
}

/* is the root directory another one than ours */
static int
own_root(long pid)
{
	struct stat	theirs, ours;
	char		path[64];

	snprintf(path, sizeof(path), "/proc/%ld/root/.", pid);
	if (stat(path, &theirs) == -1 || stat("/", &ours) == -1)
		return (-1);
	return (theirs.st_dev != ours.st_dev ||
	    theirs.st_ino != ours.st_ino);
}

void
kernel_says(struct kernel *k, long pid, long parent)
{
	char	text[MAX_PROC_STATUS];

	memset(k, 0, sizeof(*k));
	if (pid <= 0 || read_proc(pid, "status", text, sizeof(text)) <= 0 ||
	    (parent != 0 && atol(proc_value(text, "PPid")) != parent))
		return;
	k->seen = 1;
	k->seccomp = atoi(proc_value(text, "Seccomp"));
	k->filters = proc_value(text, "Seccomp_filters")[0] != '\0' ?
	    atoi(proc_value(text, "Seccomp_filters")) : -1;
	k->no_new_privs = atoi(proc_value(text, "NoNewPrivs"));
	k->cap_eff = strtoull(proc_value(text, "CapEff"), NULL, 16);
	k->uid = strtoul(proc_value(text, "Uid"), NULL, 10);
	k->rss_kb = strtoul(proc_value(text, "VmRSS"), NULL, 10);
	k->netns = own_namespace(pid, "net");
	k->root = own_root(pid);
}
