import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { ready, scene } from './agent-scene.ts';
import { ensureBuilt, machineYaml, smallSite, startProgram, until } from './program.ts';

beforeAll(ensureBuilt, 120_000);

describe('agent', () => {
  it('converges a commit by itself, reports it, and stops cleanly', async () => {
    const { commit, start, status, run, folder } = await scene();
    const first = await commit({ ...smallSite, 'tool.yaml': machineYaml('tool') });
    const agent = await start();
    const waited = await run('reconcile', '--wait');
    expect(waited).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^converged: /) });
    expect((await status()).source).toMatchObject({ lastGoodRevision: first, problem: null });
    await commit({ 'two.yaml': machineYaml('two') });
    await until(async () => ready(await status(), 'two'));
    expect((await run('events', '-n', '500')).stdout).toMatch(/Machine\/two StepDone: create two\n/);
    expect(JSON.parse(await readFile(join(folder, 'state/status.json'), 'utf8'))).toMatchObject({
      schema: 1,
      host: 'h1',
    });
    agent.signal('SIGTERM');
    expect(await agent.ended).toBe(0);
    expect((await run('reconcile')).stderr).toContain('AgentNotRunning');
    expect(ready(await status(), 'two')).toBe(true);
  });

  it('enforces the last good revision while a broken one stands, and says where it is broken', async () => {
    const { commit, start, status, run } = await scene();
    const good = await commit({ ...smallSite, 'tool.yaml': machineYaml('tool') });
    await start();
    expect((await run('reconcile', '--wait')).exitCode).toBe(0);
    const bad = await commit({ 'tool.yaml': machineYaml('tool', '  memori: 2Gi\n') });
    const { source } = await until(async () => {
      const now = await status();
      return now.source.problem ? now : undefined;
    });
    expect(source).toMatchObject({ lastGoodRevision: good, lastAttemptedRevision: bad });
    expect(source.problem?.details.join()).toContain('tool.yaml:7:3');
    const told = await run('status');
    expect(told.stdout).toContain('tool.yaml:7:3');
    expect((await run('reconcile', '--wait')).exitCode).toBe(20);
    expect((await run('plan')).exitCode).toBe(20);
    const fixed = await commit({ 'tool.yaml': machineYaml('tool') });
    await until(async () => ((await status()).source.lastGoodRevision === fixed ? true : undefined));
    expect((await run('reconcile', '--wait')).exitCode).toBe(0);
  });

  it('suspends and resumes through the running agent, and shows it', async () => {
    const { commit, start, status, run } = await scene();
    await commit({ ...smallSite, 'tool.yaml': machineYaml('tool') });
    await start();
    expect((await run('reconcile', '--wait')).exitCode).toBe(0);
    expect((await run('suspend', '--reason', 'migration tonight')).exitCode).toBe(0);
    await commit({ 'two.yaml': machineYaml('two') });
    const held = await until(async () => {
      const now = await status();
      return now.blocks.length > 0 ? now : undefined;
    });
    expect(held.suspended?.reason).toBe('migration tonight');
    expect((await run('plan')).stdout).toMatch(/Suspended: .*migration tonight.*\n.*\n? *way out: kreconcile resume/);
    expect((await run('reconcile', '--wait')).exitCode).toBe(24);
    await run('resume');
    await until(async () => ready(await status(), 'two'));
  });

  it('goes on where a killed one stood, and nothing is made twice', async () => {
    const { commit, start, status, run } = await scene();
    await commit({ ...smallSite, 'tool.yaml': machineYaml('tool') });
    const killed = await start();
    await until(async () => ((await status()).machines[0]?.state === 'running' ? true : undefined));
    killed.signal('SIGKILL');
    await killed.ended;
    await start();
    await until(async () => ready(await status(), 'tool'));
    expect((await status()).machines.map((machine) => [machine.name, machine.generation])).toEqual([['tool', 1]]);
    expect((await run('reconcile', '--wait')).exitCode).toBe(0);
  });

  it('holds its host against a second one', async () => {
    const { commit, start, on } = await scene();
    await commit(smallSite);
    const first = await start();
    const second = startProgram(['agent', ...on]);
    expect(await second.ended).toBe(25);
    expect(second.stderr()).toContain(`pid ${first.pid}`);
  });

  it('looks again at SIGHUP', async () => {
    const { commit, start, folder, status } = await scene();
    await commit(smallSite);
    const agent = await start();
    await until(async () => ((await status()).source.lastGoodRevision ? true : undefined));
    await rm(join(folder, 'site/.git/refs'), { recursive: true });
    agent.signal('SIGHUP');
    const { problem } = await until(async () =>
      (await status()).source.problem ? (await status()).source : undefined,
    );
    expect(problem?.code).toMatch(/^Source/);
    expect((await status()).source.lastGoodRevision).not.toBeNull();
  });

  it('accepts a rewound branch only after a person confirmed it', async () => {
    const { commit, start, status, run, folder } = await scene();
    const first = await commit(smallSite);
    await commit({ 'tool.yaml': machineYaml('tool') });
    await start();
    expect((await run('reconcile', '--wait')).exitCode).toBe(0);
    await execa('git', ['reset', '--quiet', '--hard', first], { cwd: join(folder, 'site') });
    await until(async () => ((await status()).source.problem?.code === 'SourceRewound' ? true : undefined));
    expect(await run('confirm', first.slice(0, 10))).toMatchObject({ exitCode: 0 });
    await until(async () => ((await status()).source.lastGoodRevision === first ? true : undefined));
    expect((await status()).blocks.map((block) => block.guard)).toEqual(['PruneConfirm']);
  });
});
