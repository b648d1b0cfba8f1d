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

#include <sys/ioctl.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/json.h"
#include "rows.h"
#include "screen.h"
#include "tallies.h"
#include "watch.h"

#define WATCH_MS	2000	/* from one picture to the next */
#define WATCH_SLOW_MS	5000	/* on a line of 9600 baud or less */
#define WATCH_ROWS	1000	/* of the log, that one answer holds */
#define BACK_PAGES	10	/* of earlier rows, answers for one picture */
#define SINCE_US	(600 * 1000000ULL)	/* unless --since says it */
#define SHOWN_RULES	5
#define SHOWN_ALERTS	5

struct alert {
	uint64_t	seq;
	char		line[MAX_SCREEN_COLS + 1];
};

struct watch {
	struct screen	 screen;
	struct tallies	 rules;		/* of every row from since_us on */
	uint64_t	 since_us;
	char		 since[EVENT_TIME_SIZE];
	uint64_t	 back;		/* rows before it are to come; or 0 */
	uint64_t	 taken;		/* rows of one answer */
	struct alert	 alerts[SHOWN_ALERTS];	/* newest first */
	struct alert	 found[SHOWN_ALERTS];	/* of the rows just read */
	size_t		 nfound;
	uint64_t	 last_seq;
	uint64_t	 newest;
	long		 verdicts;	/* as they were at that time */
	long		 blocked;
	uint64_t	 at_ms;
	double		 rate;
	double		 block_rate;
};

static volatile sig_atomic_t	 stop, resized;

static void
on_signal(int sig)
{
	if (sig == SIGWINCH || sig == SIGCONT)
		resized = 1;
	else
		stop = 1;
}

static long
integer(const json_t *j, const char *member)
{
	return ((long)json_integer_value(json_object_get(j, member)));
}

/* --- the log -------------------------------------------------------------- */

static void
count_rules(struct watch *w, const json_t *row)
{
	const char	*details = json_str(row, "details");
	char		 err[MAX_JSON_ERR];
	json_t		*d, *id;
	size_t		 i;

	if (details == NULL ||
	    (d = json_strict(details, strlen(details), err)) == NULL)
		return;
	json_array_foreach(json_object_get(d, "rule_ids"), i, id)
		if (json_is_string(id))
			tallies_add(&w->rules, json_string_value(id));
	json_decref(d);
}

static int
take_row(const char *text, size_t len, void *arg)
{
	struct watch	*w = arg;
	struct alert	*a;
	char		 err[MAX_JSON_ERR], about[MAX_ROW_ABOUT];
	const char	*sev;
	uint64_t	 seq;
	json_t		*row;

	if ((row = json_strict(text, len, err)) == NULL)
		return (CTL_FAILURE);
	seq = (uint64_t)json_integer_value(json_object_get(row, "seq"));
	w->taken++;
	if (seq > w->newest)
		w->newest = seq;
	/* times of this form sort as texts do */
	if (strcmp(row_text(row, "timestamp"), w->since) >= 0)
		count_rules(w, row);
	sev = row_text(row, "severity");
	if (strcmp(sev, "INFO") != 0 && strcmp(sev, "NONE") != 0 &&
	    w->nfound < SHOWN_ALERTS) {
		a = &w->found[w->nfound++];
		row_about(row, about, sizeof(about));
		snprintf(a->line, sizeof(a->line), "%8llu %.19sZ %-8s "
		    "%.32s %.40s %.40s", (unsigned long long)seq,
		    row_text(row, "timestamp"), sev, row_text(row, "action"),
		    row_text(row, "target"), about);
	}
	json_decref(row);
	return (CTL_OK);
}

/* one answer's rows, newest first; 0, or where to go on */
static int
take_page(struct watch *w, struct client *cl, uint64_t since,
    uint64_t since_us, uint64_t *before)
{
	struct audit_list	al;
	int			rc;

	memset(&al, 0, sizeof(al));
	al.since = since;
	al.before = *before;
	al.since_us = since_us;
	al.limit = WATCH_ROWS;
	w->taken = 0;
	rc = client_send(cl, MSG_CTL_AUDIT_LIST, &al, sizeof(al), NULL, 0);
	if (rc == CTL_OK)
		rc = client_answer(cl, take_row, w);
	*before = cl->next;
	return (rc);
}

/* what is new; of what is not, only the first time, where the rest begins */
static int
take_new(struct watch *w, struct client *cl)
{
	uint64_t	before = 0;
	size_t		keep;
	int		rc, first = w->last_seq == 0;

	w->nfound = 0;
	w->newest = w->last_seq;
	do
		rc = take_page(w, cl, w->last_seq, 0, &before);
	while (rc == CTL_OK && !first && before != 0 && !stop);
	if (first)
		w->back = before;
	w->last_seq = w->newest;
	keep = SHOWN_ALERTS - w->nfound;
	memmove(w->alerts + w->nfound, w->alerts, keep *
	    sizeof(w->alerts[0]));
	memcpy(w->alerts, w->found, w->nfound * sizeof(w->alerts[0]));
	return (rc);
}

/*
 * The period's rows from before the first picture, some for each, so that a
 * long log holds up none.  Rows come by and large in the order of time: an
 * answer without one ends it.
 */
static void
take_earlier(struct watch *w, struct client *cl)
{
	size_t	had = w->nfound;
	int	n;

	for (n = 0; n < BACK_PAGES && w->back != 0 && !stop; n++) {
		/* alerts are of the newest rows alone */
		w->nfound = SHOWN_ALERTS;
		if (take_page(w, cl, 0, w->since_us, &w->back) != CTL_OK)
			break;
		if (w->taken == 0)
			w->back = 0;
	}
	w->nfound = had;
}

static void
look_at_log(struct watch *w, const struct paths *p)
{
	struct client	 cl;

	if (client_open(&cl, p, "auditd") == CTL_OK &&
	    take_new(w, &cl) == CTL_OK)
		take_earlier(w, &cl);
	client_close(&cl);
}

/* --- the picture ---------------------------------------------------------- */

static void
rates(struct watch *w, const json_t *s)
{
	const json_t	*p, *f;
	uint64_t	 now = clock_ms();
	long		 verdicts = 0, blocked = 0;
	double		 sec;
	size_t		 i;

	json_array_foreach(json_object_get(s, "processes"), i, p)
		if (strcmp(row_text(p, "role"), "gatewayd") == 0 &&
		    (f = json_object_get(p, "figures")) != NULL) {
			verdicts += integer(f, "verdicts");
			blocked += integer(f, "blocked");
		}
	sec = (double)(now - w->at_ms) / 1000;
	w->rate = w->block_rate = 0;
	/* a worker that was replaced begins anew */
	if (w->at_ms != 0 && sec > 0 && verdicts >= w->verdicts &&
	    blocked >= w->blocked) {
		w->rate = (double)(verdicts - w->verdicts) / sec;
		w->block_rate = (double)(blocked - w->blocked) / sec;
	}
	w->verdicts = verdicts;
	w->blocked = blocked;
	w->at_ms = now;
}

static void
draw_processes(struct screen *sc, const json_t *s)
{
	const json_t	*p;
	size_t		 i;

	screen_line(sc, "%-20s %8s %-9s %10s %8s %9s", "PROCESS", "PID",
	    "STATE", "UPTIME s", "RESTARTS", "RSS K");
	json_array_foreach(json_object_get(s, "processes"), i, p)
		screen_line(sc, "%-20.40s %8ld %-9.9s %10ld %8ld %9ld",
		    row_text(p, "instance"), integer(p, "pid"),
		    row_text(p, "state"), integer(p, "uptime_s"),
		    integer(p, "restarts"), integer(json_object_get(p,
		    "kernel"), "rss_kb"));
}

static void
draw_sinks(struct screen *sc, const json_t *sinks)
{
	const json_t	*j;
	size_t		 i;

	if (json_array_size(sinks) == 0)
		return;
	screen_line(sc, "%s", "");
	screen_line(sc, "%-20s %-10s %-10s %10s %8s %6s", "SINK", "KIND",
	    "CIRCUIT", "LAG rows", "LAG s", "DEAD");
	json_array_foreach(sinks, i, j)
		screen_line(sc, "%-20.40s %-10.10s %-10.10s %10ld %8ld %6ld",
		    row_text(j, "name"), row_text(j, "kind"),
		    !json_is_true(json_object_get(j, "enabled")) ?
		    "disabled" : row_text(j, "circuit"), integer(j,
		    "lag_events"), integer(j, "lag_seconds"), integer(j,
		    "dead_letters"));
}

static void
draw_log(struct watch *w)
{
	struct screen		*sc = &w->screen;
	const struct one_tally	*top[SHOWN_RULES];
	char			 so_far[64] = "";
	size_t			 i, n;

	n = tallies_top(&w->rules, top, SHOWN_RULES);
	if (w->back != 0)
		snprintf(so_far, sizeof(so_far), ", back to row %llu so far",
		    (unsigned long long)w->back);
	screen_line(sc, "%s", "");
	screen_line(sc, "TOP RULES since %.19sZ%s%s", w->since, so_far, n == 0 ?
	    ": none" : "");
	for (i = 0; i < n; i++)
		screen_line(sc, "%8llu %s", (unsigned long long)top[i]->n,
		    top[i]->name);
	screen_line(sc, "%s", "");
	screen_line(sc, "LAST ALERTS%s", w->alerts[0].line[0] == '\0' ?
	    ": none" : "");
	for (i = 0; i < SHOWN_ALERTS && w->alerts[i].line[0] != '\0'; i++)
		screen_line(sc, "%s", w->alerts[i].line);
}

static void
draw(struct watch *w, const struct paths *paths)
{
	struct screen	*sc = &w->screen;
	struct client	 cl;
	const json_t	*st;
	time_t		 now = time(NULL);
	json_t		*s;
	char		 when[32];
	int		 rc;

	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
	s = status_gather(paths, &cl, &rc);
	screen_begin(sc);
	screen_line(sc, "DefenseClaw %s  %s mode  %s  q quits", s != NULL ?
	    row_text(s, "version") : "", paths->system ? "system" : "user",
	    when);
	if (s == NULL)
		screen_line(sc, "%s", cl.err);
	else {
		look_at_log(w, paths);
		rates(w, s);
		st = json_object_get(s, "store");
		screen_line(sc, "log %s, row %ld, %ld unsealed, signer %s, "
		    "room %s %ld MiB", json_is_true(json_object_get(st,
		    "ok")) ? "ok" : row_text(st, "why"), integer(st,
		    "last_seq"), integer(st, "unsealed"), json_is_true(
		    json_object_get(st, "signer")) ? "connected" : "away",
		    row_text(json_object_get(st, "space"), "level"),
		    integer(json_object_get(st, "space"), "room_bytes") >>
		    20);
		screen_line(sc, "verdicts %.1f/s, blocked %.1f/s, in all "
		    "%ld and %ld", w->rate, w->block_rate, w->verdicts,
		    w->blocked);
		screen_line(sc, "%s", "");
		draw_processes(sc, s);
		draw_sinks(sc, json_object_get(s, "sinks"));
		draw_log(w);
	}
	json_decref(s);
	screen_end(sc, stdout);
}

/* --- the terminal --------------------------------------------------------- */

static void
measure(struct screen *sc)
{
	struct winsize	ws;

	memset(&ws, 0, sizeof(ws));
	(void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws);
	/* a serial line says nothing */
	screen_size(sc, ws.ws_row != 0 ? ws.ws_row : 24, ws.ws_col != 0 ?
	    ws.ws_col : 80);
}

/* no echo, and keys one by one; signals stay what they are */
static int
raw(struct termios *was)
{
	struct termios	t;

	if (tcgetattr(STDIN_FILENO, was) == -1)
		return (-1);
	t = *was;
	t.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	return (tcsetattr(STDIN_FILENO, TCSANOW, &t));
}

/* 1 when it is time to go */
static int
wait_key(int ms)
{
	struct pollfd	pfd = { STDIN_FILENO, POLLIN, 0 };
	struct timespec	ts = { ms / 1000, ms % 1000 * 1000000L };
	sigset_t	none;
	char		key;
	int		n;

	/* our signals are blocked elsewhere, so that none is missed */
	sigemptyset(&none);
	if ((n = ppoll(&pfd, 1, &ts, &none)) <= 0)
		return (stop || (n == -1 && errno != EINTR));
	if (read(STDIN_FILENO, &key, 1) != 1)
		return (1);
	return (stop || key == 'q' || key == 'Q' || key == 4);
}

int
watch_status(struct ctl *c)
{
	static const int	 signals[] = { SIGINT, SIGTERM, SIGHUP,
	    SIGWINCH, SIGCONT };
	static struct watch	 w;
	struct sigaction	 sa;
	sigset_t		 ours;
	size_t			 i;
	struct termios		 was, again;
	int			 ms = WATCH_MS;

	w.since_us = clock_wall_us() - SINCE_US;
	if (rows_time(c, O_SINCE, &w.since_us) == -1)
		return (CTL_USAGE);
	event_time(w.since_us, w.since);
	if (out_json || !isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO))
		return (out_fail(CTL_USAGE, "--watch draws on a terminal: "
		    "use status --json for a program"));
	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = on_signal;
	sigemptyset(&ours);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		sigaddset(&ours, signals[i]);
		sigaction(signals[i], &sa, NULL);
	}
	sigprocmask(SIG_BLOCK, &ours, NULL);
	if (raw(&was) == -1)
		return (out_fail(CTL_FAILURE, "terminal: %s",
		    strerror(errno)));
	if (cfgetospeed(&was) != B0 && cfgetospeed(&was) <= B9600)
		ms = WATCH_SLOW_MS;
	resized = 1;
	do {
		if (resized) {
			resized = 0;
			(void)raw(&again);
			measure(&w.screen);
		}
		draw(&w, &c->paths);
	} while (!stop && !wait_key(ms));
	screen_leave(&w.screen, stdout);
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &was);
	return (CTL_OK);
}
