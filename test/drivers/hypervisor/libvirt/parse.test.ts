import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseDomain } from '../../../../src/drivers/hypervisor/libvirt/parse-domain.ts';
import { parseNetwork } from '../../../../src/drivers/hypervisor/libvirt/parse-network.ts';
import { trimDomain } from '../../../../src/drivers/hypervisor/libvirt/trim-domain.ts';
import { child, children, parseXml } from '../../../../src/drivers/hypervisor/libvirt/xml.ts';

const fixture = (name: string) => readFileSync(join(import.meta.dirname, 'fixtures', name), 'utf8');

describe('descriptions as libvirt 9.0 printed them', () => {
  test('a running machine of ours', () => {
    const domain = parseDomain(fixture('running-live.xml'));
    expect(domain).toMatchObject({
      name: 'dev-cp-1',
      uuid: '0b9e1c9e-54d4-5f47-8a3c-3c7a2f4c1d11',
      isLive: true,
      agent: 'connected',
      mark: { owner: 'lab', machine: 'dev-cp-1', generation: 1, spec: { cpus: 1 } },
    });
    expect(domain.shape).toEqual({
      cpus: 1,
      maxCpus: 2,
      memoryMiB: 192,
      machineType: 'pc-q35-7.2',
      acceleration: 'emulation',
      disks: [
        { target: 'vda', path: '/var/lib/libvirt/images/kreconcile/dev-cp-1/1/root.qcow2', serial: 'kreconcile-root' },
        { target: 'vdb', path: '/var/lib/libvirt/images/kreconcile/dev-cp-1/1/seed.iso', serial: 'kreconcile-seed' },
        { target: 'vdc', path: '/var/lib/libvirt/images/kreconcile/dev-cp-1/state.qcow2', serial: 'state-1' },
      ],
      interfaces: [{ mac: '52:54:00:12:34:56', kind: 'network', source: 'default' }],
    });
  });

  test('its definition for the next boot has the same shape, and an agent that is not there yet', () => {
    const [live, next] = ['running-live.xml', 'running-inactive.xml'].map((name) => parseDomain(fixture(name)));
    expect(next?.shape).toEqual(live?.shape);
    expect(next?.mark).toEqual(live?.mark);
    expect(next).toMatchObject({ isLive: false, agent: 'disconnected' });
  });

  test('text in the mark survives as it was written', () => {
    const { mark } = parseDomain(fixture('running-live.xml'));
    expect(mark).toMatchObject({ spec: { access: { sshAuthorizedKeys: ["ssh-ed25519 AAAA grüß <a@b> & 'c'"] } } });
  });

  test('a machine with UEFI firmware', () => {
    const domain = parseDomain(fixture('defined-efi.xml'));
    expect(domain).toMatchObject({ name: 'dev-efi', isLive: false, shape: { machineType: 'pc-q35-7.2' } });
  });

  test('a network with its DHCP range and reservations', () => {
    expect(parseNetwork(fixture('network-default.xml'), true)).toEqual({
      kind: 'network',
      name: 'default',
      active: true,
      dhcp: { start: '192.168.122.2', end: '192.168.122.254', gateway: '192.168.122.1', prefix: 24 },
      reservations: [{ mac: '52:54:00:12:34:56', address: '192.168.122.41', name: 'dev-cp-1' }],
    });
  });
});

describe('descriptions of others', () => {
  test('a container-like domain without disks, network or channel', () => {
    const xml = `<domain type='kvm'><name>odd &amp; old</name><uuid>u</uuid><memory unit='GiB'>2</memory><vcpu>3</vcpu></domain>`;
    expect(parseDomain(xml)).toEqual({
      name: 'odd & old',
      uuid: 'u',
      isLive: false,
      mark: null,
      agent: 'absent',
      shape: { cpus: 3, maxCpus: 3, memoryMiB: 2048, machineType: '', acceleration: 'kvm', disks: [], interfaces: [] },
      firmware: { isEfi: false, loader: undefined, nvram: undefined },
    });
  });

  test('disks and interfaces of other kinds', () => {
    const xml = `<domain type='kvm'><name>a</name><devices>
      <disk type='block'><source dev='/dev/vg/a'/><target dev='sda'/></disk>
      <disk type='network'><source protocol='rbd' name='pool/a'/><target dev='sdb'/></disk>
      <disk type='file' device='cdrom'><target dev='sdc'/></disk>
      <interface type='bridge'><mac address='52:54:00:AA:BB:CC'/><source bridge='br0'/></interface>
      <interface type='direct'><mac address='52:54:00:aa:bb:cd'/><source dev='eth0'/></interface>
      <interface type='user'><mac address='52:54:00:aa:bb:ce'/></interface></devices></domain>`;
    const { shape } = parseDomain(xml);
    expect(shape.disks.map((disk) => disk.path)).toEqual(['/dev/vg/a', 'pool/a', '']);
    expect(shape.interfaces).toEqual([
      { mac: '52:54:00:aa:bb:cc', kind: 'bridge', source: 'br0' },
      { mac: '52:54:00:aa:bb:cd', kind: 'other', source: 'eth0' },
      { mac: '52:54:00:aa:bb:ce', kind: 'other', source: '' },
    ]);
  });

  test('a network without DHCP has none', () => {
    const xml = `<network><name>isolated</name><ip family='ipv6' address='fd00::1' prefix='64'/><ip address='10.0.0.1' prefix='16'/></network>`;
    expect(parseNetwork(xml, false)).toMatchObject({ name: 'isolated', active: false, dhcp: null, reservations: [] });
  });

  test('a description that declares entities is refused', () => {
    const xml = '<!DOCTYPE d [<!ENTITY a "b">]><domain><name>&a;</name></domain>';
    expect(() => parseDomain(xml)).toThrow(expect.objectContaining({ code: 'VirshFailed' }));
  });
});

describe('marks', () => {
  const marked = (metadata: string) => parseDomain(`<domain><metadata>${metadata}</metadata></domain>`).mark;
  const namespace = 'https://kreconcile.dev/mark/1';
  const json = (change: object) =>
    JSON.stringify({
      schema: 1,
      owner: 'o',
      object: { kind: 'Machine', name: 'a' },
      machine: 'a',
      generation: 1,
      spec: { image: {}, network: {} },
      ...change,
    });

  test('are found by namespace, under whatever prefix', () => {
    expect(marked(`<x:mark xmlns:x="${namespace}">${json({})}</x:mark>`)).toMatchObject({ owner: 'o' });
    expect(marked(`<mark xmlns="${namespace}">${json({})}</mark>`)).toMatchObject({ owner: 'o' });
    expect(marked(`<kreconcile:mark xmlns:kreconcile="https://other">${json({})}</kreconcile:mark>`)).toBeNull();
    expect(
      marked('<libosinfo:libosinfo xmlns:libosinfo="http://libosinfo"><libosinfo:os id="a"/></libosinfo:libosinfo>'),
    ).toBeNull();
  });

  test('of an older release get what it meant by saying nothing', () => {
    expect(marked(`<k:mark xmlns:k="${namespace}">${json({})}</k:mark>`)).toMatchObject({
      prune: 'Confirm',
      deletionPolicy: 'Retain',
      quarantined: [],
      provenAtMs: null,
    });
  });

  test.each([
    ['no JSON', 'hello'],
    ['nothing', ''],
    ['another schema', json({ schema: 2 })],
    ['no owner', json({ owner: undefined })],
    ['no spec', json({ spec: [] })],
    ['a strange object', json({ object: { kind: 'Pod', name: 'a' } })],
    ['a list', '[]'],
  ])('with %s are unreadable', (_, text) => {
    expect(marked(`<k:mark xmlns:k="${namespace}">${text}</k:mark>`)).toBe('unreadable');
  });

  test('twice in one domain are unreadable', () => {
    const one = `<k:mark xmlns:k="${namespace}">${json({})}</k:mark>`;
    expect(marked(one + one)).toBe('unreadable');
  });
});

describe('what is cut out of a dump before it is read', () => {
  const read = ['disk', 'interface', 'channel', 'emulator', 'watchdog'];

  test.each(['running-live.xml', 'running-inactive.xml', 'defined-efi.xml'])(
    'leaves all that is read of %s',
    (name) => {
      const [whole, trimmed] = [fixture(name), trimDomain(fixture(name))].map((xml) => child(parseXml(xml), 'domain'));
      const count = (domain: typeof whole, device: string) => children(child(domain, 'devices'), device).length;
      expect(read.map((device) => count(trimmed, device))).toEqual(read.map((device) => count(whole, device)));
      expect(count(trimmed, 'controller')).toBe(0);
      expect(trimDomain(fixture(name)).length).toBeLessThan(fixture(name).length * 0.7);
    },
  );

  test('what others wrote into their metadata is nobody’s devices', () => {
    const others =
      '<site:devices xmlns:site="urn:x">\n  <devices>\n<rng>1</rng><rng><![CDATA[</devices>]]></rng></devices></site:devices>';
    const xml = fixture('running-live.xml').replace('</metadata>', `${others}</metadata>`);
    expect(parseDomain(xml)).toEqual(parseDomain(fixture('running-live.xml')));
  });

  test('a form that libvirt does not write is read whole', () => {
    const xml = fixture('running-live.xml').replace('<devices>', '<devices><!-- <rng> -->');
    expect(trimDomain(xml)).toBe(xml);
  });
});
