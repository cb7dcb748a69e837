import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Backup } from '../../src/model/observed.ts';
import { ready, scene } from './agent-scene.ts';
import { clusterYaml, ensureBuilt, smallSite, until } from './program.ts';

beforeAll(ensureBuilt, 120_000);

describe('backup', () => {
  it('is taken by the running agent, and waited for', async () => {
    const { commit, start, status, run, folder } = await scene();
    await commit({ ...smallSite, 'dev.yaml': clusterYaml('dev', 'v1.36.3+k3s1') });
    const agent = await start();
    await until(async () => ready(await status(), 'dev-cp-1'));
    const taken = await run('backup', 'dev', '--wait', '-o', 'json');
    expect(taken.exitCode).toBe(0);
    const backup = JSON.parse(taken.stdout) as Backup;
    expect(backup).toMatchObject({ cluster: 'dev', machine: 'dev-cp-1', version: 'v1.36.3+k3s1', why: 'request' });
    expect(backup).toMatchObject({ verified: true, distribution: 'k3s', clusterUid: expect.any(String) });
    expect((await stat(join(folder, 'state/backups/dev', backup.id))).size).toBe(backup.sizeBytes);
    expect((await run('backup', 'list', 'dev')).stdout).toMatch(
      /dev +backup-\S+ .* v1\.36\.3\+k3s1 +dev-cp-1 .* yes +asked for\n/,
    );
    const unknown = await run('backup', 'prod');
    expect([unknown.exitCode, unknown.stderr]).toEqual([1, expect.stringContaining('no object prod is known')]);
    agent.signal('SIGTERM');
    await agent.ended;
    expect((await run('backup', 'dev')).stderr).toContain('AgentNotRunning');
    expect((JSON.parse((await run('backup', 'list', '-o', 'json')).stdout) as Backup[]).map(({ id }) => id)).toEqual([
      backup.id,
    ]);
  });
});
