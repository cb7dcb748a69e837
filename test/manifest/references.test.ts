import { describe, expect, it } from 'vitest';
import {
  cluster,
  document,
  image,
  load,
  loadFiles,
  machine,
  machineClass,
  onlyProblem,
  problemsOf,
} from './documents.ts';

const network = document('Network', 'lan', ['bridge: br0', 'subnet: 192.168.5.0/24', 'gateway: 192.168.5.1']);
const base = [image, machineClass, network];

describe('names', () => {
  it('claimed by two files are refused with both places', () => {
    const result = loadFiles({ 'a.yaml': image, 'b/c.yaml': `# again\n${image}` });
    expect(onlyProblem(result)).toMatchObject({
      code: 'ManifestDuplicate',
      file: 'b/c.yaml',
      line: 4,
      message: 'Image "debian-13" is claimed twice',
      related: { file: 'a.yaml', line: 3 },
    });
  });

  it('may be equal in different kinds', () => {
    expect(
      load(
        image,
        machineClass.replace('name: small', 'name: debian-13'),
        document('Network', 'debian-13', ['bridge: br0']),
      ).ok,
    ).toBe(true);
  });

  it.each([
    [
      'a Machine and a worker',
      cluster('dev', 'workers: [{name: a, replicas: 2, machineClass: small}]'),
      machine('dev-a-2'),
      'dev-a-2',
    ],
    ['a Machine and a control plane', cluster('dev'), machine('dev-cp-1'), 'dev-cp-1'],
    [
      'nodes of two clusters',
      cluster('dev', 'workers: [{name: x-cp, replicas: 1, machineClass: small}]'),
      cluster('dev-x'),
      'dev-x-cp-1',
    ],
  ])('that %s would share are refused', (_, one, other, name) => {
    expect(onlyProblem(load(...base, one, other))).toMatchObject({
      code: 'ManifestDuplicate',
      message: `the machine name "${name}" is claimed twice`,
      related: { file: 'a.yaml' },
    });
  });

  it('of a cluster that stands twice are reported once', () => {
    expect(onlyProblem(load(...base, cluster('dev'), cluster('dev'))).message).toBe('Cluster "dev" is claimed twice');
  });
});

describe('references', () => {
  it('to nothing are refused, with the place of what was probably meant', () => {
    const result = load(...base, cluster('dev', 'image: debian-31'));
    expect(onlyProblem(result)).toMatchObject({
      code: 'ManifestReference',
      path: 'spec.image',
      found: '"debian-31"',
      hint: 'Did you mean "debian-13"?',
      related: { line: 3 },
    });
  });

  it('are followed from every field', () => {
    const workers = 'workers: [{name: a, replicas: 1, machineClass: none}]';
    const dangling = cluster('dev', 'image: none', 'controlPlane: {machineClass: none}', workers, 'network: none');
    expect(problemsOf(load(dangling)).map(({ path }) => path)).toEqual([
      'spec.image',
      'spec.controlPlane.machineClass',
      'spec.workers[0].machineClass',
      'spec.network',
    ]);
  });

  it('to the network default need no document', () => {
    expect(load(...base, machine('m', 'network: default')).ok).toBe(true);
  });

  it('to an object that is wrong itself are not called dangling', () => {
    const result = load(machineClass, image.replace('os: debian', 'os: dos'), machine('m'));
    expect(onlyProblem(result).path).toBe('spec.os');
  });

  it('are not judged while a document cannot be read, as it may hold the object', () => {
    const result = loadFiles({ 'a.yaml': 'kind: [', 'b.yaml': [machineClass, machine('m')].join('---\n') });
    expect(new Set(problemsOf(result).map(({ code }) => code))).toEqual(new Set(['ManifestSyntax']));
  });

  it('to a CNI file need the file, which is then not read as a manifest', () => {
    const text = [cluster('dev', 'cni: {plugin: manifest, manifest: cni/net.yaml}'), image, machineClass].join('---\n');
    const cni = 'apiVersion: apps/v1\nkind: DaemonSet\n';
    expect(loadFiles({ 'a.yaml': text, 'cni/net.yaml': cni })).toMatchObject({
      ok: true,
      fileCount: 1,
      set: { files: { 'cni/net.yaml': cni } },
    });
    expect(onlyProblem(loadFiles({ 'a.yaml': text }))).toMatchObject({
      code: 'ManifestReference',
      path: 'spec.cni.manifest',
    });
  });
});

describe('addresses', () => {
  const at = (address: string) => machine('m', 'network: lan', `address: ${address}`);

  it.each([
    ['outside of the subnet', '192.168.6.9', 'spec.subnet'],
    ['of the subnet itself', '192.168.5.0', 'spec.subnet'],
    ['of broadcasts', '192.168.5.255', 'spec.subnet'],
    ['of the gateway', '192.168.5.1', 'spec.gateway'],
  ])('%s are refused', (_, address) => {
    expect(onlyProblem(load(...base, at(address)))).toMatchObject({
      code: 'ManifestInvalid',
      path: 'spec.address',
      related: { file: 'a.yaml' },
    });
  });

  it('inside of it are accepted', () => expect(load(...base, at('192.168.5.254')).ok).toBe(true));

  it('cannot be given on a bridge without a subnet', () => {
    const bare = document('Network', 'bare', ['bridge: br1']);
    expect(onlyProblem(load(...base, bare, machine('m', 'network: bare', 'address: 10.0.0.9'))).allowed).toContain(
      'a Network with a subnet',
    );
  });

  it('claimed by two machines are refused with both places', () => {
    const cp = cluster('dev', 'network: lan', 'controlPlane: {machineClass: small, addresses: [192.168.5.9]}');
    expect(onlyProblem(load(...base, cp, at('192.168.5.9')))).toMatchObject({
      code: 'ManifestDuplicate',
      message: 'the address 192.168.5.9 is claimed twice',
      related: { file: 'a.yaml' },
    });
  });

  it('of pods must not be those of the nodes', () => {
    const wide = document('Network', 'wide', ['bridge: br1', 'subnet: 10.0.0.0/8']);
    const paths = problemsOf(load(...base, wide, cluster('dev', 'network: wide'))).map(({ path }) => path);
    expect(paths).toEqual(['spec.podCIDR', 'spec.serviceCIDR']);
  });
});
