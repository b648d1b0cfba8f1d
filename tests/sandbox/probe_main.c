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

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "common/role.h"
#include "common/sealed.h"
#include "tests/sandbox/probe.h"

/*
 * The part of a probe that runs in the role program, in the place where the
 * role would go on to its work: see SFD_PROBE.
 */

static struct probe_request	 request;

void
probe_begin(void)
{
	int		*fds[MAX_PROBE_FDS];
	const void	*map;
	size_t		 len;
	unsigned int	 i;
	int		 fd;

	if ((fd = role_fd((enum start_fd_kind)SFD_PROBE, NULL)) == -1)
		return;
	map = sealed_map(fd, sizeof(request), &len);
	if (map == NULL || len != sizeof(request))
		fatalx("probe: malformed request");
	memcpy(&request, map, sizeof(request));
	sealed_unmap(map, len);
	close(fd);
	probe_env_fds(&request.env, fds);
	for (i = 0; i < MAX_PROBE_FDS; i++)
		*fds[i] = role_fd((enum start_fd_kind)(SFD_PROBE_ENV + i),
		    NULL);
	confine_skip = request.skip;
}

/*
 * Until the other end of fd 3 is gone, and a little longer: the kernel
 * closes a process's files before it signals its children.
 */
static int
outlive(void)
{
	struct timespec	 ts = { 0, 400000000 };
	char		 c;

	while (read(ROLE_FD, &c, 1) > 0)
		;
	nanosleep(&ts, NULL);
	return (0);
}

void
probe_main(void)
{
	if (request.kind == 0)
		return;
	/* with this the harness knows that what follows is the probe's word */
	if (peer_send(role.sup, MSG_READY, 0, -1, &role.sandbox,
	    sizeof(role.sandbox)) == -1 ||
	    peer_flush(role.sup, MAX_START_SECONDS * 1000) == -1)
		_exit(PROBE_SETUP);
	switch (request.kind) {
	case PROBE_STATE:
		_exit(0);
	case PROBE_OP:
		if (request.n < 0 || (size_t)request.n >= probe_count())
			_exit(PROBE_SETUP);
		probe_run_op(probe_op((size_t)request.n), &request.env);
	case PROBE_NUMBER:
		probe_run_nr((long)request.n);
	case PROBE_OUTLIVE:
		_exit(outlive());
	default:
		_exit(PROBE_SETUP);
	}
}
