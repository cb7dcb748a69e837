import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { ClusterSpec } from '../../../src/model/manifest.ts';
import { distributionContract } from './contract.ts';
import { expectGolden } from './golden.ts';
import { k3s } from './libraries.ts';
import { type NodeChanges, nodeOf } from './nodes.ts';

const version = 'v1.36.4+k3s1';
const spec: ClusterSpec = { distribution: 'k3s', version, image: 'debian-13', controlPlane: { machineClass: 'small' } };
const node = (role: 'control-plane' | 'worker', changes: NodeChanges = {}) =>
  nodeOf(k3s.recipe(spec), { distribution: 'k3s', version }, role, changes);

distributionContract({
  distribution: k3s,
  version,
  config: { disable: ['traefik'], 'tls-san': ['extra.example'] },
  configText: 'traefik',
  refused: { config: { 'token+': 'mine' }, path: 'spec.config.token+' },
});

describe('k3s', () => {
  const configOf = (role: 'control-plane' | 'worker', changes: NodeChanges = {}) =>
    parse(
      k3s.firstBootFiles(node(role, changes), { token: 'x' }).find(({ path }) => path.endsWith('/config.yaml'))
        ?.content ?? '',
    );

  it('writes what the golden files show', async () => {
    await expectGolden('k3s-server', k3s, node('control-plane'));
    await expectGolden('k3s-agent', k3s, node('worker'));
    await expectGolden(
      'k3s-offline',
      k3s,
      node('control-plane', {
        cluster: { cniManifest: 'kind: List\n' },
        kubernetes: {
          cni: { plugin: 'manifest', manifest: 'networks/calico.yaml' },
          registries: [{ host: 'docker.io', mirrors: ['https://192.168.122.1:5000/v2/hub'], insecure: true }],
          mirrors: { k3s: 'http://192.168.122.1:8080/k3s' },
          config: { disable: ['traefik'] },
        },
      }),
    );
  });

  it('has one list of names for the certificate, ours and theirs', () => {
    const config = { 'tls-san': ['extra.example', 'api.dev.example'] };
    const names = configOf('control-plane', { kubernetes: { config } })['tls-san'];
    expect(names).toEqual(['api.dev.example', '192.168.122.10', 'extra.example']);
    const appended = configOf('control-plane', { kubernetes: { config: { 'tls-san+': ['extra.example'] } } });
    expect(appended['tls-san']).toContain('extra.example');
    expect(appended).not.toHaveProperty('tls-san+');
  });

  it('brings its own network unless another is asked for', () => {
    expect(configOf('control-plane')).not.toHaveProperty('flannel-backend');
    const none = configOf('control-plane', { kubernetes: { cni: { plugin: 'none' } } });
    expect(none).toMatchObject({ 'flannel-backend': 'none', 'disable-network-policy': true });
    expect(k3s.check({ ...spec, cni: { plugin: 'bridge' } })).toMatchObject([{ path: 'spec.cni.plugin' }]);
    expect(k3s.check({ ...spec, cni: { plugin: 'manifest' } })).toMatchObject([{ path: 'spec.cni.manifest' }]);
  });
});
