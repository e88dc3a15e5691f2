#!/usr/bin/env bash
# Installs what the tests need and what is missing, from Debian's or Ubuntu's packages: MariaDB (the tests start
# their own), a C compiler (the race detector), Node and Chromium (the tests of the page).
set -euo pipefail

missing=()
need() { # need PACKAGE COMMAND…: one of the commands is there, or the package is wanted
	local package=$1 command
	shift
	for command in "$@"; do
		if PATH="$PATH:/usr/sbin:/usr/local/sbin" command -v "$command" >/dev/null; then return; fi
	done
	missing+=("$package")
}

need mariadb-server mariadbd
need gcc gcc cc clang
[ -e /usr/include/stdlib.h ] || missing+=(libc6-dev)
need nodejs node
need npm npm
need chromium chromium chromium-browser
need curl curl

if [ ${#missing[@]} -eq 0 ]; then exit 0; fi

echo "installing: ${missing[*]}"
if ! command -v apt-get >/dev/null; then
	echo "There is no apt-get here. Please install these yourself: ${missing[*]}" >&2
	exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo); fi
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -q
# No service is to start by itself: the tests run a server of their own, in a temporary directory.
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -q --no-install-recommends "${missing[@]}"
