import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Backup } from '../../src/model/observed.ts';
import { ready, scene } from './agent-scene.ts';
import { clusterYaml, ensureBuilt, smallSite, until } from './program.ts';

beforeAll(ensureBuilt, 120_000);

// Two agents and a dozen commands, on a machine that has other work too.
describe('restore', { timeout: 300_000 }, () => {
  it('brings a cluster back after the host and all that the agent kept are lost, but the backups', async () => {
    const { commit, start, status, run, folder } = await scene();
    await commit({ ...smallSite, 'dev.yaml': clusterYaml('dev', 'v1.36.3+k3s1') });
    const agent = await start();
    await until(async () => ready(await status(), 'dev-cp-1'));
    const backup = JSON.parse((await run('backup', 'dev', '--wait', '-o', 'json')).stdout) as Backup;
    expect((await run('restore', 'dev', 'latest')).stderr).toMatch(
      /RestoreRefused.*\n?.*the control plane dev-cp-1 is there/,
    );
    agent.signal('SIGTERM');
    await agent.ended;
    const kept = await Promise.all(
      ['', '.json'].map((end) => readFile(join(folder, `state/backups/dev/${backup.id}${end}`))),
    );
    for (const name of ['host', 'state', 'images']) await rm(join(folder, name), { recursive: true, force: true });
    await mkdir(join(folder, 'state/backups/dev'), { recursive: true });
    for (const [index, end] of ['', '.json'].entries())
      await writeFile(join(folder, `state/backups/dev/${backup.id}${end}`), kept[index] ?? '');

    await start();
    const held = await until(async () => ((await status()).blocks.length > 0 ? await status() : undefined));
    expect(held.blocks.map((block) => block.guard)).toEqual(['ClusterLost']);
    expect(held.machines.map((machine) => machine.state)).toEqual(['absent']);
    expect((await run('restore', 'dev', 'backup-unknown')).stderr).toContain('no backup backup-unknown of dev');
    await run('suspend', 'dev', '--reason', 'a look first');
    await run('restore', 'dev', 'latest');
    const struck = await run('restore', 'dev', '--cancel');
    expect(struck).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(`is not restored from ${backup.id}`) });
    await run('resume', 'dev');
    expect((await run('restore', 'dev', '--cancel')).stderr).toContain('nobody asked to restore Cluster/dev');
    expect((await run('restore', 'dev')).stderr).toContain('kreconcile restore dev --cancel');
    await until(async () => (await status()).blocks.some((block) => block.guard === 'ClusterLost'));
    const asked = await run('restore', 'dev', 'latest');
    expect(asked).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(`dev is restored from ${backup.id}`) });
    expect((await run('reconcile', '--wait')).exitCode).toBe(0);
    const again = JSON.parse((await run('backup', 'dev', '--wait', '-o', 'json')).stdout) as Backup;
    expect(again.clusterUid).toBe(backup.clusterUid);
  });
});
