import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRepository, gitConfig, openGit, type TestRepository, temporaryFolder, until } from './repository.ts';

let folder: ReturnType<typeof temporaryFolder>;
let repository: TestRepository;
let state: string;
beforeEach(() => {
  folder = temporaryFolder();
  state = join(folder.path, 'state');
  repository = createRepository(join(folder.path, 'repo with space'));
});
afterEach(() => folder.remove());

const read = (path: string, name: string) => readFileSync(join(path, name), 'utf8');

describe('a git source', () => {
  it('checks out what the branch points to, each revision to its own folder', async () => {
    const first = repository.commit({ 'dev.yaml': 'a: 1\n', 'more/x.yaml': 'b: 1\n' });
    const source = openGit(gitConfig(pathToFileURL(repository.path).href), state);
    const one = await source.fetch(null);
    expect(one).toMatchObject({ revision: first, containsLastGood: true });
    expect(read(one.folder, 'more/x.yaml')).toBe('b: 1\n');

    const second = repository.commit({ 'dev.yaml': 'a: 2\n', 'more/x.yaml': null });
    const two = await source.fetch(first);
    expect(two).toMatchObject({ revision: second, containsLastGood: true });
    expect(read(two.folder, 'dev.yaml')).toBe('a: 2\n');
    expect(existsSync(join(two.folder, 'more'))).toBe(false);
    expect(read(one.folder, 'dev.yaml')).toBe('a: 1\n');
  });

  it('follows the branch and the folder that the configuration names', async () => {
    repository.commit({ 'other.yaml': '' });
    repository.git('checkout', '--quiet', '-b', 'site/prod');
    const wanted = repository.commit({ 'hosts/a/dev.yaml': 'a: 1\n' });
    repository.git('checkout', '--quiet', 'main');
    const config = gitConfig(repository.path, { branch: 'site/prod', path: 'hosts/a' });
    const { revision, folder: checkout } = await openGit(config, state).fetch(null);
    expect(revision).toBe(wanted);
    expect(readdirSync(checkout)).toEqual(['dev.yaml']);
  });

  it('says which branches there are when the branch is missing', async () => {
    repository.commit({ 'dev.yaml': '' });
    const source = openGit(gitConfig(repository.path, { branch: 'prod' }), state);
    await expect(source.fetch(null)).rejects.toMatchObject({
      code: 'SourceBranchMissing',
      message: expect.stringMatching(/no branch "prod"; it has main$/),
    });
  });

  it('says that a repository is empty', async () => {
    await expect(openGit(gitConfig(repository.path), state).fetch(null)).rejects.toMatchObject({
      code: 'SourceBranchMissing',
      message: expect.stringContaining('no branches yet'),
    });
  });

  it('says that the folder inside the repository is missing, also where it is a file', async () => {
    repository.commit({ 'dev.yaml': '' });
    for (const path of ['nowhere', 'dev.yaml']) {
      const source = openGit(gitConfig(repository.path, { path }), state);
      await expect(source.fetch(null)).rejects.toMatchObject({ code: 'SourceMissing' });
    }
  });

  it.each(['/nonexistent/repository', 'https://127.0.0.1:1/x.git'])('reports that %s is unreachable', async (url) => {
    const error = await openGit(gitConfig(url), state)
      .fetch(null)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'SourceUnreachable', disposition: 'retry' });
    expect(String(error)).toContain(url);
  });

  it('sees that the branch was rewound, even after the old commit is gone everywhere', async () => {
    const base = repository.commit({ 'dev.yaml': 'a: 1\n' });
    const lost = repository.commit({ 'dev.yaml': 'a: 2\n' });
    const source = openGit(gitConfig(repository.path), state);
    await source.fetch(null);
    repository.git('reset', '--hard', '--quiet', base);
    const other = repository.commit({ 'dev.yaml': 'a: 3\n' });
    expect(await source.fetch(lost)).toMatchObject({ revision: other, containsLastGood: false });
    expect(await source.fetch(base)).toMatchObject({ revision: other, containsLastGood: true });
    rmSync(join(state, 'source'), { recursive: true });
    expect(await openGit(gitConfig(repository.path), state).fetch(lost)).toMatchObject({ containsLastGood: false });
  });

  it('runs no hooks and writes no submodules', async () => {
    const witness = join(folder.path, 'hook-ran');
    repository.commit({ 'dev.yaml': '', '.gitmodules': '[submodule "s"]\n\tpath = s\n\turl = /nonexistent\n' });
    const source = openGit(gitConfig(repository.path), state);
    await source.fetch(null);
    for (const hook of ['post-checkout', 'reference-transaction', 'post-index-change']) {
      writeFileSync(join(state, 'source/mirror.git/hooks', hook), `#!/bin/sh\ntouch ${witness}\n`, { mode: 0o755 });
    }
    repository.commit({ 'dev.yaml': 'a: 1\n' });
    await source.fetch(null);
    expect(existsSync(witness)).toBe(false);
  });

  it('follows a repository of this host that belongs to another user', async () => {
    const revision = repository.commit({ 'dev.yaml': '' });
    const isRoot = process.getuid?.() === 0;
    if (isRoot) execFileSync('chown', ['-R', '65534:65534', repository.path]);
    const source = openGit(gitConfig(repository.path), state);
    let pokes = 0;
    const watch = source.watch(() => {
      pokes++;
    });
    await watch.ready;
    expect(await source.fetch(null)).toMatchObject({ revision });
    writeFileSync(join(repository.path, '.git/refs/heads/other'), `${revision}\n`);
    await until('a poke', () => pokes > 0);
    await watch.stop();
  });

  it('writes links as links, for the manifest loader to judge', async () => {
    symlinkSync('/etc/passwd', join(repository.path, 'out.yaml'));
    repository.commit({});
    const { folder: checkout } = await openGit(gitConfig(repository.path), state).fetch(null);
    expect(readdirSync(checkout, { withFileTypes: true })[0]?.isSymbolicLink()).toBe(true);
  });

  it('mends a mirror and a checkout that a power loss left damaged', async () => {
    repository.commit({ 'dev.yaml': 'a: 1\n' });
    const before = await openGit(gitConfig(repository.path), state).fetch(null);
    const objects = join(state, 'source/mirror.git/objects');
    for (const name of readdirSync(objects, { recursive: true, encoding: 'utf8' })) {
      if (/^[0-9a-f]{2}\/|\.pack$/.test(name)) truncateSync(join(objects, name), 0);
    }
    truncateSync(join(before.folder, 'dev.yaml'), 0);
    const after = await openGit(gitConfig(repository.path), state).fetch(null);
    expect(after.revision).toBe(before.revision);
    expect(read(after.folder, 'dev.yaml')).toBe('a: 1\n');
  });

  it('makes a kept revision anew without the remote, and removes old ones', async () => {
    const source = openGit(gitConfig(repository.path), state);
    let kept = '';
    for (let round = 0; round < 8; round++) {
      kept = repository.commit({ 'dev.yaml': `a: ${round}\n` });
      await source.keep(await source.fetch(null), null);
    }
    expect(readdirSync(join(state, 'source/revisions')).length).toBeLessThanOrEqual(4);
    rmSync(repository.path, { recursive: true });
    rmSync(join(state, 'source/revisions'), { recursive: true });
    const restored = await openGit(gitConfig(repository.path), state).restore(kept);
    expect(read(restored ?? '', 'dev.yaml')).toBe('a: 7\n');
  });

  it('pokes soon after a commit, also when refs are packed or the repository appears later', async () => {
    let pokes = 0;
    const late = createRepository(join(folder.path, 'late'));
    rmSync(late.path, { recursive: true });
    const source = openGit(gitConfig(late.path, { pollMs: 50 }), state);
    const watch = source.watch(() => {
      pokes++;
    });
    await watch.ready;
    const again = createRepository(late.path);
    again.commit({ 'dev.yaml': '' });
    await until('the watch found the repository', async () => {
      again.commit({ 'dev.yaml': `${pokes}` });
      return pokes > 0;
    });
    const before = pokes;
    again.commit({ 'dev.yaml': 'a: 9\n' });
    await until('a poke', () => pokes > before);
    const packed = pokes;
    again.git('branch', 'x');
    again.git('pack-refs', '--all');
    await until('a poke after packing', () => pokes > packed);
    await watch.stop();
  });

  it('stays silent about what is no branch', async () => {
    repository.commit({ 'dev.yaml': '' });
    let pokes = 0;
    const watch = openGit(gitConfig(repository.path), state).watch(() => {
      pokes++;
    });
    await watch.ready;
    writeFileSync(join(repository.path, '.git/FETCH_HEAD'), 'x');
    writeFileSync(join(repository.path, 'dev.yaml'), 'not committed');
    repository.commit({});
    await until('the commit is seen', () => pokes > 0);
    expect(pokes).toBe(1);
    await watch.stop();
  });
});
