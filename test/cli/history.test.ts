import { beforeAll, describe, expect, it } from 'vitest';
import type { HistoryEntry } from '../../src/model/history.ts';
import { ready, scene } from './agent-scene.ts';
import { ensureBuilt, machineYaml, smallSite, startProgram, until } from './program.ts';

beforeAll(ensureBuilt, 120_000);

describe('history and events', () => {
  it('tell what a commit changed, why and how long it took, also when no agent runs any more', async () => {
    const { commit, start, run } = await scene();
    const revision = await commit({ ...smallSite, 'tool.yaml': machineYaml('tool') });
    const agent = await start();
    expect((await run('reconcile', '--wait')).exitCode).toBe(0);
    const told = async (...args: string[]) =>
      JSON.parse((await run('history', ...args, '-o', 'json')).stdout) as readonly HistoryEntry[];
    const [entry] = await until(async () => {
      const found = await told('Machine/tool');
      return found[0]?.outcome === 'done' ? found : undefined;
    });
    expect(entry).toMatchObject({ object: 'Machine/tool', revisions: [revision], predictedMs: null });
    expect(entry?.steps.map((step) => step.title)).toContain('create tool');
    expect(entry?.waits.find((wait) => wait.what === 'boot')?.tookMs).toBeGreaterThan(10_000);
    agent.signal('SIGTERM');
    expect(await agent.ended).toBe(0);
    expect(await told('tool')).toEqual([entry]);
    const { stdout } = await run('history');
    expect(stdout).toMatch(new RegExp(`Machine/tool +${revision.slice(0, 8)} +done `));
    expect((await run('history', 'tool')).stdout).toMatch(/ create tool \(it is in the manifests and does not exist\)/);
  });

  it('follow what happens until the agent stops', async () => {
    const { commit, start, status, on } = await scene();
    await commit(smallSite);
    const agent = await start();
    const following = startProgram(['events', '--follow', ...on]);
    await commit({ 'tool.yaml': machineYaml('tool') });
    await until(async () => ready(await status(), 'tool'));
    await until(async () => (following.stdout().includes('create tool\n') ? true : undefined));
    agent.signal('SIGTERM');
    expect(await following.ended).toBe(0);
    const lines = following.stdout().split('\n');
    expect(lines.filter((line) => line.endsWith('StepDone: create tool'))).toHaveLength(1);
  });
});
