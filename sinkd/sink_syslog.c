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

#include <stdio.h>
#include <string.h>

#include "common/version.h"
#include "sink.h"

/*
 * Syslog (RFC 5424), over a stream with octet counting (RFC 6587, 3.4.1;
 * over TLS RFC 5425).  The message is the row as the export format has it,
 * after structured data that lets a receiver find and count without reading
 * JSON.
 */

#define SD_ID	"defenseclaw@32473"	/* RFC 5612: example enterprise */
#define MAX_SYSLOG_HEAD	1024

/* RFC 5424, table 2 */
static const int	severities[SEV_COUNT] = { 6, 6, 5, 4, 3, 2 };

/* PRINTUSASCII without what a name may not hold; '-' when nothing is left */
static void
name(char *dst, size_t size, const char *src)
{
	size_t	 n = 0;

	for (; src != NULL && *src != '\0' && n + 1 < size; src++)
		dst[n++] = *src > 32 && *src < 127 && *src != '=' &&
		    *src != ']' && *src != '"' ? *src : '_';
	if (n == 0)
		dst[n++] = '-';
	dst[n] = '\0';
}

static int
syslog_event(const struct sink *s, const struct chain_row *row,
    struct wbuf *w, char *err, size_t errlen)
{
	static struct wbuf	 msg;
	static int		 ready;
	char			 head[MAX_SYSLOG_HEAD], count[32], msgid[33];
	char			 host[256], when[EVENT_TIME_SIZE], id[37];
	int			 n;

	if (row->ev.severity >= SEV_COUNT) {
		snprintf(err, errlen, "row %llu has no severity",
		    (unsigned long long)row->seq);
		return (-1);
	}
	if (!ready) {
		wbuf_init(&msg, MAX_SINK_EVENT);
		ready = 1;
	}
	wbuf_reset(&msg);
	event_time(row->ev.time_us, when);
	event_uuid(row->ev.id, id);
	name(msgid, sizeof(msgid), row->ev.field[EV_ACTION]);
	name(host, sizeof(host), s->hostname);
	n = snprintf(head, sizeof(head), "<%u>1 %s %s defenseclaw - %s ["
	    SD_ID " seq=\"%llu\" id=\"%s\" severity=\"%s\" version=\""
	    DC_VERSION "\"] ", s->rec.facility * 8 +
	    (unsigned int)severities[row->ev.severity], when, host, msgid,
	    (unsigned long long)row->seq, id,
	    severity_name(row->ev.severity));
	wbuf_put(&msg, head, (size_t)n);
	if (sink_row(row, &msg, err, errlen) == -1)
		return (-1);
	if (s->rec.transport != SINK_LOCAL) {
		n = snprintf(count, sizeof(count), "%zu ", msg.len);
		wbuf_put(w, count, (size_t)n);
	}
	wbuf_put(w, msg.data, msg.len);
	return (w->failed ? -1 : 0);
}

const struct sink_ops	sink_syslog = {
	SINK_SYSLOG, syslog_event, sink_concat, NULL, NULL
};
