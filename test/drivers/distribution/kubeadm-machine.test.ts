import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { POD_ROUTES_PROGRAM } from '../../../src/drivers/distribution/kubeadm/bridge.ts';
import { shells } from '../guest/program/guest-root.ts';
import { type FakeNode, sha256 } from './fake-node.ts';
import { makeKubeadmNode } from './kubeadm-programs.ts';

const nodes: FakeNode[] = [];
afterEach(() => {
  for (const node of nodes.splice(0)) node.remove();
});

describe.each(shells)('the machine under kubeadm, with %s', (shell) => {
  const make = (role: 'control-plane' | 'worker'): FakeNode => {
    const node = makeKubeadmNode(shell, role);
    nodes.push(node);
    return node;
  };
  /** Packs files and puts the archive on the mirror with its digest in a list, as the projects do. */
  const publishArchive = (
    node: FakeNode,
    path: string,
    sums: string,
    files: readonly string[],
    script: string,
  ): void => {
    for (const file of files) node.write(`pack/${file}`, script, 0o755);
    const archive = join(node.root, 'mirror', path);
    mkdirSync(dirname(archive), { recursive: true });
    execFileSync('tar', ['-C', join(node.root, 'pack'), '-czf', archive, ...files]);
    rmSync(join(node.root, 'pack'), { recursive: true });
    node.publish(sums, `${sha256(readFileSync(archive))}  ${path.split('/').at(-1)}\n`);
  };

  it('takes containerd and network plugins from archives where image and OS have none that fits', async () => {
    const node = make('worker');
    node.write('bin/containerd', '#!/bin/sh\necho "containerd github.com/containerd/containerd 1.6.20~ds1 x"\n', 0o755);
    rmSync(join(node.root, 'usr/lib/cni'), { recursive: true });
    const containerd = 'v2.3.2/containerd-2.3.2-linux-amd64.tar.gz';
    publishArchive(
      node,
      containerd,
      `${containerd}.sha256sum`,
      ['bin/containerd'],
      '#!/bin/sh\necho "containerd x v2.3.2 y"\n',
    );
    const plugins = 'v1.9.1/cni-plugins-linux-amd64-v1.9.1.tgz';
    publishArchive(node, plugins, `${plugins}.sha256`, ['loopback', 'bridge', 'host-local', 'portmap'], '#!/bin/sh\n');
    expect(await node.operate('bootstrap', 'bootstrap-first')).toMatchObject({ code: 0, error: '' });
    expect(node.read('usr/local/bin/containerd')).toContain('v2.3.2');
    expect(node.read('etc/systemd/system/containerd.service')).toContain('ExecStart=/usr/local/bin/containerd');
    expect(node.has('opt/cni/bin/portmap')).toBe(true);
    expect(node.read('etc/containerd/config.toml')).toMatch(/^version = 3/);
  });

  it("takes the OS' containerd where its version fits, and writes the dialect of that version", async () => {
    const node = make('worker');
    node.set('VERSION', 'v1.35.4');
    node.write('bin/containerd', '#!/bin/sh\nexit 127\n', 0o755);
    node.write(
      'bin/apt-cache',
      "#!/bin/sh\nprintf 'containerd:\\n  Installed: (none)\\n  Candidate: 1:1.7.24~ds1-6\\n'\n",
      0o755,
    );
    node.write(
      'bin/apt-get',
      `#!/bin/sh\nprintf '#!/bin/sh\\necho "containerd x 1.7.24~ds1 y"\\n' >"$KRECONCILE_ROOT/bin/containerd"\n`,
      0o755,
    );
    const { error } = await node.operate('bootstrap', 'bootstrap-first');
    expect(error).toMatch(/could not download .*v1\.35\.4/);
    node.set('VERSION', 'v1.36.1');
    expect((await node.operate('bootstrap', 'bootstrap-2')).error).toMatch(/containerd-2\.3\.2-linux-amd64/);
    node.set('CONTAINERD_RULES', '0:1.7.0');
    expect(await node.operate('bootstrap', 'bootstrap-3')).toMatchObject({ code: 0, error: '' });
    expect(node.read('etc/containerd/config.toml')).toMatch(/^version = 2/);
  });

  it('says when the first certificate ends', async () => {
    const node = make('control-plane');
    await node.operate('bootstrap', 'bootstrap-first');
    const folder = join(node.root, 'etc/kubernetes/pki');
    for (const [name, days] of [
      ['apiserver', 30],
      ['ca', 3650],
    ] as const) {
      const args = [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-subj',
        `/CN=${name}`,
      ];
      execFileSync(
        'openssl',
        [...args, '-days', String(days), '-keyout', '/dev/null', '-out', join(folder, `${name}.crt`)],
        { stdio: 'ignore' },
      );
    }
    const end = execFileSync('openssl', ['x509', '-noout', '-enddate', '-in', join(folder, 'apiserver.crt')], {
      encoding: 'utf8',
    });
    const expected = Date.parse(end.trim().replace('notAfter=', ''));
    expect(await node.kubernetes()).toMatchObject({ certificatesExpireAtMs: expected });
    expect(await node.kubernetes()).toMatchObject({ certificatesExpireAtMs: expected });
    cpSync(join(folder, 'ca.crt'), join(folder, 'apiserver.crt'));
    expect((await node.kubernetes()).certificatesExpireAtMs).toBeGreaterThan(expected);
  });

  it.each([
    ['Mar  1 00:00:00 2028 GMT', '2028-03-01T00:00:00Z'],
    ['Feb 29 23:59:59 2028 GMT', '2028-02-29T23:59:59Z'],
    ['Dec 31 12:30:01 2099 GMT', '2099-12-31T12:30:01Z'],
  ])('reads the time %s', async (text, iso) => {
    const node = make('worker');
    expect((await node.evaluate(`seconds_of '${text}'`)).stdout).toBe(String(Date.parse(iso) / 1000));
  });

  it('keeps routes to the pods of the other nodes and drops those of nodes that left', async () => {
    const node = make('worker');
    node.write('usr/local/libexec/kreconcile/pod-routes', POD_ROUTES_PROGRAM, 0o755);
    node.write('etc/kubernetes/kubelet.conf', 'kubelet');
    node.stub(
      'kubectl',
      'printf "dev-cp-1 10.42.0.0/24 192.168.122.10\\ndev-general-1 10.42.1.0/24 192.168.122.11\\nnew  192.168.122.12\\n"',
    );
    node.stub(
      'ip',
      '[ "$3" != show ] || printf "10.42.0.0/24 via 192.168.122.10\\n10.42.9.0/24 via 192.168.122.19\\n"',
    );
    chmodSync(join(node.root, 'etc/kreconcile/node.env'), 0o644);
    node.write('etc/kreconcile/node.env', "NODE_NAME='dev-general-1'\n");
    const [file = '', ...args] = [...shell.split(' '), join(node.root, 'usr/local/libexec/kreconcile/pod-routes')];
    execFileSync(file, args, { env: { PATH: `${node.root}/bin:${process.env['PATH']}`, KRECONCILE_ROOT: node.root } });
    expect(node.calls().filter((call) => call.startsWith('ip route'))).toEqual([
      'ip route replace 10.42.0.0/24 via 192.168.122.10 proto 205',
      'ip route del 10.42.9.0/24 proto 205',
    ]);
  });
});

it('the route program passes shellcheck', () => {
  expect(
    execFileSync('shellcheck', ['-s', 'sh', '-e', 'SC1090,SC1091', '-'], {
      input: POD_ROUTES_PROGRAM,
      encoding: 'utf8',
    }),
  ).toBe('');
});
