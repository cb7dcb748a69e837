#!/bin/sh
# The in-guest program of kreconcile: fixed verbs, called through the guest agent and by cloud-init. It must run under
# dash and busybox ash, with nothing in the guest beyond the base system. docs/drivers.md states what each verb promises.
#
# Settings and functions below serve a distribution's library too, which names some of them only indirectly (SC2034,
# SC2317, SC2329); `a && b || c` is written where c is meant for the failure of either (SC2015).
# shellcheck disable=SC2034,SC2317,SC2329,SC2015
set -u
umask 022
LC_ALL=C
export LC_ALL

# Tests put a whole guest below this folder.
ROOT=${KRECONCILE_ROOT:-}
if [ -z "$ROOT" ]; then
	# The guest agent hands down next to nothing, and tools want a home.
	PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin
	HOME=/root
	export PATH HOME
fi
case $0 in
*/*) SELF=$0 ;;
*) SELF=$ROOT/usr/local/libexec/kreconcile/guest ;;
esac
GUEST_FOLDER=$ROOT/var/lib/kreconcile-guest
OPERATIONS=$GUEST_FOLDER/operations
STAGED=$GUEST_FOLDER/staged
BACKUPS=$GUEST_FOLDER/backups
RUN_FOLDER=$ROOT/run/kreconcile
STATE_MOUNT=$ROOT/var/lib/kreconcile-state

# The guest agent has none; kubectl keeps there what it has learnt of the API, and asks for all of it each time without.
export HOME="${HOME:-/root}"

DISTRIBUTION='' ROLE='' VERSION='' CLUSTER='' NODE_NAME='' ENDPOINT_HOST='' API_PORT='' POD_CIDR='' SERVICE_CIDR=''
KEEP_PATHS='' STATE_SERIAL='' STATE_UUID='' STATE_NEW='' NODE_ADDRESS='' ARCH='' NODE_PACKAGES='' STATE_SERVICES='' RESTORE='' JOINS=''
# shellcheck disable=SC1091
if [ -r "$ROOT/etc/kreconcile/node.env" ]; then . "$ROOT/etc/kreconcile/node.env"; fi

# On the root disk: a distribution writes it when this root holds its programs, units and configuration. Before that its
# services stay down.
INSTALLED=$GUEST_FOLDER/${DISTRIBUTION:-none}-installed

# self_bounded SECONDS VERB: this program again, as a process of its own that can be timed out. Tests name the shell.
self_bounded() {
	bounded_seconds=$1
	shift
	# shellcheck disable=SC2086
	timeout "$bounded_seconds" ${KRECONCILE_SHELL:-} "$SELF" "$@"
}

on_systemd() { [ -d "$ROOT/run/systemd/system" ]; }

has() { command -v "$1" >/dev/null 2>&1; }

# complain TEXT: for the host, which shows the last line of the error output.
complain() { printf 'kreconcile: %s\n' "$*" >&2; }
