import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { desire } from '../../src/reconcile/desire.ts';
import { renderSeed, type SeedInputs } from '../../src/reconcile/seed.ts';
import { distributions, oses } from './drivers.ts';
import { cluster, machine, options, recipes, setOf } from './manifests.ts';

const desired = desire(
  setOf(
    'r1',
    cluster('dev', { workers: [], access: { sshAuthorizedKeys: ['ssh-ed25519 AAAA a@b'] } }),
    machine('jump', { userData: '#cloud-config\nruncmd: [echo hello]\n' }),
  ),
  recipes,
  options,
);
const [node, jump] = desired.machines;
if (!node || !jump) throw new Error('the manifests hold a node and a machine');
const inputs: SeedInputs = {
  machine: node,
  cluster: desired.clusters[0] ?? null,
  os: oses.debian,
  distribution: distributions.k3s,
  program: '#!/bin/sh\necho program\n',
  secrets: { token: 'very-secret-token' },
  generation: 3,
  address: '192.168.122.7',
  controlPlaneAddress: '192.168.122.7',
  stateNew: true,
  phase: 'first-boot',
};
const plain: SeedInputs = {
  ...inputs,
  machine: jump,
  cluster: null,
  distribution: null,
  secrets: {},
  address: null,
  controlPlaneAddress: null,
};
/** What a guest would find written, base64 decoded. */
const decoded = (text: string) =>
  text.replaceAll(/[A-Za-z0-9+/=\n]{40,}/g, (part) => Buffer.from(part, 'base64').toString('utf8'));

describe('a seed', () => {
  it('is a new instance to cloud-init with each root disk, and only then', () => {
    const id = (generation: number) => parse(renderSeed({ ...inputs, generation }).metaData)['instance-id'];
    expect([id(3), id(4)]).toEqual([`${node.uuid}-3`, `${node.uuid}-4`]);
    expect(parse(renderSeed({ ...inputs, phase: 'settled' }).metaData)['instance-id']).toBe(`${node.uuid}-3`);
  });

  it('puts program, settings and state disk before all services, and starts the first bootstrap at the end', () => {
    const config = parse(renderSeed(inputs).userData);
    expect(config.bootcmd[0]).toContain('/usr/local/libexec/kreconcile/guest.new');
    expect(config.bootcmd[1]).toContain('mount-state');
    expect(config.runcmd.at(-1)).toBe('/usr/local/libexec/kreconcile/guest start bootstrap bootstrap-first </dev/null');
    expect(decoded(config.bootcmd[0])).toContain(`STATE_UUID='${node.stateDisk?.filesystemUuid}'\nSTATE_NEW='1'`);
    expect(config.ssh_authorized_keys).toEqual(['ssh-ed25519 AAAA a@b']);
  });

  it('holds no secret and no first-boot work once settled, and still mounts the state disk', () => {
    const first = renderSeed(inputs);
    const settled = renderSeed({ ...inputs, phase: 'settled' });
    const secretIn = (text: string) =>
      text.includes('very-secret-token') ||
      text.includes(Buffer.from('very-secret-token').toString('base64').slice(0, 12)) ||
      decoded(text).includes('very-secret-token');
    expect(secretIn(first.userData)).toBe(true);
    expect(secretIn(settled.userData)).toBe(false);
    expect(Object.keys(parse(settled.userData))).not.toContain('runcmd');
    expect(settled.networkConfig).toBe(first.networkConfig);
    expect(settled.userData).toContain('mount-state');
  });

  it("merges a user's user-data after ours and never over it", () => {
    const { userData } = renderSeed(plain);
    expect(userData).toMatch(/^Content-Type: multipart\/mixed/);
    expect(userData).toContain('Merge-Type: list(append)+dict(no_replace,recurse_list)+str()');
    expect(decoded(userData)).toContain('echo hello');
    expect(decoded(renderSeed({ ...plain, phase: 'settled' }).userData)).not.toContain('echo hello');
  });

  it('finds its interface by MAC, by DHCP or with a static address', () => {
    expect(parse(renderSeed(inputs).networkConfig).ethernets.primary).toEqual({
      match: { macaddress: node.mac },
      dhcp4: true,
      'dhcp-identifier': 'mac',
    });
    const addressing = { subnet: '10.9.0.0/24', range: null, gateway: '10.9.0.1', dns: ['10.9.0.2'] };
    const fixed = { ...node, spec: { ...node.spec, network: { ...node.spec.network, addressing } } };
    expect(
      parse(renderSeed({ ...inputs, machine: fixed, address: '10.9.0.5' }).networkConfig).ethernets.primary,
    ).toMatchObject({
      addresses: ['10.9.0.5/24'],
      gateway4: '10.9.0.1',
      nameservers: { addresses: ['10.9.0.2'] },
    });
  });
});
