#!/bin/sh
# Builds the lab's Kubernetes into the cache: a release mirror laid out as the
# official one, the container images that kubeadm asks for, and a kubectl for the
# host. Two versions come from one source: the second differs in its version stamp
# alone. Prints the folder it filled.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR disable=SC1091
. "$here/common.sh"
lab_cache=$(cache_folder)

versions='v1.36.1 v1.36.3'
source_folder=$here/../kubernetes
coredns_version=1.14.2

digest=$(digest_of "$(go env GOVERSION) $(iptables --version)" "$here/kubernetes.sh" \
	"$source_folder/go.mod" "$source_folder/go.sum" "$source_folder/main.go" "$source_folder"/cmd/*/main.go)
out=$lab_cache/kubernetes-$digest
if [ -d "$out" ]; then
	point "$lab_cache/kubernetes" "$(basename "$out")"
	echo "$out"
	exit 0
fi

mkdir -p "$lab_cache"
work=$(mktemp -d "$lab_cache/.kubernetes.XXXXXX")
trap 'rm -rf "$work"' EXIT
layers=$work/layers
mkdir -p "$layers" "$work/images" "$work/bin"

# compile VERSION: every program under $work/bin/VERSION, stamped with it.
compile() {
	minor=$(echo "$1" | cut -d. -f2)
	flags='-s -w'
	for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
		flags="$flags -X $package.gitVersion=$1 -X $package.gitMajor=1 -X $package.gitMinor=$minor"
		flags="$flags -X $package.gitTreeState=clean -X $package.buildDate=2026-01-01T00:00:00Z"
	done
	flags="$flags -X github.com/coredns/coredns/coremain.GitCommit=lab"
	mkdir -p "$work/bin/$1"
	(cd "$source_folder" && CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "$flags" \
		-o "$work/bin/$1/" . ./cmd/...)
}

# release VERSION: the three programs that a node takes from the mirror.
release() {
	folder=$work/release/$1/bin/linux/amd64
	mkdir -p "$folder"
	for program in kubeadm kubelet kubectl; do
		mv "$work/bin/$1/$program" "$folder/$program"
		write_sha256 "$folder/$program"
	done
	printf '%s' "$1" >"$work/release/stable-1.$(echo "$1" | cut -d. -f2).txt"
}

# layer NAME FOLDER: packs the folder as a layer, the same each time. Its identity is
# the digest of the bare archive; it is stored compressed, which keeps guests small.
layer() {
	tar -C "$2" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf "$layers/$1.tar" .
	sha256sum "$layers/$1.tar" | cut -d' ' -f1 >"$layers/$1.id"
	gzip -1nf "$layers/$1.tar"
	rm -r "$2"
}

# program_layer NAME PROGRAM LINK...: a layer of one static program and its names.
program_layer() {
	tree=$work/tree
	layer_name=$1
	mkdir -p "$tree/usr/local/bin" "$tree/tmp" "$tree/etc"
	cp "$2" "$tree/usr/local/bin/"
	program=$(basename "$2")
	shift 2
	for link in "$@"; do
		ln -s "$program" "$tree/usr/local/bin/$link"
	done
	layer "$layer_name" "$tree"
}

# iptables_layer: the host's iptables with the libraries it loads, for kube-proxy.
iptables_layer() {
	tree=$work/tree
	mkdir -p "$tree/usr/sbin" "$tree/lib" "$tree/lib64" "$tree/usr/lib/x86_64-linux-gnu"
	cp -L /usr/sbin/xtables-nft-multi "$tree/usr/sbin/"
	for family in iptables ip6tables; do
		for suffix in '' -save -restore; do
			ln -s xtables-nft-multi "$tree/usr/sbin/$family$suffix"
		done
	done
	cp -rL /usr/lib/x86_64-linux-gnu/xtables "$tree/usr/lib/x86_64-linux-gnu/"
	cp -L /lib64/ld-linux-x86-64.so.2 "$tree/lib64/"
	ldd /usr/sbin/xtables-nft-multi | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p' | while read -r library; do
		cp -L "$library" "$tree/lib/"
	done
	layer iptables "$tree"
}

# begin_archive NAME, add_image TAG ENTRYPOINT LAYER..., end_archive: a docker-archive.
begin_archive() {
	archive=$work/archive
	archive_name=$1
	mkdir "$archive"
	manifest=
}
add_image() {
	tag=$1
	entrypoint=$2
	shift 2
	diff_ids=
	files=
	for name in "$@"; do
		id=$(cat "$layers/$name.id")
		ln -f "$layers/$name.tar.gz" "$archive/$id.tar.gz"
		diff_ids="$diff_ids${diff_ids:+,}\"sha256:$id\""
		files="$files${files:+,}\"$id.tar.gz\""
	done
	config=$(printf '{"architecture":"amd64","os":"linux","created":"2026-01-01T00:00:00Z","config":{"Env":["PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],"Entrypoint":["%s"],"WorkingDir":"/"},"rootfs":{"type":"layers","diff_ids":[%s]}}' "$entrypoint" "$diff_ids")
	config_file=$(printf '%s' "$config" | sha256sum | cut -d' ' -f1).json
	printf '%s' "$config" >"$archive/$config_file"
	manifest="$manifest${manifest:+,}{\"Config\":\"$config_file\",\"RepoTags\":[\"$tag\"],\"Layers\":[$files]}"
}
end_archive() {
	printf '[%s]' "$manifest" >"$archive/manifest.json"
	tar -C "$archive" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf "$work/images/$archive_name.tar" .
	rm -r "$archive"
}

iptables_layer
first=${versions%% *}
for version in $versions; do
	say "kubernetes $version: building (the first time 5 to 8 min on two cores, a relabelled one half a minute)"
	compile "$version"
	release "$version"
	program_layer "kubernetes-$version" "$work/bin/$version/kubernetes" \
		kube-apiserver kube-controller-manager kube-scheduler kube-proxy etcd etcdctl etcdutl
	if [ "$version" = "$first" ]; then
		program_layer coredns "$work/bin/$version/coredns"
		program_layer pause "$work/bin/$version/pause"
	fi
	rm -r "${work:?}/bin/$version"

	say "kubernetes $version: packing its images"
	begin_archive "$version"
	# What is wanted, and under which name, is asked from kubeadm itself.
	tags=$("$work/release/$version/bin/linux/amd64/kubeadm" config images list --kubernetes-version "$version")
	echo "$tags" >"$work/images/$version.list"
	for tag in $tags; do
		name=${tag##*/}
		case $name in
		kube-proxy:*) add_image "$tag" kube-proxy "kubernetes-$version" iptables ;;
		kube-*) add_image "$tag" "${name%%:*}" "kubernetes-$version" ;;
		# These three do not change with a patch release: the first version brings them.
		etcd:*) if [ "$version" = "$first" ]; then add_image "$tag" etcd "kubernetes-$version"; fi ;;
		coredns:v"$coredns_version") if [ "$version" = "$first" ]; then add_image "$tag" coredns coredns; fi ;;
		pause:*) if [ "$version" = "$first" ]; then add_image "$tag" pause pause; fi ;;
		*) say "kubeadm $version asks for $tag, which this build does not have" && exit 1 ;;
		esac
	done
	end_archive
	rm "$layers/kubernetes-$version.tar.gz"
done
rm -r "$layers"
ln "$work/release/$first/bin/linux/amd64/kubectl" "$work/bin/kubectl"
mv "$work" "$out"
trap - EXIT
chmod 0755 "$out"
point "$lab_cache/kubernetes" "$(basename "$out")"
say "kubernetes: $(du -sh "$out" | cut -f1) in $out"
echo "$out"
