#!/bin/sh
# Builds containerd 2 from upstream's Go module: the programs for the guest image,
# and the same as a release archive for the mirror. Prints the folder it filled.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR disable=SC1091
. "$here/common.sh"
lab_cache=$(cache_folder)

version=2.4.2
digest=$(digest_of "$(go env GOVERSION)" "$here/containerd.sh")
out=$lab_cache/containerd-$digest
if [ -d "$out" ]; then
	point "$lab_cache/containerd" "$(basename "$out")"
	echo "$out"
	exit 0
fi

mkdir -p "$lab_cache"
work=$(mktemp -d "$lab_cache/.containerd.XXXXXX")
trap 'rm -rf "$work"' EXIT
say "containerd $version: building (about 2 min on two cores)"
for command in containerd containerd-shim-runc-v2 ctr; do
	GOBIN=$work/bin CGO_ENABLED=0 go install -trimpath -buildvcs=false \
		-ldflags "-s -w -X github.com/containerd/containerd/v2/version.Version=v$version" \
		"github.com/containerd/containerd/v2/cmd/$command@v$version" >"$work/log" 2>&1 || { cat "$work/log" >&2 && exit 1; }
done

rm "$work/log"

release=$work/releases/download/v$version
mkdir -p "$release"
archive=containerd-$version-linux-amd64.tar.gz
tar -C "$work" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -czf "$release/$archive" bin
(cd "$release" && sha256sum "$archive" >"$archive.sha256sum")
mv "$work" "$out"
trap - EXIT
chmod 0755 "$out"
point "$lab_cache/containerd" "$(basename "$out")"
say "containerd $version: $(du -sh "$out" | cut -f1) in $out"
echo "$out"
