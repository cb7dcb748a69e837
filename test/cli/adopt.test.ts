import { beforeAll, describe, expect, it } from 'vitest';
import type { Backup } from '../../src/model/observed.ts';
import { ready, scene } from './agent-scene.ts';
import { clusterYaml, ensureBuilt, machineYaml, smallSite, until } from './program.ts';

beforeAll(ensureBuilt, 120_000);

const dev = clusterYaml('dev', 'v1.36.3+k3s1', '  prune: {mode: Enabled}\n');
const unknown = '00000000-0000-4000-8000-000000000000-0';

describe('restore of a retained state disk', () => {
  it('brings the cluster back that a deletion had taken, in place of the blank one', async () => {
    const { commit, start, status, run } = await scene();
    await commit({ ...smallSite, 'dev.yaml': dev });
    await start();
    await until(async () => ready(await status(), 'dev-cp-1'));
    const backup = async () => JSON.parse((await run('backup', 'dev', '--wait', '-o', 'json')).stdout) as Backup;
    const before = await backup();

    await commit({ 'dev.yaml': machineYaml('plain') });
    expect((await run('reconcile', '--wait')).exitCode).toBe(0);
    expect((await status()).machines.map((machine) => machine.name)).toEqual(['plain']);
    await commit({ 'dev.yaml': `${machineYaml('plain')}---\n${dev}` });
    expect((await run('reconcile', '--wait')).exitCode).toBe(0);

    const [name = ''] =
      /[0-9a-f]{8}-[0-9a-f-]{27}-\d+/.exec((await run('restore', 'dev', unknown)).stderr.replaceAll(unknown, '')) ?? [];
    expect((await run('restore', 'dev', name)).stderr).toMatch(/dev-cp-1 is there, with a state disk of its own/);
    const asked = await run('restore', 'dev', name, '--replace');
    expect(asked).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining(`dev-cp-1 is made with its state disk ${name}`),
    });
    expect((await run('reconcile', '--wait')).exitCode).toBe(0);
    expect((await backup()).clusterUid).toBe(before.clusterUid);
  }, 120_000);
});
