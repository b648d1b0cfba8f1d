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

#include <sys/timex.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"

/*
 * The host's clock: the times of the log are its times, and a receiver may
 * refuse what is old by its own.
 */

#define MAX_SKEW_MS	30000
#define MAX_PROC_NAME	64
#define JUDGE		"(judge)"	/* no sink has such a name */

static const struct {
	const char	*process;	/* as proc(5) has it, 15 characters */
	const char	*name;
	const char	*files[4];	/* the first that is there, NULL end */
} daemons[] = {
	{ "chronyd", "chrony", { "/etc/chrony/chrony.conf",
	    "/etc/chrony.conf", NULL } },
	{ "ntpd", "ntpd", { "/etc/ntpsec/ntp.conf", "/etc/ntp.conf", NULL } },
	{ "openntpd", "openntpd", { "/etc/openntpd/ntpd.conf",
	    "/etc/ntpd.conf", NULL } },
	{ "systemd-timesyn", "systemd-timesyncd", {
	    "/etc/systemd/timesyncd.conf", "/usr/lib/systemd/timesyncd.conf",
	    NULL } },
};
#define NDAEMONS	(sizeof(daemons) / sizeof(daemons[0]))

static void
check_kernel(struct doctor *d)
{
	struct timex	tx;
	int		state;

	memset(&tx, 0, sizeof(tx));
	if ((state = adjtimex(&tx)) == -1) {
		doc_say(d, DOC_SKIP, NULL, "the kernel does not say: %s",
		    strerror(errno));
		doc_do(d, "run doctor outside the container");
		return;
	}
	if (state != TIME_ERROR && (tx.status & STA_UNSYNC) == 0) {
		doc_say(d, DOC_PASS, NULL, "the kernel says that the clock "
		    "is kept, to within %ld ms", tx.maxerror / 1000);
		return;
	}
	doc_say(d, DOC_WARN, NULL, "the kernel says that nothing keeps the "
	    "clock");
	doc_do(d, "run chrony, ntpd or systemd-timesyncd against a server "
	    "of this network");
}

/* index of the first daemon that runs, or -1; *hidden: /proc shows nothing */
static int
running(int *hidden)
{
	const struct dirent	*de;
	char			 path[64], name[MAX_PROC_NAME];
	size_t			 i;
	int			 found = -1, seen = 0;
	DIR			*dp;

	*hidden = 1;
	if ((dp = opendir("/proc")) == NULL)
		return (-1);
	while (found == -1 && (de = readdir(dp)) != NULL) {
		if (de->d_name[strspn(de->d_name, "0123456789")] != '\0')
			continue;
		snprintf(path, sizeof(path), "/proc/%.20s/comm", de->d_name);
		if (doc_read(path, name, sizeof(name)) <= 0)
			continue;
		seen += atol(de->d_name) != getpid();
		name[strcspn(name, "\n")] = '\0';
		for (i = 0; i < NDAEMONS; i++)
			if (strcmp(name, daemons[i].process) == 0)
				found = (int)i;
	}
	closedir(dp);
	*hidden = seen <= 1;
	return (found);
}

/* words after "server", "pool", "peer", "NTP=" of a configuration */
static void
servers_of(const char *text, char *buf, size_t size)
{
	static const char *const words[] = { "server ", "servers ", "pool ",
	    "peer ", "NTP=" };
	const char	*p, *end;
	size_t		 i, len;

	buf[0] = '\0';
	for (p = text; *p != '\0'; p = *end != '\0' ? end + 1 : end) {
		end = p + strcspn(p, "\n");
		p += strspn(p, " \t");
		for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
			len = strlen(words[i]);
			if (strncmp(p, words[i], len) != 0)
				continue;
			p += len;
			len = strcspn(p, strcmp(words[i], "NTP=") == 0 ?
			    "\n" : " \t\n");
			if (strlen(buf) + len + 2 >= size)
				return;
			snprintf(buf + strlen(buf), size - strlen(buf),
			    "%s%.*s", buf[0] != '\0' ? " " : "", (int)len,
			    p);
			break;
		}
	}
}

static void
check_daemon(struct doctor *d)
{
	char	 text[32768], servers[512] = "";
	size_t	 j;
	int	 i, hidden;

	if ((i = running(&hidden)) == -1) {
		doc_say(d, hidden ? DOC_SKIP : DOC_WARN, NULL, hidden ?
		    "no other process is to be seen here" : "neither chrony, "
		    "ntpd nor systemd-timesyncd runs");
		doc_do(d, hidden ? "run doctor outside the container" :
		    "run one of them against a server of this network; "
		    "without one this clock drifts, and receivers may refuse "
		    "what is old by theirs");
		return;
	}
	for (j = 0; daemons[i].files[j] != NULL; j++) {
		if (doc_read(daemons[i].files[j], text, sizeof(text)) == -1)
			continue;
		servers_of(text, servers, sizeof(servers));
		doc_say(d, DOC_PASS, NULL, "%s runs, %s names %s",
		    daemons[i].name, daemons[i].files[j], servers[0] != '\0'
		    ? servers : "no server, so it has the defaults of the "
		    "distribution or those below it");
		return;
	}
	doc_say(d, DOC_PASS, NULL, "%s runs, and its configuration is not to "
	    "be seen", daemons[i].name);
}

/* whose: a receiver's name, or JUDGE */
static void
skew_one(struct doctor *d, const char *whose, const json_t *skew)
{
	long long	 ms = json_integer_value(skew);

	if (skew == NULL)
		return;
	if (ms > -MAX_SKEW_MS && ms < MAX_SKEW_MS) {
		doc_say(d, DOC_PASS, whose, "the clock there and ours differ "
		    "by %lld s", llabs(ms) / 1000);
		return;
	}
	doc_say(d, DOC_WARN, whose, "our clock is %lld s %s the one there",
	    llabs(ms / 1000), ms > 0 ? "ahead of" : "behind");
	doc_do(d, "see which of the two is right%s", strcmp(whose, JUDGE) ==
	    0 ? "; certificates are judged by ours" : "; what the receiver "
	    "refuses for its age is a sink.rejected event and waits as a "
	    "dead letter");
}

static void
check_skew(struct doctor *d)
{
	const json_t	*list = json_object_get(d->status, "sinks");
	const json_t	*j, *skew;
	size_t		 i;

	json_array_foreach(list, i, j) {
		skew = json_object_get(doc_named(d->tests, doc_str(j,
		    "name")), "skew_ms");
		skew_one(d, doc_str(j, "name"), skew != NULL ? skew :
		    json_object_get(j, "skew_ms"));
	}
	skew_one(d, JUDGE, json_object_get(json_array_get(d->judged, 0),
	    "skew_ms"));
}

const struct check doc_clock[] = {
	{ "clock.kernel", "the kernel's clock is kept", 0, 0, check_kernel },
	{ "clock.daemon", "chrony, ntpd or systemd-timesyncd runs, and "
	    "against what", 0, 0, check_daemon },
	{ "clock.skew", "every receiver and judge that says its time agrees "
	    "with ours", 0, 0, check_skew },
	{ NULL, NULL, 0, 0, NULL }
};
