import { describe, expect, it } from 'vitest';
import { document, image, load, machine, machineClass, onlyProblem } from '../documents.ts';

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJwUjxgINy46orLsTs9oidVUdj5HSSSsXujDwSs4NMD';

function expectRefused(text: string, path: string, allowed: string): void {
  const problem = onlyProblem(load(text));
  expect(problem.path).toBe(path);
  expect(problem.allowed).toContain(allowed);
}

describe('a machine class', () => {
  it.each([
    'memory: 1073741824',
    'memory: 1.5Gi',
    'disk: 20G',
    'stateDisk: 100Gi',
    'cpuMode: host-model',
    'firmware: efi',
  ])('may say %s', (line) => {
    const lines = ['cpus: 2', 'memory: 4Gi', 'disk: 40Gi'].filter(
      (other) => other.split(':')[0] !== line.split(':')[0],
    );
    expect(load(document('MachineClass', 'x', [...lines, line])).ok).toBe(true);
  });

  it.each([
    ['cpus: 2', 'cpus: 0', 'spec.cpus', 'at least 1'],
    ['cpus: 2', 'cpus: 1.5', 'spec.cpus', 'whole number'],
    ['cpus: 2', 'cpus: 500m', 'spec.cpus', 'whole number'],
    ['memory: 4Gi', 'memory: 4', 'spec.memory', 'from 64Mi'],
    ['memory: 4Gi', 'memory: 4GB', 'spec.memory', 'a quantity'],
    ['memory: 4Gi', 'memory: -1', 'spec.memory', 'a quantity'],
    ['disk: 40Gi', 'disk: 900Mi', 'spec.disk', 'from 1Gi'],
    ['disk: 40Gi', 'disk: 65Ti', 'spec.disk', 'to 64Ti'],
    ['disk: 40Gi', 'disk: [40Gi]', 'spec.disk', 'a quantity'],
  ])('is refused when %s becomes %s', (from, to, path, allowed) =>
    expectRefused(machineClass.replace(from, to), path, allowed),
  );
});

describe('an image', () => {
  const url = 'https://images.example/debian-13.qcow2';

  it.each(['file:///srv/images/a.qcow2', 'http://10.0.0.1:8080/a.img', 'https://x.example/a%20b.qcow2?v=1'])(
    'may come from %s',
    (other) => {
      expect(load(image.replace(url, other)).ok).toBe(true);
    },
  );

  it.each([
    'debian-13.qcow2',
    'ftp://x.example/a',
    'file://host/a',
    'file:///srv/../etc/shadow',
    'file:///srv/%2e%2e/etc/shadow',
    'https://u:p@x.example/a',
    'https://x.example',
    'https://x.example/a b',
    "https://x.example/a'b",
    'https://x.example/`id`',
    'https://x.example/<a>',
  ])('may not come from %s', (other) =>
    expectRefused(image.replace(url, `"${other}"`), 'spec.url', 'an http, https or file URL'),
  );

  it.each([
    'sha256:abc',
    `sha256:${'A'.repeat(64)}`,
    `md5:${'a'.repeat(32)}`,
    'a'.repeat(128),
    `sha512:${'a'.repeat(64)}`,
  ])('may not have the checksum %s', (other) =>
    expectRefused(image.replace(/sha512:\w+/, other), 'spec.checksum', 'sha256: and 64'),
  );

  it('must have a checksum', () =>
    expect(onlyProblem(load(image.replace(/ {2}checksum: .*\n/, ''))).message).toBe('spec.checksum is missing'));
});

describe('a machine', () => {
  const withSpec = (line: string) => load(image, machineClass, machine('m', line));
  const userData = (text: string) => `userData: ${JSON.stringify(text)}`;

  it.each([
    userData('#cloud-config\npackages: [jq]\n'),
    userData('#cloud-config\n{}\n'),
    `access: {user: admin, sshAuthorizedKeys: ["${key}", "${key} me@host"]}`,
    'guestAgent: false',
    'address: 192.168.122.50',
    'upgrade: {strategy: InPlaceOnly, keepFor: 2d}',
  ])('may say %s', (line) => expect(withSpec(line).ok).toBe(true));

  it.each([
    [userData('#!/bin/sh\nreboot\n'), 'spec.userData'],
    [userData('#cloud-config\n- a\n'), 'spec.userData'],
    [userData('#cloud-config\na: [\n'), 'spec.userData'],
    [userData('#cloud-config\na: &a {b: *a}\n'), 'spec.userData'],
    [userData(`#cloud-config\na: ${'['.repeat(5000)}\n`), 'spec.userData'],
    [userData('#cloud-config\na: 1\n---\nb: 1\n'), 'spec.userData'],
    ['access: {user: "root; reboot"}', 'spec.access.user'],
    [`access: {sshAuthorizedKeys: ["${key.slice(0, -6)}"]}`, 'spec.access.sshAuthorizedKeys[0]'],
    [`access: {sshAuthorizedKeys: ["command=x ${key}"]}`, 'spec.access.sshAuthorizedKeys[0]'],
    [`access: {sshAuthorizedKeys: ["${key}\\n${key}"]}`, 'spec.access.sshAuthorizedKeys[0]'],
    [`access: {sshAuthorizedKeys: ["${key.replace('ssh-ed25519 ', 'ssh-rsa ')}"]}`, 'spec.access.sshAuthorizedKeys[0]'],
    ['address: 192.168.122.050', 'spec.address'],
    ['address: "::1"', 'spec.address'],
    ['labels: {}', 'spec.labels'],
  ])('is refused for %s', (line, path) => {
    const result = withSpec(line);
    expect(onlyProblem(result)).toMatchObject({ code: 'ManifestInvalid', path });
  });

  it('may not have the name of the folder that keeps the state disks of the deleted', () =>
    expect(onlyProblem(load(image, machineClass, machine('retained')))).toMatchObject({ path: 'metadata.name' }));

  it('may carry labels of the form that Kubernetes has', () => {
    const labelled = (labels: string) =>
      load(image, machineClass, machine('m').replace('{name: m}', `{name: m, labels: ${labels}}`));
    expect(labelled('{team: a, example.org/tier: "1"}').ok).toBe(true);
    expect(onlyProblem(labelled('{"a b": x}'))).toMatchObject({ path: 'metadata.labels["a b"]', found: '"a b"' });
  });
});

describe('a network', () => {
  const lan = ['bridge: br0', 'subnet: 192.168.5.0/24'];
  const withLines = (...lines: string[]) => load(document('Network', 'lan', lines));

  it.each([
    [['libvirtNetwork: default']],
    [['bridge: br-lan.10']],
    [[...lan, 'range: {start: 192.168.5.10, end: 192.168.5.10}', 'gateway: 192.168.5.1', 'dns: [9.9.9.9]']],
  ])('may say %s', (lines) => expect(withLines(...lines).ok).toBe(true));

  it.each([
    [['bridge: br0', 'libvirtNetwork: default'], 'spec.bridge', 'exactly one'],
    [['dns: []', 'subnet: 192.168.5.0/24'], 'spec', 'exactly one'],
    [['bridge: "br0; reboot"'], 'spec.bridge', 'interface name'],
    [['bridge: a-name-too-long-for-linux'], 'spec.bridge', 'at most 15'],
    [['libvirtNetwork: "a b"'], 'spec.libvirtNetwork', 'letters, digits'],
    [['bridge: br0', 'gateway: 192.168.5.1'], 'spec.gateway', 'together with subnet'],
    [['bridge: br0', 'subnet: 192.168.5.7/24'], 'spec.subnet', 'no bits set'],
    [['bridge: br0', 'subnet: 192.168.5.0/31'], 'spec.subnet', 'from /8 to /30'],
    [[...lan, 'range: {start: 192.168.5.20, end: 192.168.5.10}'], 'spec.range.end', 'not before the start'],
    [[...lan, 'range: {start: 192.168.5.0, end: 192.168.5.10}'], 'spec.range.start', 'inside 192.168.5.0/24'],
    [[...lan, 'range: {start: 192.168.5.9, end: 192.168.6.10}'], 'spec.range.end', 'inside 192.168.5.0/24'],
    [[...lan, 'gateway: 192.168.5.255'], 'spec.gateway', 'inside 192.168.5.0/24'],
    [
      [...lan, 'gateway: 192.168.5.5', 'range: {start: 192.168.5.1, end: 192.168.5.9}'],
      'spec.range',
      'without the gateway',
    ],
  ])('is refused for %s', (lines, path, allowed) => {
    const problem = onlyProblem(withLines(...lines));
    expect(problem.path).toBe(path);
    expect(problem.allowed).toContain(allowed);
  });
});
