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

#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "html.h"
#include "output.h"

#define CHART_WIDTH	720
#define CHART_HEIGHT	160
#define BAR_WIDTH	200

static const char style[] =
    "body{font:15px/1.5 sans-serif;color:#1b1f24;background:#fff;"
    "max-width:56rem;margin:2rem auto;padding:0 1rem}"
    "h1{font-size:1.6rem;margin:0 0 .2rem}"
    "h2{font-size:1.15rem;margin:2rem 0 .6rem;border-bottom:1px solid #d0d7de;"
    "padding-bottom:.2rem}"
    "table{border-collapse:collapse;width:100%}"
    "th{text-align:left;font-weight:600;color:#57606a}"
    "th,td{padding:.25rem .8rem .25rem 0;border-bottom:1px solid #eaeef2;"
    "vertical-align:top;overflow-wrap:anywhere}"
    "pre{background:#f6f8fa;padding:.8rem;white-space:pre-wrap;"
    "overflow-wrap:anywhere}"
    "svg{display:block}text{font:12px sans-serif;fill:#57606a}";

static const char *const colours[MAX_HTML_SERIES] = { "#2da44e", "#d4a72c",
    "#cf222e", "#8250df" };

void
html_text(FILE *f, const char *s)
{
	size_t	n;

	for (; *s != '\0'; s++)
		switch (*s) {
		case '&':
			fputs("&amp;", f);
			break;
		case '<':
			fputs("&lt;", f);
			break;
		case '>':
			fputs("&gt;", f);
			break;
		case '"':
			fputs("&quot;", f);
			break;
		case '\'':
			fputs("&#39;", f);
			break;
		default:
			n = 1;
			if ((unsigned char)*s < ' ' || ((unsigned char)*s >=
			    0x7f && out_obeyed(s, strnlen(s, 3),
			    &n) != 0)) {
				fputs("&#xfffd;", f);
				s += n - 1;
			} else
				putc(*s, f);
		}
}

static void
text_va(FILE *f, const char *fmt, va_list ap)
{
	char	*text;

	if (vasprintf(&text, fmt, ap) == -1)
		fatal("report");
	html_text(f, text);
	free(text);
}

/* the policy names the one style there is, CSP level 2 */
void
html_begin(FILE *f, const char *title)
{
	unsigned char	hash[crypto_hash_sha256_BYTES];
	char		b64[sodium_base64_ENCODED_LEN(sizeof(hash),
			    sodium_base64_VARIANT_ORIGINAL)];

	crypto_hash_sha256(hash, (const unsigned char *)style,
	    sizeof(style) - 1);
	sodium_bin2base64(b64, sizeof(b64), hash, sizeof(hash),
	    sodium_base64_VARIANT_ORIGINAL);
	fprintf(f, "<!DOCTYPE html>\n<html lang=\"en\"><head>"
	    "<meta charset=\"utf-8\">\n<meta http-equiv="
	    "\"Content-Security-Policy\" content=\"default-src 'none'; "
	    "style-src 'sha256-%s'; base-uri 'none'; form-action 'none'\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width\">\n"
	    "<meta name=\"referrer\" content=\"no-referrer\">\n<title>", b64);
	html_text(f, title);
	fprintf(f, "</title>\n<style>%s</style></head><body>\n<h1>", style);
	html_text(f, title);
	fputs("</h1>\n", f);
}

void
html_end(FILE *f)
{
	fputs("</body></html>\n", f);
}

void
html_section(FILE *f, const char *title)
{
	fputs("<h2>", f);
	html_text(f, title);
	fputs("</h2>\n", f);
}

void
html_para(FILE *f, const char *fmt, ...)
{
	va_list	 ap;

	fputs("<p>", f);
	va_start(ap, fmt);
	text_va(f, fmt, ap);
	va_end(ap);
	fputs("</p>\n", f);
}

void
html_table(FILE *f, const char *const *heads)
{
	fputs("<table><tr>", f);
	for (; *heads != NULL; heads++) {
		fputs("<th>", f);
		html_text(f, *heads);
		fputs("</th>", f);
	}
	fputs("</tr>\n", f);
}

void
html_row(FILE *f)
{
	fputs("<tr>", f);
}

void
html_cell(FILE *f, const char *fmt, ...)
{
	va_list	 ap;

	fputs("<td>", f);
	va_start(ap, fmt);
	text_va(f, fmt, ap);
	va_end(ap);
	fputs("</td>", f);
}

void
html_row_end(FILE *f)
{
	fputs("</tr>\n", f);
}

void
html_table_end(FILE *f)
{
	fputs("</table>\n", f);
}

void
html_bar(FILE *f, uint64_t value, uint64_t most)
{
	fprintf(f, "<td><svg width=\"%d\" height=\"14\" role=\"img\">"
	    "<rect y=\"2\" width=\"%.1f\" height=\"10\" fill=\"#0969da\"/>"
	    "</svg></td>", BAR_WIDTH, most == 0 ? 0.0 : (double)value *
	    BAR_WIDTH / (double)most);
}

static void
chart_legend(FILE *f, const char *const *names, int series)
{
	int	i;

	for (i = 0; i < series; i++) {
		fprintf(f, "<rect x=\"%d\" y=\"0\" width=\"10\" height="
		    "\"10\" fill=\"%s\"/><text x=\"%d\" y=\"10\">", i * 90,
		    colours[i], i * 90 + 15);
		html_text(f, names[i]);
		fputs("</text>", f);
	}
}

void
html_chart(FILE *f, const uint64_t (*v)[MAX_HTML_SERIES], int n,
    const char *const *names, int series, const char *from, const char *to)
{
	uint64_t	 most = 1, sum;
	double		 w = (double)CHART_WIDTH / n, h, y;
	int		 i, k;

	for (i = 0; i < n; i++) {
		for (k = 0, sum = 0; k < series; k++)
			sum += v[i][k];
		if (sum > most)
			most = sum;
	}
	fprintf(f, "<svg viewBox=\"0 0 %d %d\" role=\"img\">", CHART_WIDTH,
	    CHART_HEIGHT + 60);
	chart_legend(f, names, series);
	fprintf(f, "<text x=\"%d\" y=\"10\" text-anchor=\"end\">at most %llu"
	    "</text>", CHART_WIDTH, (unsigned long long)most);
	for (i = 0; i < n; i++) {
		y = CHART_HEIGHT + 20;
		for (k = 0; k < series; k++) {
			h = (double)v[i][k] * CHART_HEIGHT / (double)most;
			if (v[i][k] == 0)
				continue;
			y -= h;
			fprintf(f, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f"
			    "\" height=\"%.1f\" fill=\"%s\"/>", i * w, y,
			    w - 1, h, colours[k]);
		}
	}
	fprintf(f, "<path d=\"M0 %dH%d\" stroke=\"#57606a\"/>",
	    CHART_HEIGHT + 20, CHART_WIDTH);
	fprintf(f, "<text x=\"0\" y=\"%d\">", CHART_HEIGHT + 36);
	html_text(f, from);
	fprintf(f, "</text><text x=\"%d\" y=\"%d\" text-anchor=\"end\">",
	    CHART_WIDTH, CHART_HEIGHT + 36);
	html_text(f, to);
	fputs("</text></svg>\n", f);
}
