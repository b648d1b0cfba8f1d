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

#ifndef GATEWAYD_RULEMARKS_H
#define GATEWAYD_RULEMARKS_H

/*
 * Marks in patterns: \f, which stands before each command of a text with its
 * commands marked, and \v, which stands before each order of a text with its
 * sentences marked (common/detect/command.h, sentence.h).  Rules that ask for
 * a mark are matched on such texts only, rules that do not on plain text
 * only, and one whose alternatives differ on each, there with those that
 * matter.  Hence three small databases instead of a large one that is
 * searched three times.
 */

/*
 * The kinds of text (IMAGE_PLAIN, IMAGE_COMMAND, IMAGE_SENTENCE) in which a
 * pattern that rulesyntax() has translated can match.  Only \f and \v outside
 * of [] are marks.
 */
unsigned int	 rulemarks(const char *);

/*
 * The pattern without the alternatives that do not matter for the texts of
 * one kind; out has room for all of it.
 */
void		 rulemarks_part(const char *, unsigned int, char *);

#endif /* GATEWAYD_RULEMARKS_H */
