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

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/version.h"

/* for what(1), and for doctor, which runs no program to know its version */
static const char log_what[] __attribute__((__used__)) =
		    "@(#)DefenseClaw " DC_VERSION;

static char	 log_name[32] = "defenseclaw";
static int	 log_verbose;
static void	(*log_sink)(enum log_level, const char *);

/*
 * Name of the program for standard error, and whether log_debug() speaks.
 */
void
log_init(const char *name, int verbose)
{
	strlcpy(log_name, name, sizeof(log_name));
	log_verbose = verbose;
}

void
log_set_sink(void (*sink)(enum log_level, const char *))
{
	log_sink = sink;
}

/*
 * Opens /dev/null where a program was started with descriptor 0, 1 or 2
 * closed: the next file it opened would be the one that lines are written to.
 * -1 with errno when one is closed and there is no /dev/null.
 */
int
log_std_fds(void)
{
	int	 fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) == -1 &&
		    open("/dev/null", O_RDWR) == -1)
			return (-1);
	return (0);
}

/*
 * Copies len bytes so that no terminal, log file or line reader can be
 * fooled: control bytes, DEL, backslash and bytes above 0x7e become \ooo or
 * \n, \r, \t, \\.  Always terminates; returns the length written.
 */
size_t
log_escape(char *dst, size_t size, const char *src, size_t len)
{
	static const char	 named[] = "abtnvfr";
	size_t			 i, o = 0;
	unsigned char		 c;

	if (size == 0)
		return (0);
	for (i = 0; i < len; i++) {
		c = (unsigned char)src[i];
		if (c >= 0x20 && c < 0x7f && c != '\\') {
			if (o + 1 >= size)
				break;
			dst[o++] = c;
		} else if (c == '\\' || (c >= 0x07 && c <= 0x0d)) {
			if (o + 2 >= size)
				break;
			dst[o++] = '\\';
			dst[o++] = c == '\\' ? '\\' : named[c - 0x07];
		} else {
			if (o + 4 >= size)
				break;
			dst[o++] = '\\';
			dst[o++] = '0' + (c >> 6);
			dst[o++] = '0' + ((c >> 3) & 7);
			dst[o++] = '0' + (c & 7);
		}
	}
	dst[o] = '\0';
	return (o);
}

static void __attribute__((__format__(printf, 3, 0)))
log_emit(enum log_level level, int error, const char *fmt, va_list ap)
{
	char	raw[MAX_LOG_LINE], line[MAX_LOG_LINE + 64];
	char	esc[MAX_LOG_LINE];
	int	saved = errno, n;

	n = vsnprintf(raw, sizeof(raw), fmt, ap);
	if (n < 0)
		strlcpy(raw, "unprintable message", sizeof(raw));
	if (error != 0) {
		strlcat(raw, ": ", sizeof(raw));
		strlcat(raw, strerror(error), sizeof(raw));
	}
	log_escape(esc, sizeof(esc), raw, strlen(raw));
	if (log_sink != NULL)
		log_sink(level, esc);
	else {
		n = snprintf(line, sizeof(line), "%s: %s\n", log_name, esc);
		if (n > 0 && write(STDERR_FILENO, line, (size_t)n) == -1)
			(void)0;	/* nowhere left to say so */
	}
	errno = saved;
}

void
log_warn(const char *fmt, ...)
{
	va_list	ap;
	int	error = errno;

	va_start(ap, fmt);
	log_emit(LOG_LVL_WARN, error, fmt, ap);
	va_end(ap);
}

void
log_warnx(const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	log_emit(LOG_LVL_WARN, 0, fmt, ap);
	va_end(ap);
}

void
log_info(const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	log_emit(LOG_LVL_INFO, 0, fmt, ap);
	va_end(ap);
}

void
log_debug(const char *fmt, ...)
{
	va_list	ap;

	if (!log_verbose)
		return;
	va_start(ap, fmt);
	log_emit(LOG_LVL_DEBUG, 0, fmt, ap);
	va_end(ap);
}

/*
 * Says why and exits 1; fatal() adds errno, fatalx() does not.  exit(3) is
 * not used: a confined role may not run atexit handlers that open things.
 */
void
fatal(const char *fmt, ...)
{
	va_list	ap;
	int	error = errno;

	va_start(ap, fmt);
	log_emit(LOG_LVL_FATAL, error, fmt, ap);
	va_end(ap);
	_exit(1);
}

void
fatalx(const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	log_emit(LOG_LVL_FATAL, 0, fmt, ap);
	va_end(ap);
	_exit(1);
}
