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

#ifndef CTL_PATHS_H
#define CTL_PATHS_H

#include <sys/types.h>
#include <limits.h>
#include <stddef.h>

#include "ctl/schema.h"

/*
 * Where things are.
 *
 *			system mode			user mode, below HOME
 *	confdir		/etc/defenseclaw		.
 *	config		/etc/defenseclaw/config.yaml	config.yaml
 *	secrets		/etc/defenseclaw/secrets	secrets
 *	policies	/etc/defenseclaw/policies	policies
 *	dotenv		/etc/defenseclaw/.env		.env
 *	state		/var/lib/defenseclaw		.
 *	audit		/var/lib/defenseclaw/audit	audit
 *	sign		/var/lib/defenseclaw/sign	sign
 *	sinks		/var/lib/defenseclaw/sinks	sinks
 *	spool		/var/lib/defenseclaw/spool.events spool.events
 *	device_key	/var/lib/defenseclaw/device.key	device.key
 *	device_pub	/var/lib/defenseclaw/device.pub	device.pub
 *	run		/run/defenseclaw		run
 *	log		/var/log/defenseclaw		log
 *
 * HOME is $DEFENSECLAW_HOME, else ~/.defenseclaw.  In user mode audit.db in
 * HOME is a link to audit/audit.db.  The prefixes of system mode are
 * DC_SYSCONFDIR, DC_LOCALSTATEDIR and DC_RUNDIR at compile time; tests build
 * with others.
 *
 * Programs and installed data are found beside the running program
 * (/proc/self/exe; without /proc, the name it was executed by): where a
 * defenseclawd lies next to it, that directory holds the programs and the
 * nearest etc/ at or above it the data, so a build tree and an unpacked
 * archive run in place.  Whoever can write there can replace the program
 * itself, so this trusts nobody new.  Otherwise DC_LIBEXECDIR and DC_DATADIR
 * hold.
 */

#define MAX_PATHS_ERR	512
#define MAX_SOCK_NAME	16	/* NAME in control/NAME.sock */

struct paths {
	int	 system;		/* mode */
	char	 home[MAX_CONF_PATH];	/* "" in system mode */
	char	 confdir[MAX_CONF_PATH];
	char	 config[MAX_CONF_PATH];
	char	 secrets[MAX_CONF_PATH];
	char	 policies[MAX_CONF_PATH];	/* guardrail/default below */
	char	 dotenv[MAX_CONF_PATH];
	char	 state[MAX_CONF_PATH];
	char	 audit[MAX_CONF_PATH];
	char	 audit_db[MAX_CONF_PATH];
	char	 sign[MAX_CONF_PATH];
	char	 sinks[MAX_CONF_PATH];	/* of file sinks, one each */
	char	 spool[MAX_CONF_PATH];	/* changes not recorded yet */
	char	 device_key[MAX_CONF_PATH];
	char	 device_pub[MAX_CONF_PATH];
	char	 run[MAX_CONF_PATH];
	char	 control[MAX_CONF_PATH];	/* run/control */
	char	 gateway_sock[MAX_CONF_PATH];
	char	 log[MAX_CONF_PATH];
	char	 libexec[PATH_MAX];	/* where the role programs are */
	char	 data[PATH_MAX];	/* policies/guardrail/ as installed */
};

enum paths_for {
	PATHS_SETUP,	/* init and start: uid 0 means system mode */
	PATHS_COMMAND,	/* any other: system mode where it is running */
	PATHS_SYSTEM	/* system mode, whatever user or environment say */
};

/*
 * Choose the mode and fill in every path.  user is the --user flag.  Reads
 * DEFENSECLAW_HOME and HOME.  Returns 0, or -1 with a reason (a home that is
 * not absolute, or too long for the sockets below it).
 */
int	paths_init(struct paths *, enum paths_for, int, char *, size_t);

/* guardrail.rule_pack_dir as configured, or the default below policies */
int	paths_rule_pack(const struct paths *, const struct conf *, char *,
	    size_t);

/* run/control/NAME.sock; fits a sun_path, -1 when the name is too long */
int	paths_control(const struct paths *, const char *, char *, size_t);

/* dir/name; -1 when it does not fit */
int	paths_join(char *, size_t, const char *, const char *);

#endif /* CTL_PATHS_H */
