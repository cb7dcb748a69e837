import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServedCluster, serveCluster } from '../../sim/api-server/fixtures.ts';
import { labArtifacts } from '../artifacts.ts';

/** A real kubectl against the simulated API server, as the demo invites people to. */
describe('kubectl on a simulated cluster', () => {
  let folder: string;
  let served: ServedCluster;
  const kubectl = async (...args: string[]): Promise<string> => {
    const { stdout } = await execa(labArtifacts().kubectl, ['--kubeconfig', join(folder, 'dev.kubeconfig'), ...args], {
      env: { HOME: folder },
      timeout: 60_000,
    });
    return stdout;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kubectl-'));
    served = await serveCluster(0);
    await writeFile(join(folder, 'dev.kubeconfig'), served.kubeconfigText, { mode: 0o600 });
  });
  afterAll(async () => {
    await served.api.stop();
    await rm(folder, { recursive: true });
  });

  it('shows nodes, version and readiness', async () => {
    expect(await kubectl('get', 'nodes')).toMatch(/^NAME .*\ndev-cp-1 +Ready +control-plane +\w+ +v1\.35\.2$/);
    expect(await kubectl('get', 'nodes', '-o', 'wide')).toContain(new URL(served.kubeconfig.server).hostname);
    expect(await kubectl('version')).toContain('Server Version: v1.35.2');
    expect(await kubectl('get', '--raw', '/readyz')).toBe('ok');
    expect(await kubectl('get', 'node', 'dev-cp-1', '-o', 'jsonpath={.status.nodeInfo.kubeletVersion}')).toBe(
      'v1.35.2',
    );
    expect(await kubectl('describe', 'node', 'dev-cp-1')).toContain('KubeletReady');
  });

  it('shows namespaces and no pods', async () => {
    expect(await kubectl('get', 'ns')).toMatch(/kube-system +Active/);
    expect(await kubectl('get', 'pods', '-A')).toBe('');
  });

  it('makes, reads and deletes a ConfigMap in a namespace of its own', async () => {
    await kubectl('create', 'namespace', 'shop');
    await kubectl('create', 'configmap', 'kept', '--from-literal=a=1', '-n', 'shop');
    expect(await kubectl('get', 'cm', '-A')).toMatch(/shop +kept +1 /);
    expect(await kubectl('get', 'configmap', 'kept', '-n', 'shop', '-o', 'jsonpath={.data.a}')).toBe('1');
    await kubectl('delete', 'configmap', 'kept', '-n', 'shop');
    await kubectl('delete', 'namespace', 'shop');
    expect(await kubectl('get', 'cm', '-A')).toBe('');
  });

  it('cordons and uncordons', async () => {
    await kubectl('cordon', 'dev-cp-1');
    expect(await kubectl('get', 'nodes')).toContain('Ready,SchedulingDisabled');
    await kubectl('uncordon', 'dev-cp-1');
    expect(await kubectl('get', 'nodes')).not.toContain('SchedulingDisabled');
  });
});
