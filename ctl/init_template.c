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

#include "init.h"

/* etc/config.yaml word for word; a test compares them */
const char	init_template[] =
    "# DefenseClaw configuration; defenseclaw.yaml(5) has every key and default.\n"
    "# Check a change with \"defenseclawctl config validate\", then bring it into\n"
    "# force with \"defenseclawctl reload\".\n"
    "config_version: 5\n"
    "\n"
    "guardrail:\n"
    "  # observe: record what would be blocked; action: block it\n"
    "  mode: action\n"
    "  # the rule pack; the last part of the path names the profile\n"
    "  # rule_pack_dir: /etc/defenseclaw/policies/guardrail/strict\n"
    "  # text an agent gets instead of what was blocked\n"
    "  # block_message: Blocked by policy. Ask the security team.\n"
    "\n"
    "gateway:\n"
    "  # loopback only; clients need the token in secrets/gateway-token\n"
    "  api_bind: 127.0.0.1\n"
    "  api_port: 18970\n"
    "\n"
    "# written into every event\n"
    "# agent:\n"
    "#   id: agent-1\n"
    "#   name: Build agent\n"
    "\n"
    "# audit:\n"
    "#   checkpoint_events: 1000\n"
    "#   checkpoint_seconds: 60\n"
    "\n"
    "# log:\n"
    "#   level: info\n"
    "#   max_size_mb: 10\n"
    "#   max_total_mb: 100\n";
