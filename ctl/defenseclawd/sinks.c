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

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/defenseclawd/defenseclawd.h"

/*
 * Sinks and the judge: as many processes as the configuration names, each
 * with the files of its one endpoint.  Their content is never looked at here.
 */

#define MAX_CA_SIZE	(4 * 1024 * 1024)

/* where distributions keep the CAs that the host trusts */
static const char *const trust_stores[] = {
	"/etc/ssl/certs/ca-certificates.crt",	/* Debian, Alpine */
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",	/* RHEL */
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/ca-bundle.pem",		/* SUSE */
	"/etc/ssl/cert.pem",			/* Alpine */
};

/* what the resolver gets, and how it was when it did */
static const struct {
	enum start_fd_kind	 kind;
	const char		*path;
} dns_files[] = {
	{ SFD_RESOLV_CONF,	"/etc/resolv.conf" },
	{ SFD_HOSTS,		"/etc/hosts" },
};
#define NDNS	(sizeof(dns_files) / sizeof(dns_files[0]))

static struct held_file	 dns_read[NDNS];

static void
files_init(struct sink_files *f)
{
	f->records = f->token.fd = f->key.fd = f->ca.fd = f->cert.fd = -1;
}

void
sinks_init(struct setup *s)
{
	size_t	i;

	s->outbox = -1;
	for (i = 0; i < MAX_SINKS; i++)
		files_init(&s->sinks[i]);
	files_init(&s->judge);
}

static void
files_free(struct sink_files *f)
{
	int	 fds[] = { f->records, f->token.fd, f->key.fd, f->ca.fd,
		    f->cert.fd };
	size_t	 i;

	for (i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] != -1)
			close(fds[i]);
}

void
sinks_free(struct setup *s)
{
	size_t	i;

	if (s->outbox != -1)
		close(s->outbox);
	for (i = 0; i < MAX_SINKS; i++)
		files_free(&s->sinks[i]);
	files_free(&s->judge);
}

static int
is_string(const char *s, size_t size)
{
	return (memchr(s, '\0', size) != NULL);
}

static int
is_path(const char *s, size_t size)
{
	return (is_string(s, size) && (s[0] == '\0' || s[0] == '/'));
}

static int
files_valid(const struct plan_sink *s)
{
	return (is_string(s->name, sizeof(s->name)) && s->name[strspn(s->name,
	    "abcdefghijklmnopqrstuvwxyz0123456789_-")] == '\0' &&
	    is_string(s->secret, sizeof(s->secret)) &&
	    s->secret[0] != '.' && strchr(s->secret, '/') == NULL &&
	    is_path(s->ca_file, sizeof(s->ca_file)) &&
	    is_path(s->cert_file, sizeof(s->cert_file)) &&
	    is_path(s->key_file, sizeof(s->key_file)) &&
	    is_path(s->syslog, sizeof(s->syslog)) &&
	    s->wants_ca <= 1 && s->wants_dir <= 1 && s->wants_dns <= 1);
}

int
sinks_valid(const struct plan *pl)
{
	uint32_t	 i;

	if (pl->nsinks > MAX_SINKS || !files_valid(&pl->judge))
		return (0);
	for (i = 0; i < pl->nsinks; i++)
		if (!files_valid(&pl->sinks[i]) ||
		    pl->sinks[i].name[0] == '\0')
			return (0);
	return (1);
}

/* where a result of confc's about sinks belongs; NULL nowhere */
int *
sinks_blob(const struct blob *b)
{
	if (b->kind == BLOB_OUTBOX)
		return (&sup.next.outbox);
	if (b->role == ROLE_JUDGE)
		return (&sup.next.judge.records);
	if (b->index >= MAX_SINKS)
		return (NULL);
	return (&sup.next.sinks[b->index].records);
}

static int
ca_open(struct held_file *f, const struct plan_sink *ps)
{
	size_t	i;

	if (!ps->wants_ca)
		return (0);
	if (ps->ca_file[0] != '\0')
		return (held_cert(f, ps->ca_file, MAX_CA_SIZE));
	for (i = 0; i < sizeof(trust_stores) / sizeof(trust_stores[0]); i++)
		if (held_cert(f, trust_stores[i], MAX_CA_SIZE) == 0)
			break;
	sup.load_text[0] = '\0';
	return (0);	/* without one the sink itself says what to do */
}

static int
key_open(struct held_file *f, const char *path)
{
	char	 dir[MAX_SINK_PATH], *slash;

	strlcpy(dir, path, sizeof(dir));
	if ((slash = strrchr(dir, '/')) == NULL)
		return (-1);
	*slash = '\0';
	return (held_open(f, dir[0] == '\0' ? "/" : dir, slash + 1));
}

static int
files_open(const struct plan_sink *ps, struct sink_files *f)
{
	if (f->records == -1) {
		snprintf(sup.load_text, sizeof(sup.load_text), "the config "
		    "reader gave no records of %s", ps->name);
		return (-1);
	}
	if ((ps->secret[0] != '\0' &&
	    held_find(&f->token, ps->secret) == -1) ||
	    ca_open(&f->ca, ps) == -1 ||
	    (ps->cert_file[0] != '\0' &&
	    held_cert(&f->cert, ps->cert_file, MAX_CA_SIZE) == -1) ||
	    (ps->key_file[0] != '\0' && key_open(&f->key, ps->key_file) == -1))
		return (-1);
	return (0);
}

int
sinks_open(void)
{
	uint32_t	 i;

	for (i = 0; i < sup.next.plan.nsinks; i++)
		if (files_open(&sup.next.plan.sinks[i],
		    &sup.next.sinks[i]) == -1)
			return (-1);
	if (sup.next.plan.judge.name[0] == '\0')
		return (0);
	return (files_open(&sup.next.plan.judge, &sup.next.judge));
}

int
sink_index(const char *name)
{
	uint32_t	 i;

	for (i = 0; i < sup.now.plan.nsinks; i++)
		if (strcmp(sup.now.plan.sinks[i].name, name) == 0)
			return ((int)i);
	return (-1);
}

int
resolver_wanted(void)
{
	uint32_t	 i;

	for (i = 0; i < sup.now.plan.nsinks; i++)
		if (sup.now.plan.sinks[i].wants_dns)
			return (1);
	return (sup.now.plan.judge.wants_dns != 0);
}

static int
files_changed(const struct sink_files *a, const struct sink_files *b)
{
	return (!held_same(&a->token, &b->token) ||
	    !held_same(&a->key, &b->key) || !held_same(&a->ca, &b->ca) ||
	    !held_same(&a->cert, &b->cert));
}

int
judge_changed(void)
{
	return (memcmp(sup.now.plan.judge.digest, sup.next.plan.judge.digest,
	    sizeof(sup.now.plan.judge.digest)) != 0 ||
	    files_changed(&sup.now.judge, &sup.next.judge));
}

/* between what is in force and what comes */
int
sink_changed(const struct slot *s)
{
	uint32_t	 i;
	int		 was;

	if (s->sink[0] == '\0' || (was = sink_index(s->sink)) == -1)
		return (0);
	for (i = 0; i < sup.next.plan.nsinks; i++)
		if (strcmp(sup.next.plan.sinks[i].name, s->sink) == 0)
			break;
	if (i == sup.next.plan.nsinks)
		return (0);
	return (memcmp(sup.now.plan.sinks[was].digest,
	    sup.next.plan.sinks[i].digest,
	    sizeof(sup.now.plan.sinks[was].digest)) != 0 ||
	    files_changed(&sup.now.sinks[was], &sup.next.sinks[i]));
}

/*
 * A sink keeps its place as long as it is configured; a place whose process
 * still goes is not given away.
 */
void
sinks_assign(void)
{
	struct slot	*s, *free_slot;
	uint32_t	 n;
	unsigned int	 i;

	for (n = 0; n < sup.now.plan.nsinks; n++) {
		free_slot = NULL;
		for (i = 0; i < sup.nslots; i++) {
			s = &sup.slots[i];
			if (s->role != ROLE_SINK)
				continue;
			if (strcmp(s->sink, sup.now.plan.sinks[n].name) == 0)
				break;
			if (free_slot == NULL && (s->sink[0] == '\0' ||
			    (s->proc == NULL && sink_index(s->sink) == -1)))
				free_slot = s;
		}
		if (i < sup.nslots || free_slot == NULL)
			continue;
		s = free_slot;
		strlcpy(s->sink, sup.now.plan.sinks[n].name,
		    sizeof(s->sink));
		snprintf(s->instance, sizeof(s->instance), "sink.%s",
		    s->sink);
		s->quick = s->restarts = 0;
		s->replace = 0;
	}
}

static void
hand_own_dir(struct proc *p)
{
	int	fd;

	if ((fd = open(sup.paths.sinks, O_RDONLY | O_DIRECTORY | O_CLOEXEC |
	    O_NOFOLLOW)) == -1) {
		log_warnx("%s: %s: %s: run `defenseclawctl init'",
		    p->instance, sup.paths.sinks, strerror(errno));
		return;
	}
	spawn_hand(p, SFD_DIR, NULL, fd);
	close(fd);
}

void
sink_hand(struct proc *p)
{
	const struct plan_sink	*ps;
	const struct sink_files	*f;
	int			 i;

	if ((i = sink_index(p->slot->sink)) == -1)
		return;
	ps = &sup.now.plan.sinks[i];
	f = &sup.now.sinks[i];
	spawn_hand(p, SFD_RECORDS, NULL, f->records);
	spawn_hand(p, SFD_SECRET, ps->secret, f->token.fd);
	spawn_hand(p, SFD_SECRET, "client.key", f->key.fd);
	spawn_hand(p, SFD_CA, NULL, f->ca.fd);
	spawn_hand(p, SFD_CERT, NULL, f->cert.fd);
	if (ps->wants_dir)
		hand_own_dir(p);
}

void
judge_hand(struct proc *p)
{
	const struct sink_files	*f = &sup.now.judge;

	spawn_hand(p, SFD_RECORDS, NULL, f->records);
	spawn_hand(p, SFD_SECRET, sup.now.plan.judge.secret, f->token.fd);
	spawn_hand(p, SFD_CA, NULL, f->ca.fd);
}

/* before it is read, so that what changes meanwhile is seen as a change */
static void
dns_state(struct held_file *f, const char *path)
{
	struct stat	 st;

	memset(f, 0, sizeof(*f));
	if (stat(path, &st) == 0)
		held_state(f, &st);
}

void
resolver_hand(struct proc *p)
{
	size_t	i;
	int	fd;

	for (i = 0; i < NDNS; i++) {
		dns_state(&dns_read[i], dns_files[i].path);
		if ((fd = open(dns_files[i].path, O_RDONLY | O_NONBLOCK |
		    O_CLOEXEC)) == -1) {
			log_warn("%s: %s", p->instance, dns_files[i].path);
			continue;
		}
		spawn_hand(p, dns_files[i].kind, NULL, fd);
		close(fd);
	}
}

/* what the running one was handed is no longer what the host has */
int
resolver_changed(void)
{
	struct held_file	 f;
	size_t			 i;

	for (i = 0; i < NDNS; i++) {
		dns_state(&f, dns_files[i].path);
		if (!held_unchanged(&f, &dns_read[i]))
			return (1);
	}
	return (0);
}

/* before the first edge to a sink, and whenever it may have changed */
void
outbox_send(struct proc *p)
{
	int	fd;

	if (p->role != ROLE_AUDITD || p->state != PROC_READY ||
	    p->peer == NULL || sup.now.outbox == -1)
		return;
	if ((fd = fcntl(sup.now.outbox, F_DUPFD_CLOEXEC, 10)) == -1 ||
	    peer_send(p->peer, MSG_OUTBOX_CONF, 0, fd, NULL, 0) == -1)
		log_warn("%s: records of the sinks", p->instance);
}

/*
 * The host's own syslog socket for the sink that is configured for it.
 */
void
sink_syslog(struct proc *p)
{
	struct request_done	 done;
	struct sockaddr_un	 sun;
	const char		*path;
	int			 i, fd = -1;

	if (p->slot == NULL || (i = sink_index(p->slot->sink)) == -1 ||
	    sup.now.plan.sinks[i].syslog[0] == '\0')
		return;
	path = sup.now.plan.sinks[i].syslog;
	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	if (strlcpy(sun.sun_path, path, sizeof(sun.sun_path)) <
	    sizeof(sun.sun_path) && (fd = socket(AF_UNIX, SOCK_DGRAM |
	    SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) != -1 &&
	    connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0) {
		(void)peer_send(p->peer, MSG_SYSLOG, 0, fd, NULL, 0);
		return;
	}
	memset(&done, 0, sizeof(done));
	done.code = CTL_UPSTREAM;
	snprintf(done.text, sizeof(done.text), "%.200s: %s", path,
	    strerror(errno));
	if (fd != -1)
		close(fd);
	(void)peer_send(p->peer, MSG_REQUEST_DONE, 0, -1, &done,
	    sizeof(done));
}
