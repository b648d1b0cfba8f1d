#!/bin/sh
#
# Copyright (c) 2026 The DefenseClaw authors
#
# Permission to use, copy, modify, and distribute this software for any
# purpose with or without fee is hereby granted, provided that the above
# copyright notice and this permission notice appear in all copies.
#
# THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
# WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
# MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
# ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
# WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
# ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
# OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
#
# usage: deps.sh PACKAGE ...
#
# Installs the Debian packages that are missing, and says so first.

set -e

missing=
for p in "$@"; do
	status=$(dpkg-query -W -f '${Status}' "$p" 2>/dev/null || true)
	[ "$status" = 'install ok installed' ] || missing="$missing $p"
done
[ -z "$missing" ] && exit 0

if ! command -v apt-get >/dev/null; then
	echo "missing packages:$missing" >&2
	echo 'this is no Debian: install their equivalents by hand' >&2
	exit 1
fi
sudo=
if [ "$(id -u)" != 0 ]; then
	echo "sudo is used to install:$missing"
	sudo=sudo
else
	echo "installing:$missing"
fi
# Vectorscan has Hyperscan's library name, and misses matches: it has to go
case $missing in
*libhyperscan-dev*)
	for p in libvectorscan5 libvectorscan-dev; do
		status=$(dpkg-query -W -f '${Status}' $p 2>/dev/null || true)
		[ "$status" != 'install ok installed' ] || {
			echo "removing $p: libhyperscan takes its place"
			missing="$missing $p-"
		}
	done
	;;
esac
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
$sudo apt-get install -y --no-install-recommends $missing >/dev/null 2>&1 || {
	$sudo apt-get update >/dev/null
	$sudo apt-get install -y --no-install-recommends $missing >/dev/null
}
