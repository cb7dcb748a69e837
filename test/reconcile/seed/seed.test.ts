import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createK3s } from '../../../src/drivers/distribution/k3s/k3s.ts';
import { debian } from '../../../src/drivers/os/debian/debian.ts';
import { ubuntu } from '../../../src/drivers/os/ubuntu/ubuntu.ts';
import { renderSeed, type SeedInputs } from '../../../src/reconcile/seed.ts';
import { nodeOf } from '../../drivers/distribution/nodes.ts';
import { base } from '../../drivers/guest/program/guest-root.ts';

const distribution = createK3s({ guestLibrary: '' });
const version = { distribution: 'k3s', version: 'v1.36.4+k3s1' } as const;
// The seed needs the shape alone.
const recipe = {
  apiPort: 6443,
  keepPaths: ['/etc/rancher', '/var/lib/rancher/k3s'],
  maxMinorStep: 1,
  maxWorkerSkew: 3,
  backupName: 'copy',
  drainsBeforeUpgrade: false,
};
const program = '#!/bin/sh\n# the in-guest program\necho "it\'s me"\n';
const longProgram = `${program}${'# a long line of comment, as a real program has many\n'.repeat(50)}`;

function nodeRequest(changes: Partial<SeedInputs> = {}): SeedInputs {
  const { machine, cluster, address, controlPlaneAddress } = nodeOf(recipe, version, 'control-plane');
  const secrets = Object.fromEntries(distribution.secrets.map(({ name }) => [name, `secret-${name}-value`]));
  return {
    machine,
    cluster,
    address,
    controlPlaneAddress,
    os: debian,
    distribution,
    program,
    secrets,
    generation: 3,
    stateNew: true,
    phase: 'first-boot',
    ...changes,
  };
}

function plainRequest(userData: string | null, changes: Partial<SeedInputs> = {}): SeedInputs {
  const { machine } = nodeRequest();
  return {
    ...nodeRequest(),
    cluster: null,
    distribution: null,
    secrets: {},
    address: null,
    machine: {
      ...machine,
      name: 'runner',
      object: { kind: 'Machine', name: 'runner' },
      stateDisk: null,
      userData,
      spec: {
        ...machine.spec,
        kubernetes: null,
        access: { user: null, sshAuthorizedKeys: ['ssh-ed25519 AAAA a@example'] },
      },
    },
    ...changes,
  };
}

const userDataOf = (request: SeedInputs) => parse(renderSeed(request).userData, { version: '1.1' });
const all = (request: SeedInputs) => {
  const { userData, metaData, networkConfig } = renderSeed(request);
  return `==== user-data\n${userData}==== meta-data\n${metaData}==== network-config\n${networkConfig}`;
};

describe('a seed, as text', () => {
  it('of a node at its first boot', () => expect(all(nodeRequest())).toMatchFileSnapshot('golden/node-first-boot.txt'));
  it('of a node that has settled', () =>
    expect(all(nodeRequest({ phase: 'settled' }))).toMatchFileSnapshot('golden/node-settled.txt'));
  it('of a machine with user-data of its own', () =>
    expect(
      all(
        plainRequest(
          '#cloud-config\npackages: [git]\nruncmd:\n  - [touch, /srv/ready]\nssh_authorized_keys: [ssh-ed25519 BBBB b@example]\n',
        ),
      ),
    ).toMatchFileSnapshot('golden/machine-user-data.txt'));
  it('is the same for the same request', () => expect(renderSeed(nodeRequest())).toEqual(renderSeed(nodeRequest())));
});

describe('what a guest takes from a seed', () => {
  it('is known by the domain and the generation of its root disk', () => {
    expect(parse(renderSeed(nodeRequest()).metaData)).toEqual({
      'instance-id': '7f8a3c52-6f0e-5d8f-9d2b-0d4bb8a1c001-3',
      'local-hostname': 'dev-cp-1',
    });
  });

  it('is the whole program, also where it stands twice', () => {
    const { userData } = renderSeed(nodeRequest({ program: longProgram }));
    const { write_files: files, bootcmd } = parse(userData, { version: '1.1' });
    expect(files[1]).toEqual({
      path: '/usr/local/libexec/kreconcile/guest',
      permissions: '0755',
      content: longProgram,
    });
    expect(bootcmd[0][6]).toBe(longProgram);
    expect(userData.split('a long line of comment')).toHaveLength(51);
  });

  it('runs: bootcmd installs settings and program, keeps a newer program, and mounts', () => {
    const { bootcmd } = userDataOf(nodeRequest());
    const script = bootcmd[0][2] as string;
    const run = `set -eu; root=$(mktemp -d); trap 'rm -rf "$root"' EXIT; cd "$root"
script=$(printf '%s' "$1" | sed "s#\\([ >]\\)/\\(etc\\|usr\\|var\\)/#\\1$root/\\2/#g; s#^/usr#$root/usr#")
sh -c "$script" sh id-1 "A='1'" 'echo "$0 $1"'
cat etc/kreconcile/node.env; echo; echo 'echo newer' >usr/local/libexec/kreconcile/guest
sh -c "$script" sh id-1 "A='2'" 'echo older'
sh -c "$script" sh id-2 "A='3'" 'echo another'; cat etc/kreconcile/instance`;
    const output = execFileSync('sh', ['-c', run, 'sh', script], { encoding: 'utf8' });
    expect(output.split('\n').map((line) => line.replace(/^\/\S+guest/, 'guest'))).toEqual([
      'guest mount-state',
      "A='1'",
      'newer',
      'another',
      'id-2',
      '',
    ]);
  });

  it('holds secrets at first boot only, and after it nothing that would run once more', () => {
    const secrets = Object.values(nodeRequest().secrets);
    expect(secrets.length).toBeGreaterThan(0);
    const first = all(nodeRequest());
    const later = all(nodeRequest({ phase: 'settled' }));
    for (const secret of secrets) {
      expect(first).toContain(secret);
      expect(later).not.toContain(secret);
    }
    const settled = userDataOf(nodeRequest({ phase: 'settled' }));
    expect(Object.keys(settled)).not.toEqual(expect.arrayContaining(['runcmd']));
    expect(settled.write_files).toBeUndefined();
    expect(settled.bootcmd[0][4]).toContain("STATE_NEW='0'");
    const { metaData, networkConfig } = renderSeed(nodeRequest());
    expect(renderSeed(nodeRequest({ phase: 'settled' }))).toMatchObject({ metaData, networkConfig });
  });

  it('names the state disk, and whether it should be new', () => {
    const settings = (changes: Partial<SeedInputs>) =>
      userDataOf(nodeRequest(changes)).write_files[0].content as string;
    expect(settings({})).toContain(
      "STATE_SERIAL='kre-0123456789abcdef'\nSTATE_UUID='7f8a3c52-6f0e-5d8f-9d2b-0d4bb8a1c002'\nSTATE_NEW='1'\n",
    );
    expect(settings({ stateNew: false })).toContain("STATE_NEW='0'");
    expect(settings({})).toContain("KEEP_PATHS='/etc/rancher /var/lib/rancher/k3s'");
  });

  it('lets no value of a setting reach a shell', () => {
    const request = nodeRequest();
    const odd = { ...distribution, settings: () => ({ ODD: "it's $(touch /tmp/x) `id`" }) };
    const settings = userDataOf({ ...request, distribution: odd }).write_files[0].content as string;
    expect(execFileSync('sh', ['-c', `${settings}\nprintf %s "$ODD"`], { encoding: 'utf8' })).toBe(
      "it's $(touch /tmp/x) `id`",
    );
  });

  it('starts the first bootstrap of nodes alone', () => {
    expect(userDataOf(nodeRequest()).runcmd.at(-1)).toMatch(/guest start bootstrap bootstrap-first/);
    expect(JSON.stringify(userDataOf(plainRequest(null)).runcmd)).not.toContain('bootstrap');
  });

  it('lets the user in that was asked for', () => {
    const machine = plainRequest(null).machine;
    const access = { user: 'admin', sshAuthorizedKeys: ['ssh-ed25519 AAAA'] };
    const named = userDataOf({ ...plainRequest(null), machine: { ...machine, spec: { ...machine.spec, access } } });
    expect(named.users).toEqual([
      expect.objectContaining({ name: 'admin', ssh_authorized_keys: ['ssh-ed25519 AAAA'], lock_passwd: true }),
    ]);
    const standard = userDataOf(plainRequest(null, { os: ubuntu }));
    expect([standard.users, standard.ssh_authorized_keys]).toEqual([['default'], ['ssh-ed25519 AAAA a@example']]);
  });

  it('fits the in-guest program as it is, with room for a library', () => {
    expect(Buffer.byteLength(base)).toBeLessThan(60 * 1024);
    expect(() => renderSeed(nodeRequest({ program: 'x'.repeat(130_000) }))).toThrow(/too long/);
  });
});

describe('the network of a seed', () => {
  const addressing = { subnet: '192.168.10.0/24', range: null, gateway: '192.168.10.1', dns: ['192.168.10.2'] };
  const network = (changes: Partial<typeof addressing> | null, address: string | null) => {
    const request = nodeRequest({ address });
    const spec = {
      ...request.machine.spec,
      network: { ...request.machine.spec.network, addressing: changes && { ...addressing, ...changes } },
    };
    return parse(renderSeed({ ...request, machine: { ...request.machine, spec } }).networkConfig).ethernets.primary;
  };

  it('is found by MAC, and by MAC asks for its address', () => {
    const dhcp = { match: { macaddress: '52:54:00:12:34:56' }, dhcp4: true, 'dhcp-identifier': 'mac' };
    expect(network(null, '192.168.122.10')).toEqual(dhcp);
    expect(network({}, null)).toEqual(dhcp);
  });

  it('is static where the network has addresses to give', () => {
    expect(network({}, '192.168.10.20')).toEqual({
      match: { macaddress: '52:54:00:12:34:56' },
      dhcp4: false,
      addresses: ['192.168.10.20/24'],
      routes: [{ to: '0.0.0.0/0', via: '192.168.10.1' }],
      nameservers: { addresses: ['192.168.10.2'] },
    });
    expect(Object.keys(network({ gateway: null as never, dns: [] }, '192.168.10.20'))).toEqual([
      'match',
      'dhcp4',
      'addresses',
    ]);
  });
});
