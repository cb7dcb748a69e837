import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { GuestStatus } from '../../../../src/model/guest-status.ts';
import { type GuestRoot, makeGuestRoot, shells } from './guest-root.ts';

const guests: GuestRoot[] = [];
afterEach(() => {
  for (const guest of guests.splice(0)) guest.remove();
});

const library = `
dist_api_ca() { echo "$ROOT/etc/ca.crt"; }
kube() { printf '%s\\n' "kube $*" >>"$ROOT/calls"; . "$ROOT/kube.sh"; }
dist_kubeconfig() { cat "$ROOT/etc/admin.conf"; }
dist_status() {
	dist_phase=$(cat "$ROOT/phase") || return 1
	printf '{"phase":"%s","version":"v1.36.1","serviceActive":true,"certificatesExpireAtMs":1900000000000}' "$dist_phase"
}
`;

describe.each(shells)('status under %s', (shell) => {
  const make = (env = '', withLibrary = false): GuestRoot => {
    const guest = makeGuestRoot(shell, withLibrary ? library : null, { KRECONCILE_API_SECONDS: '1' });
    guests.push(guest);
    guest.write('etc/kreconcile/node.env', env);
    guest.stub('ip', 'cat "$KRECONCILE_ROOT/addresses" 2>/dev/null');
    return guest;
  };
  const status = async (guest: GuestRoot): Promise<GuestStatus> => {
    const { code, stdout, stderr } = await guest.run(['status']);
    expect(`${code} ${stderr}`).toBe('0 ');
    return JSON.parse(stdout) as GuestStatus;
  };

  it('tells everything of a plain machine', async () => {
    const guest = make();
    mkdirSync(join(guest.root, 'sys/class/net/eth0/device'), { recursive: true });
    guest.write('sys/class/net/eth0/address', '52:54:00:aa:bb:cc\n');
    guest.write('sys/class/net/cni0/address', '52:54:00:00:00:01\n');
    guest.write(
      'addresses',
      `1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever
2: eth0    inet 192.168.122.5/24 metric 100 brd 192.168.122.255 scope global dynamic eth0\\       valid_lft 3000sec
3: cni0    inet 10.244.0.1/24 brd 10.244.0.255 scope global cni0\\       valid_lft forever
`,
    );
    const digest = createHash('sha256').update(guest.read('usr/local/libexec/kreconcile/guest')).digest('hex');
    expect(await status(guest)).toEqual({
      program: `sha256:${digest}`,
      bootId: '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
      hostname: 'node-1',
      os: { id: 'debian', version: '12' },
      cloudInit: 'absent',
      addresses: [{ mac: '52:54:00:aa:bb:cc', address: '192.168.122.5' }],
      stateDisk: 'none',
      kubernetes: null,
      veto: null,
      operations: [],
    });
    guest.write('etc/kreconcile/veto', `a "long" job runs\n${'x'.repeat(500)}`);
    expect((await status(guest)).veto).toBe(`a "long" job runs ${'x'.repeat(182)}`);
    guest.write('etc/kreconcile/veto', '');
    expect((await status(guest)).veto).toBe('');
    expect((await guest.run(['version'])).stdout).toBe(`sha256:${digest}\n`);
  });

  it('follows first boot by the files of cloud-init', async () => {
    const guest = make();
    mkdirSync(join(guest.root, 'etc/cloud'));
    expect((await status(guest)).cloudInit).toBe('not-run');
    guest.write('run/cloud-init/status.json', '{}');
    expect((await status(guest)).cloudInit).toBe('running');
    guest.write(
      'run/cloud-init/result.json',
      '{\n "v1": {\n  "datasource": "DataSourceNoCloud",\n  "errors": []\n }\n}\n',
    );
    expect((await status(guest)).cloudInit).toBe('done');
    guest.write(
      'run/cloud-init/result.json',
      '{\n "v1": {\n  "errors": [\n   "(\'runcmd\', RuntimeError())"\n  ]\n }\n}\n',
    );
    expect((await status(guest)).cloudInit).toBe('error');
  });

  const controlPlane = "DISTRIBUTION='kubeadm'\nROLE='control-plane'\n";

  it('summarises the nodes of a control plane with two runs of kubectl', async () => {
    const guest = make(controlPlane, true);
    guest.write('phase', 'initialised');
    guest.write('etc/admin.conf', 'a kubeconfig');
    guest.write('var/lib/kreconcile-guest/staged/v1.36.3/.complete', '');
    guest.write('var/lib/kreconcile-guest/staged/v1.36.4/half', '');
    guest.write('run/kreconcile/nodes', '2');
    const renewed = new Date(Date.now() - 7000).toISOString().replace('Z', '123Z');
    guest.write('kube.sh', `case $2 in --raw) echo ok ;; *) cat "$ROOT/objects" ;; esac`);
    guest.write(
      'objects',
      `N dev-cp-1 v1.36.1 - - True
N dev-w-1 - cordoned ours Unknown
L dev-cp-1 ${renewed}

U 1b4e28ba-2fa1-11d2-883f-0016d3cca427
P dev-w-1 Running ReplicaSet
P dev-w-1 Running DaemonSet
P dev-cp-1 Running Node
P dev-w-1 Succeeded Job
P dev-w-1 Running
`,
    );
    guest.write('etc/ca.crt', 'a certificate');
    guest.stub('curl', `printf '{"major": "1",\\n"gitVersion": "v1.36.3"}'`);
    const kubernetes = (await status(guest)).kubernetes;
    expect(kubernetes).toMatchObject({
      apiVersion: 'v1.36.3',
      phase: 'initialised',
      version: 'v1.36.1',
      serviceActive: true,
      apiReady: true,
      staged: ['v1.36.3'],
      nodesTotal: 2,
      clusterUid: '1b4e28ba-2fa1-11d2-883f-0016d3cca427',
      kubeconfigDigest: `sha256:${createHash('sha256').update('a kubeconfig').digest('hex')}`,
      certificatesExpireAtMs: 1900000000000,
      nodes: [
        {
          name: 'dev-cp-1',
          ready: true,
          version: 'v1.36.1',
          unschedulable: false,
          cordonedByUs: false,
          evictablePods: 0,
        },
        {
          name: 'dev-w-1',
          version: '',
          ready: false,
          heartbeatAgeMs: null,
          unschedulable: true,
          cordonedByUs: true,
          evictablePods: 2,
        },
      ],
    });
    const age = kubernetes?.nodes[0]?.heartbeatAgeMs ?? 0;
    expect(age).toBeGreaterThan(5000);
    expect(age).toBeLessThan(60_000);
    const kubectl = guest.calls().filter((call) => call.startsWith('kube '));
    expect(kubectl).toHaveLength(2);
    expect(kubectl.every((call) => call.includes('--request-timeout='))).toBe(true);
  });

  it('names at most 200 nodes and counts all', async () => {
    const guest = make(controlPlane, true);
    guest.write('phase', 'initialised');
    guest.write(
      'kube.sh',
      `case $2 in --raw) echo ok ;; *) i=0; while [ $i -lt 250 ]; do i=$((i+1)); echo "N n-$i v1 - - True"; done ;; esac`,
    );
    const kubernetes = (await status(guest)).kubernetes;
    expect([kubernetes?.nodes.length, kubernetes?.nodesTotal, kubernetes?.kubeconfigDigest]).toEqual([200, 250, null]);
  });

  it('answers when the API is down, and when it hangs', async () => {
    const guest = make(controlPlane, true);
    guest.write('phase', 'initialised');
    guest.write('etc/admin.conf', 'x');
    guest.write('kube.sh', 'echo refused >&2; return 1');
    expect((await status(guest)).kubernetes).toMatchObject({
      apiReady: false,
      nodes: [],
      nodesTotal: 0,
      clusterUid: null,
    });
    guest.write('kube.sh', 'sleep 60');
    expect((await status(guest)).kubernetes).toMatchObject({ apiReady: false, phase: 'initialised' });
    guest.write('run/kreconcile/nodes', '2');
    guest.write('kube.sh', `case $2 in --raw) echo ok ;; *) sleep 60 ;; esac`);
    expect((await status(guest)).kubernetes).toMatchObject({ apiReady: false, phase: 'initialised' });
    expect(readdirSync(join(guest.root, 'run/kreconcile'))).toEqual(['nodes']);
  });

  it('does not ask the API of a worker, nor one that is not there yet', async () => {
    const guest = make("DISTRIBUTION='k3s'\nROLE='worker'\n", true);
    guest.write('phase', 'initialised');
    expect((await status(guest)).kubernetes).toMatchObject({ apiReady: null, kubeconfigDigest: null });
    guest.write('etc/kreconcile/node.env', controlPlane);
    guest.write('phase', 'installed');
    expect((await status(guest)).kubernetes).toMatchObject({ phase: 'installed', apiReady: false, nodes: [] });
    expect(guest.calls().filter((call) => call.startsWith('kube '))).toEqual([]);
  });

  it('says nothing rather than something wrong when the distribution cannot tell', async () => {
    const guest = make(controlPlane, true);
    const { code, stdout, stderr } = await guest.run(['status']);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/state of Kubernetes could not be read/);
  });
});
