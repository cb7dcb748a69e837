import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { folderSource } from '../../src/source/folder.ts';
import { nextPollMs, type Source } from '../../src/source/source.ts';
import { systemFiles } from '../../src/sys/files.ts';
import { silentLog, temporaryFolder, until } from './repository.ts';

let temporary: ReturnType<typeof temporaryFolder>;
let folder: string;
let source: Source;
beforeEach(() => {
  temporary = temporaryFolder();
  folder = join(temporary.path, 'cluster.d');
  mkdirSync(join(folder, 'sub'), { recursive: true });
  writeFileSync(join(folder, 'dev.yaml'), 'a: 1\n');
  source = open(folder);
});
afterEach(() => temporary.remove());

function open(path: string): Source {
  const stateFolder = join(temporary.path, 'state');
  return folderSource({ files: systemFiles, log: silentLog, folder: path, pollMs: 50, stateFolder });
}

const revision = async () => (await source.fetch(null)).revision;

describe('a folder as source', () => {
  it('has a new revision when a file changes, appears, moves or goes, and the old one when that is undone', async () => {
    const first = await revision();
    expect(first).toMatch(/^folder:[0-9a-f]{12}$/);
    const seen = new Set([first]);
    const changes = [
      () => writeFileSync(join(folder, 'dev.yaml'), 'a: 2\n'),
      () => writeFileSync(join(folder, 'sub/cni.conf'), 'x'),
      () => renameSync(join(folder, 'sub/cni.conf'), join(folder, 'sub/other.conf')),
      () => rmSync(join(folder, 'dev.yaml')),
    ];
    for (const change of changes) {
      change();
      seen.add(await revision());
    }
    expect(seen.size).toBe(5);
    rmSync(join(folder, 'sub/other.conf'));
    writeFileSync(join(folder, 'dev.yaml'), 'a: 1\n');
    expect(await revision()).toBe(first);
  });

  it('does not look at hidden files', async () => {
    const first = await revision();
    mkdirSync(join(folder, '.git'));
    writeFileSync(join(folder, '.git/HEAD'), 'x');
    expect(await revision()).toBe(first);
  });

  it('says that the folder is missing or is no folder', async () => {
    for (const path of [join(temporary.path, 'nowhere'), join(folder, 'dev.yaml')]) {
      await expect(open(path).fetch(null)).rejects.toMatchObject({
        code: 'SourceMissing',
        message: expect.stringContaining(path),
      });
    }
  });

  it('keeps a copy that later changes do not reach', async () => {
    const fetched = await source.fetch(null);
    const kept = await source.keep(fetched, null);
    writeFileSync(join(folder, 'dev.yaml'), 'a: 2\n');
    expect(readFileSync(join(kept, 'dev.yaml'), 'utf8')).toBe('a: 1\n');
    await expect(source.keep(fetched, null)).rejects.toMatchObject({
      message: expect.stringContaining('changed while'),
    });
  });

  it('survives files that cannot be read as text', async () => {
    writeFileSync(join(folder, 'binary.yaml'), Buffer.from([0, 255, 254, 1]));
    writeFileSync(join(folder, 'huge.yaml'), Buffer.alloc(9 * 2 ** 20, 'a'));
    chmodSync(join(folder, 'huge.yaml'), 0o600);
    expect(await revision()).toMatch(/^folder:/);
  });

  it('pokes when something changes, also when the folder appears later and when files come by rename', async () => {
    const late = join(temporary.path, 'late');
    let pokes = 0;
    const watch = open(late).watch(() => {
      pokes++;
    });
    await watch.ready;
    mkdirSync(join(late, 'deep'), { recursive: true });
    await until('the watch found the folder', () => {
      writeFileSync(join(late, 'deep/a.yaml'), String(Math.random()));
      return pokes > 0;
    });
    const before = pokes;
    writeFileSync(join(temporary.path, 'b.yaml'), 'x');
    renameSync(join(temporary.path, 'b.yaml'), join(late, 'deep/b.yaml'));
    await until('a poke after the rename', () => pokes > before);
    await watch.stop();
  });
});

describe('the time of the next look', () => {
  it('is the interval give or take a tenth', () => {
    expect([0, 0.5, 1].map((random) => nextPollMs(15_000, random))).toEqual([13_500, 15_000, 16_500]);
  });
});
