#!/bin/sh
# What the lab's build scripts share. Sourced, not run.

export LC_ALL=C

# cache_folder: where everything that is built goes; never inside the tree.
cache_folder() {
	echo "${KRECONCILE_LAB_CACHE:-$HOME/.cache/kreconcile-lab}"
}

# say TEXT: one line of progress, with the seconds since the script began.
lab_began=$(date +%s)
say() {
	printf '[lab %4ss] %s\n' "$(($(date +%s) - lab_began))" "$*" >&2
}

# digest_of TEXT FILE...: names a build by everything that goes into it. Sixteen
# hex digits are plenty for a cache that one machine fills.
digest_of() {
	digest_text=$1
	shift
	{ printf '%s\n' "$digest_text"; cat "$@"; } | sha256sum | cut -c1-16
}

# point LINK TARGET: makes LINK name TARGET in one act, whoever reads it meanwhile.
point() {
	ln -sfn "$2" "$1.new.$$" && mv -fT "$1.new.$$" "$1"
}

# write_sha256 FILE: the sidecar as the official mirrors write it, bare hex.
write_sha256() {
	sha256sum "$1" | cut -d' ' -f1 | tr -d '\n' >"$1.sha256"
}
