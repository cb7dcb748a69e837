import { describe, expect, it } from 'vitest';
import { cluster, image, load, machineClass, onlyProblem } from '../documents.ts';

const base = [image, machineClass];
const registry = (host: string, mirror: string) => `registries: [{host: ${host}, mirrors: ["${mirror}"]}]`;

describe('a cluster', () => {
  it.each([
    ['distribution: kubeadm', 'version: v1.36.1'],
    ['distribution: kubeadm', 'version: v1.37.0-rc.1'],
    ['version: v1.33.13+k3s2'],
    ['endpoint: api.dev.example'],
    ['endpoint: 192.168.1.5:6443'],
    ['workers: []'],
    ['workers: [{name: general, replicas: 0, machineClass: small}]'],
    ['podCIDR: 10.244.0.0/16', 'serviceCIDR: 10.96.0.0/12'],
    ['cni: {plugin: manifest, manifest: "https://cni.example/v1/net.yaml"}'],
    ['cni: {plugin: none}'],
    [registry('registry.k8s.io', 'https://mirror.example:5000/k8s')],
    [registry('localhost:5000', 'http://10.0.0.1')],
    ['mirrors: {kubernetes: "http://192.168.122.1:8080/k8s"}'],
    ['keepPaths: [/var/lib/longhorn, /data]'],
    ['upgrade: {strategy: InPlaceOnly, keepFor: 36h, versions: [v1.34.9+k3s1, v1.35.8+k3s1]}'],
    ['upgrade: {maxUnavailable: 2}', 'backup: {maxAge: 1h30m, keep: 3}', 'timeouts: {boot: 90s, shutdown: 2m}'],
    [
      'prune: {mode: Enabled}',
      'deletionPolicy: Delete',
      'powerState: Off',
      'suspend: true',
      'placement: {host: kvm1.example}',
    ],
    ['controlPlane: {replicas: 3, machineClass: small}', 'endpoint: api.dev.example'],
    ['controlPlane: {replicas: 5, machineClass: small}', 'endpoint: 192.168.1.30'],
  ])('may say %s', (...spec) => expect(load(...base, cluster('dev', ...spec)).ok).toBe(true));

  it.each([
    ['version: v1.36.1', 'spec.version', 'a version such as v1.36.4+k3s1'],
    ['distribution: kubeadm', 'spec.version', 'a version such as v1.36.1'],
    ['version: 1.36.4+k3s1', 'spec.version', 'a version such as v1.36.4+k3s1'],
    ['version: "v1.36.4+k3s1; reboot"', 'spec.version', 'a version such as'],
    ['distribution: microk8s', 'spec.distribution', 'k3s, kubeadm'],
    ['controlPlane: {replicas: 2, machineClass: small}', 'spec.controlPlane.replicas', '1, 3 or 5'],
    ['controlPlane: {replicas: 3, machineClass: small}', 'spec.controlPlane.replicas', 'a load balancer'],
    [
      'controlPlane: {machineClass: small, addresses: [10.0.0.1, 10.0.0.2]}',
      'spec.controlPlane.addresses',
      'one address',
    ],
    ['workers: [{name: cp, replicas: 1, machineClass: small}]', 'spec.workers[0].name', 'any other name'],
    ['workers: [{name: a, replicas: -1, machineClass: small}]', 'spec.workers[0].replicas', 'at least 0'],
    ['workers: [{name: a, replicas: 1000, machineClass: small}]', 'spec.workers[0].replicas', 'at most 999'],
    [`workers: [{name: ${'a'.repeat(19)}, replicas: 1, machineClass: small}]`, 'spec.workers[0].name', 'at most 18'],
    ['upgrade: {versions: [v1.35.8]}', 'spec.upgrade.versions[0]', 'a version such as v1.36.4+k3s1'],
    ['upgrade: {versions: [v1.35.8+k3s1, v1.34.9+k3s1]}', 'spec.upgrade.versions[0]', 'in rising order'],
    ['upgrade: {versions: [v1.36.4+k3s1]}', 'spec.upgrade.versions[0]', 'older than spec.version'],
    ['endpoint: https://api.dev.example', 'spec.endpoint', 'a host name'],
    ['endpoint: api.dev.example:0', 'spec.endpoint', 'a host name'],
    ['endpoint: 192.168.1.300', 'spec.endpoint', 'a host name'],
    ['endpoint: "api\\"x"', 'spec.endpoint', 'a host name'],
    ['podCIDR: 10.42.0.1/16', 'spec.podCIDR', 'no bits set beyond'],
    ['podCIDR: 10.42.0.0/30', 'spec.podCIDR', 'from /8 to /24'],
    ['podCIDR: 10.43.0.0/16', 'spec.podCIDR', 'without a common address'],
    ['cni: {plugin: manifest}', 'spec.cni', 'an http or https URL'],
    ['cni: {plugin: bridge, manifest: x.yaml}', 'spec.cni.manifest', 'only with plugin'],
    ['cni: {plugin: manifest, manifest: ../x.yaml}', 'spec.cni.manifest', 'below the manifest folder'],
    ['cni: {plugin: manifest, manifest: /etc/passwd}', 'spec.cni.manifest', 'below the manifest folder'],
    ['cni: {plugin: manifest, manifest: "a;b.yaml"}', 'spec.cni.manifest', 'below the manifest folder'],
    [registry('Docker.io', 'https://m.example'), 'spec.registries[0].host', 'a host name'],
    [registry('docker.io', 'ftp://m.example'), 'spec.registries[0].mirrors[0]', 'http or https'],
    ['registries: [{host: docker.io, mirrors: []}]', 'spec.registries[0].mirrors', 'at least 1 elements'],
    ['mirrors: {kubernetes: "https://u:p@h.example"}', 'spec.mirrors.kubernetes', 'credentials'],
    ['mirrors: {kubernetes: "https://h.example/$(reboot) x"}', 'spec.mirrors.kubernetes', 'without spaces'],
    ['keepPaths: [/etc]', 'spec.keepPaths[0]', 'no system folder'],
    ['keepPaths: [/data/../etc]', 'spec.keepPaths[0]', 'without ".."'],
    ['keepPaths: [data]', 'spec.keepPaths[0]', 'an absolute path'],
    ['keepPaths: [/a, /a]', 'spec.keepPaths[1]', 'each path once'],
    ['backup: {maxAge: 1 hour}', 'spec.backup.maxAge', 'a duration'],
    ['timeouts: {boot: 0s}', 'spec.timeouts.boot', 'more than zero'],
    ['config: {max: .inf}', 'spec.config.max', 'a finite number'],
    ['prune: {mode: Always}', 'spec.prune.mode', 'Disabled, Confirm, Enabled'],
  ])('is refused for %s', (line, path, allowed) => {
    const problem = onlyProblem(load(...base, cluster('dev', line)));
    expect(problem.path).toBe(path);
    expect(problem.allowed).toContain(allowed);
    expect(problem.hint).not.toBe('');
  });

  it('names the first of two pools with one name', () => {
    const pools = [
      'workers:',
      '  - {name: a, replicas: 1, machineClass: small}',
      '  - {name: a, replicas: 1, machineClass: small}',
    ];
    const problem = onlyProblem(load(...base, cluster('dev', ...pools)));
    expect(problem).toMatchObject({ path: 'spec.workers[1].name', related: { line: problem.line - 1 } });
  });

  it('does not call absent what is there but wrong', () => {
    expect(onlyProblem(load(...base, cluster('dev', 'cni: {plugin: manifest, manifest: 5}'))).path).toBe(
      'spec.cni.manifest',
    );
  });

  it.each([
    ['"dev; rm -rf /"'],
    ["'dev\"x'"],
    ['"dev\'x"'],
    ['../../etc'],
    ['dev_x'],
    ['Dev'],
    ['dev-'],
    ['-dev'],
    ['1dev'],
    ['"dev\\nx"'],
    ['"<dev>"'],
    ['dev.x'],
    ['a'.repeat(41)],
    ['a1b2c3d4-0000-4000-8000-000000000000'],
  ])('cannot be named %s', (name) => {
    expect(onlyProblem(load(...base, cluster(name)))).toMatchObject({ code: 'ManifestInvalid', path: 'metadata.name' });
  });

  it('of the longest name has nodes whose names are still DNS labels', () => {
    const workers = `workers: [{name: ${'p'.repeat(18)}, replicas: 999, machineClass: small}]`;
    expect(load(...base, cluster('c'.repeat(40), workers)).ok).toBe(true);
    expect(`${'c'.repeat(40)}-${'p'.repeat(18)}-999`).toHaveLength(63);
  });
});
