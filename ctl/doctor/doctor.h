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

#ifndef CTL_DOCTOR_DOCTOR_H
#define CTL_DOCTOR_DOCTOR_H

#include <sys/types.h>

#include <jansson.h>
#include <stdint.h>

#include "common/chain.h"
#include "ctl/cmd.h"
#include "ctl/confparse.h"

/*
 * doctor: is everything in place, and does it work?  Each section is a file
 * and a table of checks in it.  A check runs in a process of its own with a
 * time limit, so that no file system, database or interpreter can hold up the
 * others; it looks and changes nothing.  What could be put right without
 * losing anything it says as a fix, which fix.c does with --fix.
 */

#define DOCTOR_SCHEMA	1	/* schema_version of --json */
#define MAX_DOC_TEXT	1024	/* bytes of a sentence */
#define MAX_DOC_ANSWER	(1024 * 1024)	/* of one check's findings */

enum doc_verdict {
	DOC_PASS,
	DOC_EXPECTED,		/* absent, as it should be */
	DOC_SKIP,		/* could not be looked at, and why */
	DOC_WARN,
	DOC_FAIL		/* something that should work does not */
};
#define DOC_VERDICTS	5
#define DOC_TLS_S	(30 * 86400)	/* certificates to be renewed */

struct doctor {
	const struct paths	*paths;
	int			 passive;	/* no traffic */

	int			 conf_rc;	/* CTL_OK: conf holds */
	char			 conf_err[MAX_CONF_MSG];
	struct conf		 conf;
	struct conf_report	 report;

	int			 alive;		/* suite_alive() */
	pid_t			 supervisor;
	int			 status_rc;	/* CTL_OK: auditd answered */
	char			 status_err[MAX_CTL_TEXT + 64];
	json_t			*status;	/* also when the signer did */
	json_t			*tests;		/* of sinks, NULL: not yet */
	json_t			*judged;	/* of the judge, the same */

	/* the check under way */
	json_t			*found;
	json_t			*last;
};

struct check {
	const char		*id;		/* "audit.chain"; NULL at end */
	const char		*what;		/* for help and manual */
	unsigned int		 seconds;	/* limit; 0: MAX_CHECK_S */
	enum doc_verdict	 late;		/* beyond it; 0: FAIL */
	void			(*run)(struct doctor *);
};
#define MAX_CHECK_S	10

struct section {
	const char		*name;		/* NULL at end */
	const struct check	*checks;
};

extern const struct section	 doc_sections[];
extern const struct check	 doc_binaries[], doc_config[],
	    doc_permissions[], doc_audit[], doc_device[], doc_processes[],
	    doc_sandbox[], doc_rules[], doc_scanners[], doc_sinks[],
	    doc_judge[], doc_hooks[], doc_clock[], doc_boundary[],
	    doc_ports[], doc_updates[], doc_upgrade[];

/* a finding: about what (or NULL), and one sentence of what was seen */
void	 doc_say(struct doctor *, enum doc_verdict, const char *,
	    const char *, ...) __attribute__((__format__(printf, 4, 5)));
/* one sentence of what to do about the last one */
void	 doc_do(struct doctor *, const char *, ...)
	    __attribute__((__format__(printf, 2, 3)));

/*
 * The last one can be put right: "mkdir", "chmod" (both with a mode), "chown"
 * or "unlink" (a socket that nobody listens on).  uid and gid -1 stay.
 */
void	 doc_fix(struct doctor *, const char *, const char *, mode_t, uid_t,
	    gid_t);

/* nothing bad was said yet by this check */
int	 doc_fine(const struct doctor *);

/* SKIP and 0 without a valid configuration; without an answer of auditd */
int	 doc_need_conf(struct doctor *);
int	 doc_need_status(struct doctor *);

/* members, "" and 0 when absent */
const char	*doc_str(const json_t *, const char *);
int64_t	 doc_int(const json_t *, const char *);
/* "2026-11-24T14:00:00..." in seconds since 1970; 0 for none */
time_t	 doc_seconds(const char *);
/* the sink's object in a list of such, or NULL */
const json_t	*doc_named(const json_t *, const char *);

/* the whole of a file of at most size - 1 bytes, with a NUL; -1 and errno */
ssize_t	 doc_read(const char *, char *, size_t);

/*
 * The device's public key, where it can be believed: 0, or -1 and why not.
 */
int	 doc_pubkey(const struct doctor *, uint8_t [CHAIN_KEY_LEN], char *,
	    size_t);

/*
 * audit.c: the audit database open to be read, or NULL after it was said why
 * not.  No file comes or changes by that.
 */
struct sqlite3;
struct sqlite3	*doc_db(struct doctor *);
/* the first number of a query's first row; -1 with err */
int	 doc_db_number(struct sqlite3 *, const char *, int64_t *, char *,
	    size_t);

/*
 * gather.c: the configuration, the suite's own word, tests of sinks; judge.c:
 * a test of the judge
 */
void	 doc_gather_conf(struct doctor *);
void	 doc_gather_suite(struct doctor *);
void	 doc_gather_tests(struct doctor *);
void	 doc_gather_judge(struct doctor *);


/* run.c: findings of a check, in a process of its own */
json_t	*doc_run(struct doctor *, const struct check *, uint64_t *);

/*
 * fix.c: does the fixes of a finding, or with dry only says which; appends
 * what came of each.  1 when something was changed.
 */
int	 doc_fix_all(const json_t *, int, json_t *);

#endif /* CTL_DOCTOR_DOCTOR_H */
