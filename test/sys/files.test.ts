import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileError } from '../../src/sys/file-errors.ts';
import { systemFiles as files } from '../../src/sys/files.ts';

let folder: string;
const at = (...names: string[]) => join(folder, ...names);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kreconcile-files-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('write', () => {
  it('replaces a file whole, private by default, and leaves nothing beside it', async () => {
    await files.write(at('a'), 'one');
    await files.write(at('a'), new TextEncoder().encode('two'));
    expect(readFileSync(at('a'), 'utf8')).toBe('two');
    expect(statSync(at('a')).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['a']);
  });

  it('sets the mode that is asked for, whatever the file had and the umask says', async () => {
    writeFileSync(at('a'), '', { mode: 0o600 });
    await files.write(at('a'), 'x', { mode: 0o666 });
    expect(statSync(at('a')).mode & 0o777).toBe(0o666);
  });

  it('takes a group by name or number, and refuses one that does not exist', async () => {
    const name = execFileSync('id', ['-gn'], { encoding: 'utf8' }).trim();
    await files.write(at('a'), 'x', { mode: 0o640, group: name });
    await files.write(at('b'), 'x', { mode: 0o640, group: String(process.getgid?.()) });
    expect(statSync(at('a')).gid).toBe(statSync(at('b')).gid);
    const refused = files.write(at('c'), 'x', { group: 'no-such-group' });
    await expect(refused).rejects.toMatchObject({ code: 'ConfigInvalid' });
    expect(readdirSync(folder)).toEqual(['a', 'b']);
  });

  it('leaves what root writes into the folder of somebody else to that somebody', async () => {
    const isRoot = process.getuid?.() === 0;
    const owner = isRoot ? 12_345 : statSync(folder).uid;
    if (isRoot) chownSync(folder, owner, owner);
    await files.write(at('a'), 'x');
    await files.ensureFolder(at('deep', 'deeper'));
    await files.write(at('deep', 'deeper', 'b'), 'x');
    const owners = [at('a'), at('deep'), at('deep', 'deeper'), at('deep', 'deeper', 'b')].map(
      (path) => statSync(path).uid,
    );
    expect(owners).toEqual([owner, owner, owner, owner]);
  });

  it('says which path could not be written', async () => {
    writeFileSync(at('file'), '');
    await expect(files.write(at('file', 'x'), '')).rejects.toMatchObject({
      code: 'StateUnreadable',
      message: expect.stringContaining(at('file', 'x')),
    });
  });

  it.each([
    ['ENOSPC', 'StorageFull'],
    ['EDQUOT', 'StorageFull'],
    ['EACCES', 'StatePermission'],
    ['EROFS', 'StatePermission'],
    ['EIO', 'StateUnreadable'],
  ])('turns %s of the system into %s', (systemError, code) => {
    const error = fileError('write', '/x', Object.assign(new Error('no'), { code: systemError }));
    expect(error).toMatchObject({ code, message: expect.stringContaining('/x') });
  });
});

describe('read', () => {
  it('is null for what does not exist', async () => {
    expect(await files.read(at('none', 'deeper'))).toBeNull();
  });

  it('refuses a file above the bound and takes one at it', async () => {
    writeFileSync(at('a'), 'x'.repeat(100));
    expect(await files.read(at('a'), 100)).toHaveLength(100);
    await expect(files.read(at('a'), 99)).rejects.toMatchObject({ code: 'StateUnreadable' });
  });

  it('reads files that do not know their size', async () => {
    expect(await files.read('/proc/self/status')).toContain('Pid:');
  });

  it('refuses folders and pipes instead of waiting on them', async () => {
    execFileSync('mkfifo', [at('pipe')]);
    await expect(files.read(folder)).rejects.toMatchObject({ code: 'StateUnreadable' });
    await expect(files.read(at('pipe'))).rejects.toMatchObject({ code: 'StateUnreadable' });
  });

  it('refuses a path that is not absolute', async () => {
    await expect(files.read('relative')).rejects.toMatchObject({ code: 'StateUnreadable' });
  });
});

describe('folders', () => {
  it('are made with the mode asked for, and keep the one that they have', async () => {
    await files.ensureFolder(at('a', 'b'), 0o711);
    expect(statSync(at('a', 'b')).mode & 0o777).toBe(0o711);
    chmodSync(at('a', 'b'), 0o750);
    await files.ensureFolder(at('a', 'b'), 0o711);
    expect(statSync(at('a', 'b')).mode & 0o777).toBe(0o750);
  });

  it('are not made where a file stands', async () => {
    writeFileSync(at('a'), '');
    await expect(files.ensureFolder(at('a'))).rejects.toMatchObject({ code: 'StateUnreadable' });
  });

  it('are listed in order, and empty when missing', async () => {
    for (const name of ['b', 'a', 'c']) writeFileSync(at(name), '');
    expect(await files.list(folder)).toEqual(['a', 'b', 'c']);
    expect(await files.list(at('none'))).toEqual([]);
  });

  it('are removed with what is in them, links not followed', async () => {
    writeFileSync(at('kept'), '');
    await files.ensureFolder(at('gone'));
    symlinkSync(folder, at('gone', 'link'));
    await files.removeFolder(at('gone'));
    await files.removeFolder(at('gone'));
    expect(readdirSync(folder)).toEqual(['kept']);
    await expect(files.removeFolder('/')).rejects.toMatchObject({ code: 'StateUnreadable' });
  });
});

it('looks at a link itself, and resolves it when asked', async () => {
  writeFileSync(at('a'), 'four');
  symlinkSync('a', at('link'));
  expect(await files.stat(at('a'))).toMatchObject({ kind: 'file', sizeBytes: 4 });
  expect(await files.stat(at('link'))).toMatchObject({ kind: 'symlink' });
  expect(await files.stat(folder)).toMatchObject({ kind: 'folder' });
  expect(await files.stat(at('none'))).toBeNull();
  expect(await files.realPath(at('link'))).toBe(await files.realPath(at('a')));
  expect(await files.realPath(at('none'))).toBeNull();
});

it('renames over what stands there, and removes what may be gone already', async () => {
  await files.write(at('a'), 'new');
  await files.write(at('b'), 'old');
  await files.rename(at('a'), at('b'));
  expect(await files.read(at('b'))).toBe('new');
  await files.removeFile(at('b'));
  await files.removeFile(at('b'));
  expect(await files.list(folder)).toEqual([]);
});

it('knows the free space also of a path that does not exist yet', async () => {
  expect(await files.freeBytes(at('not', 'yet'))).toBeGreaterThan(0);
});
