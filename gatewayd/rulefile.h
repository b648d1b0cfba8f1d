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

#ifndef GATEWAYD_RULEFILE_H
#define GATEWAYD_RULEFILE_H

#include "ruleyaml.h"
#include "rulerec.h"

/*
 * The kinds of file in a rule pack, each from YAML to records.  The counts
 * are of the whole pack.
 */

struct rulefile_counts {
	int	 rules;
	int	 suppressions;
	int	 tools;
	int	 patterns;
	int	 vectors;
};

#define MAX_RULEFILE_TEXT	4096	/* a title, a reason, an expression */
#define MAX_RULEFILE_SCALAR	(64 * 1024)
#define MAX_RULEFILE_ID		128	/* bytes with NUL; of a category too */
#define RULEFILE_LOCAL		"local-pattern"	/* category of the lists */

/*
 * One file: its name as in messages, the records of what it holds (a FILE
 * record comes before them), and for a rules file its category, which stays
 * empty for the other kinds.
 */
struct rulefile {
	char		 name[256];
	char		 category[MAX_RULEFILE_ID];
	struct rulebuf	 recs;
	struct rulebuf	 notes;
};

/* Each reads the whole document; errors are in the ruleyaml. */
void	rulefile_rules(struct ruleyaml *, struct rulefile *,
	    struct rulefile_counts *);
void	rulefile_local(struct ruleyaml *, struct rulefile *,
	    struct rulefile_counts *);
void	rulefile_suppressions(struct ruleyaml *, struct rulefile *,
	    struct rulefile_counts *);
void	rulefile_tools(struct ruleyaml *, struct rulefile *,
	    struct rulefile_counts *);

/* The reader of judge/NAME.yaml, or NULL: no such file is known. */
typedef void	rulefile_reader(struct ruleyaml *, struct rulefile *,
		    struct rulefile_counts *);
rulefile_reader	*rulejudge_reader(const char *);

/*
 * The n-th file that a pack has even without it, from 0: its name in a pack
 * and its text.  NULL: no more.  They are those of the pack "default".
 */
const char	*rulebuiltin(size_t, const char **);

/* What all readers do alike. */
void	rulefile_unknown(struct ruleyaml *, struct rulefile *,
	    const struct ruleyaml_map *);
void	rulefile_need_version(struct ruleyaml *, int);
int	rulefile_is_id(const char *);		/* letters, digits, . _ - */
int	rulefile_is_printable(const char *);
void	rulefile_note(struct rulefile *, enum rulenote_kind, uint32_t,
	    const char *, const char *, ...)
	    __attribute__((__format__(printf, 5, 6)));

#endif /* GATEWAYD_RULEFILE_H */
