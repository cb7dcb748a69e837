import { type FakeNode, makeFakeNode, sha256 } from './fake-node.ts';
import { k3s } from './libraries.ts';
import { type NodeChanges, nodeOf } from './nodes.ts';

/** A k3s of a version with kubectl in it; the service behind `systemctl start` is the text of `on-start`. */
const programOf = (version: string): string => `#!/bin/sh
echo "k3s $*" >>"$KRECONCILE_ROOT/calls"
data=$KRECONCILE_ROOT/var/lib/rancher/k3s
case "$*" in
--version) printf 'k3s version ${version} (49411e70)\\ngo version go1.26.1\\n' ;;
*kubeletVersion*) cat "$KRECONCILE_ROOT/reported" ;;
*InternalIP*) echo 192.168.122.10 ;;
'etcd-snapshot save --name '*)
	mkdir -p "$data/server/db/snapshots"
	cp "$KRECONCILE_ROOT/etcd-snapshot" "$data/server/db/snapshots/$4-dev-cp-1-1700000000" ;;
'server --cluster-reset '*)
	mkdir -p "$data/server/db/etcd" && cp "\${3#*=}" "$data/server/db/etcd/data" ;;
'certificate rotate') [ ! -e "$KRECONCILE_ROOT/active-k3s" ] || exit 1; rm -f "$KRECONCILE_ROOT/etc/rancher/k3s/k3s.yaml" ;;
*'get nodes -l'*) echo node/dev-cp-1 ;;
*'/version'*) printf '{"major": "1",\\n  "gitVersion": "%s"}\\n' "$(cat "$KRECONCILE_ROOT/reported")" ;;
*'get node'*) [ -s "$KRECONCILE_ROOT/reported" ] ;;
*readyz*) [ ! -e "$KRECONCILE_ROOT/api-down" ] && { [ ! -e "$KRECONCILE_ROOT/unreadable" ] || grep -qs restorable "$data/server/db/state.db"; } ;;
esac
`;

/** What the service does when it starts: the first time it makes keys, a kubeconfig and a datastore. The version in `broken-version` does not start. */
const service = `
! k3s --version | grep -qsFf "$KRECONCILE_ROOT/broken-version" || { rm -f "$KRECONCILE_ROOT/active-$2"; exit 1; }
k3s --version | sed -n 's/^k3s version \\([^ ]*\\).*/\\1/p' >"$KRECONCILE_ROOT/reported"
data=$KRECONCILE_ROOT/var/lib/rancher/k3s
case $2 in
k3s)
	mkdir -p "$data/server/tls" "$data/server/cred" "$data/server/db"
	[ -e "$data/server/token" ] || echo "K10${'e'.repeat(64)}::server:$(cat "$KRECONCILE_ROOT/etc/rancher/k3s/token")" >"$data/server/token"
	[ -e "$data/server/db/state.db" ] || cp "$KRECONCILE_ROOT/datastore" "$data/server/db/state.db"
	[ -s "$KRECONCILE_ROOT/etc/rancher/node/password" ] || { mkdir -p "$KRECONCILE_ROOT/etc/rancher/node" && echo "password $$" >"$KRECONCILE_ROOT/etc/rancher/node/password"; }
	[ -e "$KRECONCILE_ROOT/etc/rancher/k3s/k3s.yaml" ] || echo "made $(cat "$KRECONCILE_ROOT/started" 2>/dev/null)" >>"$KRECONCILE_ROOT/started"
	cat "$KRECONCILE_ROOT/started" >"$KRECONCILE_ROOT/etc/rancher/k3s/k3s.yaml" ;;
esac
`;

export function publishK3s(node: FakeNode, version: string): void {
  const text = programOf(version);
  node.publish(`${version}/k3s`, text);
  node.publish(
    `${version}/sha256sum-amd64.txt`,
    `${sha256('images')}  k3s-airgap-images-amd64.tar\n${sha256(text)}  k3s\n`,
  );
}

/** The first page of a SQLite database of 4096-byte pages, which is all that the header check looks at. */
export function sqliteHeader(): Buffer {
  const page = Buffer.alloc(4096);
  page.write('SQLite format 3\0', 'latin1');
  page.writeUInt16BE(4096, 16);
  return page;
}

/** A node of the k3s cluster `dev` right after its seed, with two releases on the mirror. */
export function makeK3sNode(shell: string, role: 'control-plane' | 'worker', changes: NodeChanges = {}): FakeNode {
  const version = 'v1.36.3+k3s1';
  const recipe = k3s.recipe({ distribution: 'k3s', version, image: 'x', controlPlane: { machineClass: 'x' } });
  const context = nodeOf(recipe, { distribution: 'k3s', version }, role, changes);
  const node = makeFakeNode(shell, k3s, context, { token: 'c'.repeat(64) });
  // The mirror is a folder, where a plus sign is a plus sign: the percent-encoded form leads to it too.
  for (const release of [version, 'v1.36.4+k3s1', 'v1.37.1+k3s1']) publishK3s(node, release);
  node.write('on-start', service);
  return node;
}
