import { existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GitSourceConfig } from '../../src/model/agent-config.ts';
import { KreError } from '../../src/model/error.ts';
import type { Files } from '../../src/model/ports.ts';
import { createSourceKeeper, type LoadManifests, type SourceKeeper } from '../../src/source/keeper.ts';
import type { Source } from '../../src/source/source.ts';
import { systemFiles } from '../../src/sys/files.ts';
import { createRepository, gitConfig, openGit, silentLog, type TestRepository, temporaryFolder } from './repository.ts';

let folder: ReturnType<typeof temporaryFolder>;
let repository: TestRepository;
let state: string;
let nowMs: number;
beforeEach(() => {
  folder = temporaryFolder();
  state = join(folder.path, 'state');
  repository = createRepository(join(folder.path, 'repo'));
  nowMs = 1000;
});
afterEach(() => folder.remove());

/** Stands for the manifest loader: `bad` in the one file is a problem; the set holds the text. */
const load: LoadManifests = async (path, revision) => {
  const file = join(path, 'dev.yaml');
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  if (!text.includes('bad')) return { ok: true, set: { revision, manifests: [], files: { text } } };
  const place = { file: 'dev.yaml', line: 1, column: 4, path: 'a', found: 'bad', allowed: 'good' };
  const problem = { ...place, code: 'ManifestInvalid', message: 'a is bad', hint: 'Write good.' } as const;
  return { ok: false, problems: [problem, { ...problem, line: 2, message: 'a is still bad' }] };
};

function keeperOf(source: Source, files: Files = systemFiles): SourceKeeper {
  const clock = { now: () => nowMs };
  return createSourceKeeper({ source, load, files, clock, log: silentLog, stateFolder: state });
}

/** As after a start of the agent. */
async function start(more: Partial<GitSourceConfig> = {}): Promise<SourceKeeper> {
  const keeper = keeperOf(openGit(gitConfig(repository.path, more), state));
  await keeper.restore();
  return keeper;
}

const text = (keeper: SourceKeeper) => keeper.current().enforced?.set.files['text'];

describe('what is enforced', () => {
  it('is nothing before the first revision', async () => {
    const keeper = await start();
    expect(keeper.current()).toEqual({ enforced: null, attempted: null, problem: null, checkedAtMs: null });
  });

  it('is the new revision when it is valid', async () => {
    const keeper = await start();
    for (const a of ['a: 1\n', 'a: 2\n']) {
      const revision = repository.commit({ 'dev.yaml': a });
      nowMs += 5;
      const now = await keeper.refresh([]);
      expect(now).toMatchObject({ enforced: { revision }, attempted: revision, problem: null, checkedAtMs: nowMs });
      expect(text(keeper)).toBe(a);
    }
  });

  it('stays the last good revision when the new one is invalid, with every problem by place, until it is mended', async () => {
    const keeper = await start();
    const good = repository.commit({ 'dev.yaml': 'a: 1\n' });
    await keeper.refresh([]);
    const bad = repository.commit({ 'dev.yaml': 'a: bad\n' });
    expect(await keeper.refresh([])).toMatchObject({
      enforced: { revision: good },
      attempted: bad,
      problem: {
        code: 'ManifestInvalid',
        hint: 'Write good.',
        details: ['dev.yaml:1:4: a is bad', 'dev.yaml:2:4: a is still bad'],
      },
    });
    const mended = repository.commit({ 'dev.yaml': 'a: 3\n' });
    expect(await keeper.refresh([])).toMatchObject({ enforced: { revision: mended }, problem: null });
  });

  it('stays when the remote is gone, also over a restart', async () => {
    const good = repository.commit({ 'dev.yaml': 'a: 1\n' });
    await (await start()).refresh([]);
    rmSync(repository.path, { recursive: true });
    const keeper = await start();
    expect(keeper.current()).toMatchObject({ enforced: { revision: good }, problem: null });
    const now = await keeper.refresh([]);
    expect(now).toMatchObject({ enforced: { revision: good }, problem: { code: 'SourceUnreachable' } });
    expect(text(keeper)).toBe('a: 1\n');
  });

  it('stays over a restart that finds a broken revision and a damaged checkout', async () => {
    const good = repository.commit({ 'dev.yaml': 'a: 1\n' });
    const before = await (await start()).refresh([]);
    repository.commit({ 'dev.yaml': 'a: bad\n' });
    truncateSync(join(before.enforced?.folder ?? '', 'dev.yaml'), 0);
    const keeper = await start();
    await keeper.refresh([]);
    expect(keeper.current()).toMatchObject({ enforced: { revision: good }, problem: { code: 'ManifestInvalid' } });
    expect(text(keeper)).toBe('a: 1\n');
  });

  it('is nothing rather than a part when checkout and mirror are damaged', async () => {
    repository.commit({ 'dev.yaml': 'a: 1\n' });
    const before = await (await start()).refresh([]);
    truncateSync(join(before.enforced?.folder ?? '', 'dev.yaml'), 0);
    rmSync(join(state, 'source/mirror.git'), { recursive: true });
    expect((await start()).current().enforced).toBe(null);
  });

  it('stays when the branch is rewound, until a person accepts that revision', async () => {
    const keeper = await start();
    const base = repository.commit({ 'dev.yaml': 'a: 1\n' });
    const good = repository.commit({ 'dev.yaml': 'a: 2\n' });
    await keeper.refresh([]);
    repository.git('reset', '--hard', '--quiet', base);
    const refused = await keeper.refresh([]);
    expect(refused).toMatchObject({
      enforced: { revision: good },
      attempted: base,
      problem: { code: 'SourceRewound' },
    });
    expect(refused.problem?.hint).toContain(`kreconcile confirm ${base}`);

    const restarted = await start();
    expect(await restarted.refresh([good, base.slice(0, 6)])).toMatchObject({ problem: { code: 'SourceRewound' } });
    const accepted = await restarted.refresh([base.slice(0, 12)]);
    expect(accepted).toMatchObject({ enforced: { revision: base }, problem: null });
    const next = repository.commit({ 'dev.yaml': 'a: 3\n' });
    expect(await restarted.refresh([])).toMatchObject({ enforced: { revision: next }, problem: null });
  });

  it('takes the folder that the configuration names now, though the commit is the same', async () => {
    repository.commit({ 'a/dev.yaml': 'a: 1\n', 'b/dev.yaml': 'b: 1\n' });
    await (await start({ path: 'a' })).refresh([]);
    const keeper = await start({ path: 'b' });
    expect(text(keeper)).toBe('a: 1\n');
    await keeper.refresh([]);
    expect(text(keeper)).toBe('b: 1\n');
  });

  it('does not compare revisions of two branches', async () => {
    repository.commit({ 'dev.yaml': 'a: 1\n' });
    await (await start({ branch: 'main' })).refresh([]);
    repository.git('checkout', '--quiet', '--orphan', 'prod');
    const other = repository.commit({ 'dev.yaml': 'p: 1\n' });
    const now = await (await start({ branch: 'prod' })).refresh([]);
    expect(now).toMatchObject({ enforced: { revision: other }, problem: null });
  });

  it('survives an unreadable last-good.json', async () => {
    const revision = repository.commit({ 'dev.yaml': 'a: 1\n' });
    await (await start()).refresh([]);
    writeFileSync(join(state, 'last-good.json'), '{"schema":1');
    const keeper = await start();
    expect(keeper.current().enforced).toBe(null);
    expect(await keeper.refresh([])).toMatchObject({ enforced: { revision }, problem: null });
  });

  it('says so when the state folder gives no permission, keeps what it has and goes on', async () => {
    // Tests may run as root, whom no mode keeps out, so the refusal is made here.
    let isDenied = false;
    const denied = () => {
      const message = 'could not write: no permission';
      return new KreError({ code: 'StatePermission', message, hint: 'Give access.', disposition: 'stalled' });
    };
    const write: Files['write'] = (...args) => (isDenied ? Promise.reject(denied()) : systemFiles.write(...args));
    const keeper = keeperOf(openGit(gitConfig(repository.path), state), { ...systemFiles, write });
    const good = repository.commit({ 'dev.yaml': 'a: 1\n' });
    await keeper.refresh([]);
    isDenied = true;
    const next = repository.commit({ 'dev.yaml': 'a: 2\n' });
    const refused = await keeper.refresh([]);
    expect(refused).toMatchObject({ enforced: { revision: good }, problem: { code: 'StatePermission' } });
    isDenied = false;
    expect(await keeper.refresh([])).toMatchObject({ enforced: { revision: next }, problem: null });
  });

  it('asks the source once for calls that come while one runs', async () => {
    let fetches = 0;
    const source = openGit(gitConfig(repository.path), state);
    const keeper = keeperOf({
      ...source,
      fetch: (last) => {
        fetches++;
        return source.fetch(last);
      },
    });
    repository.commit({ 'dev.yaml': 'a: 1\n' });
    const [one, two] = await Promise.all([keeper.refresh([]), keeper.refresh([])]);
    expect(one).toBe(two);
    expect(fetches).toBe(1);
  });
});
