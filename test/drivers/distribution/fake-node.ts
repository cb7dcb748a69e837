import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Distribution, NodeContext } from '../../../src/drivers/distribution/distribution.ts';
import type { GuestKubernetes } from '../../../src/model/guest-status.ts';
import { encodeInput, type GuestRoot, makeGuestRoot, type Run } from '../guest/program/guest-root.ts';

/** How an operation ended. */
export interface Ended {
  readonly code: number;
  readonly error: string;
  readonly result: string;
  readonly log: string;
}

/** A guest in a folder after its seed was written, with a release mirror beside it and stand-ins for what the machine would have. */
export interface FakeNode extends GuestRoot {
  operate(verb: string, id: string, input?: Readonly<Record<string, string>>): Promise<Ended>;
  call(verb: string, input?: Readonly<Record<string, string>>): Promise<Run>;
  kubernetes(): Promise<GuestKubernetes>;
  /** Puts a file on the mirror, at a path below it. */
  publish(path: string, content: string): void;
  /** SHA-256 of a file of the guest. */
  digest(path: string): string;
  /** Changes a setting of the guest. */
  set(key: string, value: string): void;
}

/** systemd as far as the library sees it: what runs is a file `active-<name>`, and each start runs `on-start`. */
const systemctl = `
echo "systemctl $*" >>"$KRECONCILE_ROOT/calls"
[ "\${2:-}" != --no-block ] || set -- "$1" "$3"
case $1 in
is-active) shift; [ "$1" != --quiet ] || shift; [ -e "$KRECONCILE_ROOT/active-$1" ] ;;
start | restart) [ ! -e "$KRECONCILE_ROOT/broken-$2" ] || exit 1; : >"$KRECONCILE_ROOT/active-$2"; . "$KRECONCILE_ROOT/on-start" "$2" ;;
stop) rm -f "$KRECONCILE_ROOT/active-$2" ;;
esac`;

/** The etcdutl of an image: what it restores is a copy of the snapshot. */
const etcdutl = `#!/bin/sh
echo "etcdutl $*" >>"$KRECONCILE_ROOT/calls"
case "$*" in *--help*) echo '  --bump-revision uint'; exit ;; esac
if [ -e "$KRECONCILE_ROOT/broken-etcdutl" ]; then rm "$KRECONCILE_ROOT/broken-etcdutl"; echo 'Error: snapshot is broken'; exit 1; fi
snapshot=$3
while [ "$1" != --data-dir ]; do shift; done
mkdir -p "$2/member" && cp "$snapshot" "$2/member/data"
`;

/** containerd's client: the file `running` is a control plane that runs, and no image has more in it than etcdutl. */
const ctr = `
case "$*" in
*'images mount'*)
	echo "ctr $*" >>"$KRECONCILE_ROOT/calls"
	mkdir -p "$6/usr/local/bin" && cat >"$6/usr/local/bin/etcdutl" <<'PROGRAM' && chmod 0755 "$6/usr/local/bin/etcdutl"
${etcdutl}PROGRAM
	;;
*'images unmount'*) rm -rf "$6" ;;
*'tasks ls'*) printf 'TASK PID STATUS\n'; [ ! -e "$KRECONCILE_ROOT/running" ] || echo 'etcd-container 100 RUNNING' ;;
*'tasks kill'*) echo "ctr $*" >>"$KRECONCILE_ROOT/calls"; rm -f "$KRECONCILE_ROOT/running" ;;
*'containers ls'*) case "$*" in *==etcd,*) echo etcd-container ;; esac ;;
*) cat "$KRECONCILE_ROOT/images" 2>/dev/null || : ;;
esac`;

/** Programs that a bare machine of the tests has; none of them touches the machine that runs the tests. */
const machinePrograms: Readonly<Record<string, string>> = {
  systemctl,
  sleep: 'exec /bin/sleep 0.02',
  sync: ':',
  swapoff: ':',
  modprobe: ':',
  sysctl: ':',
  'systemd-run': 'exit 1',
  'apt-cache': ':',
  'apt-get': 'exit 1',
  containerd: 'echo "containerd containerd.io v2.4.2 abc"',
  runc: ':',
  ctr,
};

/** Makes such a node. `secrets` as the host made them. */
export function makeFakeNode(
  shell: string,
  distribution: Distribution,
  context: NodeContext,
  secrets: Readonly<Record<string, string>> = {},
): FakeNode {
  const guest = makeGuestRoot(shell, distribution.guestLibrary);
  const { root } = guest;
  const mirror = `file://${root}/mirror`;
  const settings: Record<string, string> = {
    ...distribution.settings(context),
    ...Object.fromEntries(
      ['KUBERNETES', 'CONTAINERD', 'RUNC', 'CNI_PLUGINS', 'K3S'].map((name) => [`${name}_MIRROR`, mirror]),
    ),
    DISTRIBUTION: distribution.name,
    ROLE: context.machine.spec.kubernetes?.role ?? '',
    VERSION: context.cluster.version,
    NODE_NAME: context.machine.name,
    ENDPOINT_HOST: context.cluster.endpointHost,
    API_PORT: '6443',
    ARCH: 'amd64',
    STATE_NEW: '1',
    API_WAIT_SECONDS: '1',
    ...(context.joins ? { JOINS: '1' } : {}),
  };
  const writeSettings = (): void => {
    const lines = Object.entries(settings).map(([key, value]) => `${key}='${value}'`);
    // The folder into which the library installs, before the stand-ins.
    guest.write('etc/kreconcile/node.env', `${lines.join('\n')}\nPATH="$ROOT/usr/local/bin:$PATH"\n`);
  };
  writeSettings();
  for (const file of distribution.firstBootFiles(context, secrets)) {
    guest.write(file.path.slice(1), file.content, Number.parseInt(file.permissions, 8));
  }
  for (const [name, script] of Object.entries(machinePrograms))
    guest.write(`bin/${name}`, `#!/bin/sh\n${script}\n`, 0o755);
  for (const plugin of ['loopback', 'bridge', 'host-local', 'portmap'])
    guest.write(`usr/lib/cni/${plugin}`, '#!/bin/sh\n', 0o755);
  guest.write('run/systemd/system/.keep', '');
  guest.write('on-start', ':\n');
  const readOr = (path: string): string => (guest.has(path) ? guest.read(path) : '');
  return {
    ...guest,
    operate: async (verb, id, input = {}) => {
      const text = `INPUT=$(cat)\nprepare_operation ${verb} ${id}\nrun_operation ${verb} ${id}\n`;
      const run = await guest.evaluate(text, encodeInput(input));
      const folder = `var/lib/kreconcile-guest/operations/${id}`;
      return {
        code: run.code,
        error: readOr(`${folder}/error`),
        result: readOr(`${folder}/result`),
        log: readOr(`${folder}/log`),
      };
    },
    call: (verb, input) => guest.run(['call', verb], input && encodeInput(input)),
    kubernetes: async () =>
      (JSON.parse((await guest.run(['status'])).stdout) as { kubernetes: GuestKubernetes }).kubernetes,
    publish: (path, content) => {
      const file = join(root, 'mirror', path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
      chmodSync(file, 0o644);
    },
    digest: (path) => sha256(readFileSync(join(root, path))),
    set: (key, value) => {
      settings[key] = value;
      writeSettings();
    },
  };
}

export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** Names and contents of a tar archive below the guest's root. */
export function archiveOf(
  guest: GuestRoot,
  path: string,
): { readonly names: readonly string[]; text(name: string): string } {
  const file = join(guest.root, path);
  const names = execFileSync('tar', ['-tzf', file], { encoding: 'utf8' }).split('\n').filter(Boolean);
  return { names, text: (name) => execFileSync('tar', ['-xzOf', file, name], { encoding: 'utf8' }) };
}
