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
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "common/secret.h"

#define SECRET_HASH	crypto_generichash_BYTES

static void
secret_hash(void *hash, const void *data, size_t len)
{
	crypto_generichash(hash, SECRET_HASH, data, len, NULL, 0);
}

/* the secret's own hash, behind it in the same locked memory */
static void *
secret_own(const struct secret *s)
{
	return (s->data + MAX_SECRET + 1);
}

static int
secret_load(int fd, struct secret *s, int strip)
{
	size_t	len = 0;
	ssize_t	n;
	int	error;

	memset(s, 0, sizeof(*s));
	if ((s->data = sodium_malloc(MAX_SECRET + 1 + SECRET_HASH)) ==
	    NULL) {
		close(fd);
		errno = ENOMEM;
		return (-1);
	}
	for (;;) {
		/* pread: a restarted role gets the same open file again */
		n = pread(fd, s->data + len, MAX_SECRET + 1 - len,
		    (off_t)len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
		if (len > MAX_SECRET)
			break;
	}
	error = n == -1 ? errno : 0;
	close(fd);
	if (error == 0 && len > MAX_SECRET)
		error = EFBIG;
	while (strip && error == 0 && len > 0 &&
	    (s->data[len - 1] == '\n' || s->data[len - 1] == '\r'))
		len--;
	if (error == 0 && (len == 0 || memchr(s->data, '\0', len) != NULL))
		error = EINVAL;
	if (error != 0) {
		secret_free(s);
		errno = error;
		return (-1);
	}
	s->data[len] = '\0';
	s->len = len;
	secret_hash(secret_own(s), s->data, len);
	return (0);
}

int
secret_read(int fd, struct secret *s)
{
	return (secret_load(fd, s, 1));
}

int
secret_read_text(int fd, struct secret *s)
{
	return (secret_load(fd, s, 0));
}

void
secret_free(struct secret *s)
{
	if (s->data != NULL)
		sodium_free(s->data);
	memset(s, 0, sizeof(*s));
}

int
secret_is_line(const struct secret *s)
{
	size_t	i;

	for (i = 0; i < s->len; i++)
		if ((unsigned char)s->data[i] < ' ' || s->data[i] == 0x7f)
			return (0);
	return (1);
}

int
secret_equal(const struct secret *s, const void *data, size_t len)
{
	uint8_t	hash[SECRET_HASH];

	secret_hash(hash, data, len);
	return (sodium_memcmp(secret_own(s), hash, sizeof(hash)) == 0);
}
