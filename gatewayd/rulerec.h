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

#ifndef GATEWAYD_RULEREC_H
#define GATEWAYD_RULEREC_H

#include <stddef.h>
#include <stdint.h>

/*
 * The rule records: what the reader of YAML hands to the compiler.  The
 * compiler trusts none of it.
 *
 *	magic[8] "DCRULES1", u32 version (1)
 *	records: u16 type, u16 zero, u32 length, that many bytes
 *	the last record is RULEREC_END: u32 number of records before it
 *
 * All integers little-endian; a string is u32 length and the bytes, valid
 * UTF-8 without NUL; a list is u32 count and the strings.
 *
 *	PACK	string name
 *	FILE	strings file, category: what the following records are of
 *	RULE	u32 line, u32 confidence in millionths, u8 severity, u8
 *		directions (IMAGE_DIR_*), u8 flags (IMAGE_CASELESS), u8 zero,
 *		strings id, title, pattern, list tags
 *	STRIP	u32 line, strings id, pattern, context, list applies_to
 *	SUPPRESS u32 line, strings id, finding_pattern, entity_pattern,
 *		condition, reason
 *	TOOLSUP	u32 line, strings tool_pattern, reason, list findings
 *	TOOL	u32 line, u32 min_entities, u8 result_inspection, u8
 *		judge_result, u8 zero, u8 zero, string name
 *	JUDGE	u32 line, u8 kind (common/judge.h), u8 enabled, u8
 *		min_categories_for_high, u8 single_category_max_severity
 *		(SEV_NONE: none), u8 flags (RULEREC_JUDGE_*), u8 zero[3],
 *		strings system_prompt, adjudication_prompt
 *	JUDGECAT u8 kind, u8 enabled, u8 severity in prompts, u8 in
 *		completions, strings name, finding_id
 *	VECTOR	u32 line, u8 direction (enum detect_direction), u8 whether it
 *		must match, u8 zero, u8 zero, strings rule, tool, text; these
 *		come with PACK, FILE and NOTE alone, never with rules
 *	NOTE	u32 line, u8 kind (enum rulenote_kind), u8 zero[3], strings
 *		id, reason
 *
 * What gatewayd needs for its judge it finds in the matcher image, again as
 * such records, but for these forms; patterns are those that PCRE2 is given,
 * each with its flags (common/detect/image.h), and what never applies is
 * left out:
 *
 *	STRIP	u32 kinds (bit per enum judge_kind), u32 flags, strings id,
 *		pattern
 *	SUPPRESS u32 condition (0 none, 1 is_epoch, 2 is_platform_id), u32
 *		flags of the finding's pattern, u32 of the entity's, strings
 *		id, finding_pattern as written, the same as an expression
 *		("": none), entity_pattern
 *	TOOLSUP	u32 flags, string tool_pattern, list findings
 *	TOOL	u32 min_entities, u8 result_inspection, u8 judge_result, u8
 *		zero, u8 zero, string name
 */

#define RULEREC_MAGIC		"DCRULES1"
#define RULEREC_MAGIC_LEN	8
#define RULEREC_VERSION		1

#define MAX_RULEREC_LEN		(16 * 1024 * 1024)	/* all records */
#define MAX_RULEREC_RECORDS	32768
#define MAX_RULEREC_STRING	(64 * 1024)		/* bytes of one */
#define MAX_RULEREC_LIST	256			/* strings of one */

enum rulerec_type {
	RULEREC_PACK = 1,
	RULEREC_FILE,
	RULEREC_RULE,
	RULEREC_STRIP,
	RULEREC_SUPPRESS,
	RULEREC_TOOLSUP,
	RULEREC_TOOL,
	RULEREC_NOTE,
	RULEREC_END,
	RULEREC_JUDGE,
	RULEREC_JUDGECAT,
	RULEREC_VECTOR
};

enum rulenote_kind {
	RULENOTE_WARNING = 1,	/* worth knowing: unknown key, replaced file */
	RULENOTE_SKIPPED,	/* a rule is not in force, and why */
	RULENOTE_DISABLED	/* a rule is switched off by its author */
};

/* the categories that follow take the place of those before */
#define RULEREC_JUDGE_CATEGORIES	0x01

/* Records while they are written.  After a failure nothing more happens. */
struct rulebuf {
	uint8_t	*data;
	size_t	 len;
	size_t	 size;
	size_t	 start;		/* where the open record's bytes begin */
	uint32_t count;
	int	 failed;	/* no memory, or over MAX_RULEREC_LEN */
};

/* Records while they are read.  After a failure everything reads as zero. */
struct rulecur {
	const uint8_t	*data;
	size_t		 len;
	size_t		 pos;
	int		 failed;
};

/* A zeroed struct is an empty buffer; a header begins the whole. */
void	rulebuf_header(struct rulebuf *);
void	rulebuf_end(struct rulebuf *);
void	rulebuf_append(struct rulebuf *, const struct rulebuf *);
void	rulebuf_free(struct rulebuf *);
void	rulebuf_copy(struct rulebuf *, enum rulerec_type, const void *,
	    size_t);
void	rulebuf_open(struct rulebuf *, enum rulerec_type);
void	rulebuf_close(struct rulebuf *);
void	rulebuf_u8(struct rulebuf *, unsigned int);
void	rulebuf_u32(struct rulebuf *, uint32_t);
void	rulebuf_str(struct rulebuf *, const char *);	/* NULL as "" */

/* Magic and version; -1: these are no records. */
int		 rulecur_header(struct rulecur *);
unsigned int	 rulecur_u8(struct rulecur *);
unsigned int	 rulecur_u16(struct rulecur *);
uint32_t	 rulecur_u32(struct rulecur *);
uint32_t	 rulecur_count(struct rulecur *); /* <= MAX_RULEREC_LIST */

/* A string as a pointer into the records; sets the length, no NUL. */
const char	*rulecur_str(struct rulecur *, size_t *);

#endif /* GATEWAYD_RULEREC_H */
