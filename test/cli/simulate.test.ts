import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { HistoryEntry } from '../../src/model/history.ts';
import type { Simulation } from '../../src/model/simulation.ts';
import { scene as agentScene } from './agent-scene.ts';
import { clusterYaml, ensureBuilt, kreconcile, machineYaml, makeFolder, smallSite, write } from './program.ts';

beforeAll(ensureBuilt, 120_000);

interface Scene {
  readonly folder: string;
  readonly site: string;
  readonly on: readonly string[];
}

async function scene(files: Readonly<Record<string, string>>): Promise<Scene> {
  const folder = await makeFolder();
  const site = join(folder, 'site');
  await write(site, { ...smallSite, ...files });
  return { folder, site, on: ['--dir', site, '-c', `sim://${folder}/host`] };
}

/** Every file below a folder with what is in it. */
async function contentOf(folder: string): Promise<Readonly<Record<string, string>>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    await Promise.all(files.map(async (file) => [file, await readFile(file, 'utf8')] as const)),
  );
}

const apply = (on: readonly string[]) => kreconcile(['apply', ...on, '--speed', '200']);

describe('simulate', () => {
  it('tells how a revision ends and draws it, and touches nothing but the prediction that history then shows', async () => {
    const { folder, site, on } = await scene({ 'dev.yaml': clusterYaml('dev', 'v1.36.3+k3s1') });
    expect((await apply(on)).exitCode).toBe(0);
    await write(site, { 'dev.yaml': clusterYaml('dev', 'v1.36.4+k3s1') });
    const before = await contentOf(join(folder, 'host'));
    const { exitCode, stdout } = await kreconcile(['simulate', ...on, '--svg', join(folder, 'rollout.svg')]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^Converges: the host is as revision folder:\w+ asks after /);
    expect(stdout).toMatch(/API of dev +away for \d+ s \(once, at \+\d+:\d\d\)/);
    expect(await readFile(join(folder, 'rollout.svg'), 'utf8')).toContain(
      '<title id="title">Rehearsal of revision folder:',
    );
    const { [join(folder, 'host/state/history.jsonl')]: history, ...rest } = await contentOf(join(folder, 'host'));
    const { [join(folder, 'host/state/history.jsonl')]: historyBefore, ...restBefore } = before;
    expect(rest).toEqual(restBefore);
    expect(history?.slice(historyBefore?.length).trim()).toMatch(
      /^\{"kind":"prediction",.*"object":"Cluster\/dev".*\}$/,
    );
    expect((await apply(on)).exitCode).toBe(0);
    const entries = JSON.parse((await kreconcile(['history', 'dev', ...on, '-o', 'json'])).stdout) as HistoryEntry[];
    expect(entries.at(-1)?.predictedMs).toBeGreaterThan(60_000);
  });

  it('of a folder beside a running agent is what history shows of the commit that is then made of it', async () => {
    const { folder, commit, start, run, on } = await agentScene();
    const clone = join(folder, 'clone');
    const [before, after] = [clusterYaml('dev', 'v1.36.3+k3s1'), clusterYaml('dev', 'v1.36.4+k3s1')];
    await commit({ ...smallSite, 'dev.yaml': before });
    await start();
    expect((await run('reconcile', '--wait')).exitCode).toBe(0);
    await write(clone, { ...smallSite, 'dev.yaml': after });
    const simulation = JSON.parse(
      (await kreconcile(['simulate', ...on, '--dir', clone, '-o', 'json'])).stdout,
    ) as Simulation;
    expect(simulation.end).toEqual({ kind: 'converged' });
    const revision = await commit({ 'dev.yaml': after });
    expect((await run('reconcile', '--wait')).exitCode).toBe(0);
    const told = JSON.parse((await run('history', 'dev', '-o', 'json')).stdout) as readonly HistoryEntry[];
    const entry = told.find(({ revisions }) => revisions.includes(revision));
    expect(entry).toMatchObject({ outcome: 'done' });
    expect(entry?.predictedMs).toBeGreaterThan(0.5 * simulation.settledMs);
  });

  it('rehearses a new site without making anything', async () => {
    const { folder, on } = await scene({ 'tool.yaml': machineYaml('tool') });
    const { exitCode, stdout } = await kreconcile(['simulate', ...on, '-o', 'json', '--fail', 'drain']);
    expect(exitCode).toBe(0);
    const simulation = JSON.parse(stdout) as Simulation;
    expect(simulation).toMatchObject({ schema: 1, end: { kind: 'converged' }, faults: ['drain'], assumptions: [] });
    expect(simulation.availability).toMatchObject([{ kind: 'machine', name: 'tool', awayMs: 0 }]);
    expect(await readdir(folder)).toEqual(['site']);
  });

  it('exits 22 with the guard where one forbids what is left', async () => {
    const { site, on } = await scene({ 'dev.yaml': clusterYaml('dev', 'v1.36.3+k3s1') });
    await apply(on);
    await write(site, { 'dev.yaml': clusterYaml('dev', 'v1.35.8+k3s1') });
    const { exitCode, stdout } = await kreconcile(['simulate', ...on]);
    expect(exitCode).toBe(22);
    expect(stdout).toMatch(/^Blocked: guards forbid .*\(NoDowngrade\)/);
    expect(stdout).toMatch(/way out: Ask for v1\.36\.3/);
  });

  it('exits 1 where something fails whenever it is tried, and says what', async () => {
    const { on } = await scene({ 'tool.yaml': machineYaml('tool') });
    const { exitCode, stdout } = await kreconcile(['simulate', ...on, '--fail', 'image-download:debian-13']);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^Does not come to rest: .*image debian-13/);
  });

  it('says what can fail and what there is, when asked for something else', async () => {
    const { on } = await scene({ 'tool.yaml': machineYaml('tool') });
    const unknown = await kreconcile(['simulate', ...on, '--fail', 'luck']);
    expect(unknown).toMatchObject({ exitCode: 1, stdout: '' });
    expect(unknown.stderr).toMatch(/Usage: luck is not what can fail[\s\S]*One of: boot, .*upgrade/);
    const nowhere = await kreconcile(['simulate', ...on, '--fail', 'boot:tol']);
    expect(nowhere.stderr).toMatch(/names tol[\s\S]*One of: tool\./);
    const form = await kreconcile(['simulate', ...on, '--fail', 'boot:tool:x']);
    expect(form.stderr).toMatch(/not of the form WHAT:WHERE:TIMES/);
    const picture = await kreconcile(['simulate', ...on, '--svg', 'rollout.png']);
    expect(picture.stderr).toMatch(/Name a file that ends in \.svg/);
  });

  it('tells what is wrong with the manifests before anything else', async () => {
    const { on } = await scene({ 'tool.yaml': machineYaml('tool', '  color: red\n') });
    expect(await kreconcile(['simulate', ...on])).toMatchObject({ exitCode: 20, stdout: '' });
  });
});
