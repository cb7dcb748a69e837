import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KreError } from '../../src/model/error.ts';
import { EMPTY_LEDGER } from '../../src/model/ledger.ts';
import type { Files, Log } from '../../src/model/ports.ts';
import { createBackupFolder } from '../../src/records/backups.ts';
import { createLedgerFile } from '../../src/records/ledger-file.ts';
import { createRecords } from '../../src/records/records.ts';
import { createSecrets } from '../../src/records/secrets.ts';
import { createStore } from '../../src/records/store.ts';
import { systemFiles } from '../../src/sys/files.ts';

const log: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kreconcile-records-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const records = () =>
  createRecords(createStore({ files: systemFiles, log, folder }), {
    listBackups: createBackupFolder(systemFiles, folder).list,
    isInPlace: async () => true,
  });

describe('the list of applied objects', () => {
  it('is empty on a first start, and lost when its file is gone later', async () => {
    expect((await records().read()).applied).toEqual([]);
    await records().addApplied(['Machine/a', 'Cluster/b']);
    expect((await records().read()).applied).toEqual(['Cluster/b', 'Machine/a']);
    await rm(join(folder, 'objects.json'));
    expect((await records().read()).applied).toBe('lost');
  });

  it('is lost, not empty, when its file is damaged', async () => {
    await records().addApplied(['Machine/a']);
    await writeFile(join(folder, 'objects.json'), '["Machine/a"');
    expect((await records().read()).applied).toBe('lost');
  });

  it('that was lost begins anew with what is applied now, and does not guess what it held', async () => {
    await records().addApplied(['Machine/a', 'Machine/b']);
    await writeFile(join(folder, 'objects.json'), '');
    await records().addApplied(['Machine/b']);
    expect((await records().read()).applied).toEqual(['Machine/b']);
  });

  it.each(['objects.json', 'installed.json'])('is not lost by an end at its first writing, at %s', async (name) => {
    const write: Files['write'] = (path, ...rest) =>
      path.endsWith(name) ? Promise.reject(new Error('power loss')) : systemFiles.write(path, ...rest);
    const sources = { listBackups: async () => [], isInPlace: async () => true };
    const first = createRecords(createStore({ files: { ...systemFiles, write }, log, folder }), sources);
    await expect(first.addApplied(['Machine/a'])).rejects.toThrow('power loss');
    await records().addApplied(['Machine/a']);
    expect((await records().read()).applied).toEqual(['Machine/a']);
  });

  it('loses an object that was deleted and remembers the revision', async () => {
    await records().addApplied(['Machine/a', 'Machine/b']);
    await records().forget({ kind: 'Machine', name: 'a' }, 'r2');
    expect(await records().read()).toMatchObject({
      applied: ['Machine/b'],
      deleted: [{ object: 'Machine/a', revision: 'r2' }],
    });
  });
});

describe('what a person decided', () => {
  it('survives the agent', async () => {
    await records().suspend('Cluster/dev', 'holiday', 5);
    await records().confirm({ object: 'Machine/a', revision: 'r1' });
    const found = await records().read();
    expect(found.suspensions).toEqual({ 'Cluster/dev': { reason: 'holiday', atMs: 5 } });
    expect(found.confirmations).toEqual([{ object: 'Machine/a', revision: 'r1' }]);
    await records().resume('Cluster/dev');
    expect((await records().read()).suspensions).toEqual({});
  });

  it('allows each thing of a revision by itself, and nothing of the one before', async () => {
    const confirm = (revision: string, allows: 'delete' | 'recreate') =>
      records().confirm({ object: 'Cluster/dev', revision, allows });
    await confirm('r1', 'delete');
    await confirm('r2', 'recreate');
    await confirm('r2', 'delete');
    await confirm('r2', 'delete');
    expect((await records().read()).confirmations).toEqual([
      { object: 'Cluster/dev', revision: 'r2', allows: 'recreate' },
      { object: 'Cluster/dev', revision: 'r2', allows: 'delete' },
    ]);
  });
});

describe('suspensions that cannot be read', () => {
  it('suspend everything until a person resumes', async () => {
    await records().suspend('Machine/a', 'mine', 5);
    await writeFile(join(folder, 'suspensions.json'), '{');
    expect(Object.keys((await records().read()).suspensions)).toEqual(['agent']);
    await records().resume('agent');
    expect((await records().read()).suspensions).toEqual({});
  });
});

describe('decisions that come at once', () => {
  it('are all kept', async () => {
    const keeper = records();
    await Promise.all(['a', 'b', 'c'].map((name) => keeper.suspend(`Machine/${name}`, 'x', 1)));
    expect(Object.keys((await keeper.read()).suspensions)).toHaveLength(3);
  });
});

describe('the state folder', () => {
  it('lets nobody else read what is in it', async () => {
    const path = join(folder, 'state');
    const store = createStore({ files: systemFiles, log, folder: path });
    await store.write('x.json', {});
    expect((await stat(path)).mode & 0o777).toBe(0o711);
    expect((await stat(join(path, 'x.json'))).mode & 0o777).toBe(0o600);
  });

  it('without permission is an error with its code, and no empty list', async () => {
    const denied = () => {
      const message = 'could not read: no permission';
      return new KreError({ code: 'StatePermission', message, hint: 'Give access.', disposition: 'stalled' });
    };
    const files = { ...systemFiles, read: () => Promise.reject(denied()) };
    const sources = { listBackups: async () => [], isInPlace: async () => true };
    const keeper = createRecords(createStore({ files, log, folder }), sources);
    await expect(keeper.read()).rejects.toMatchObject({ code: 'StatePermission' });
    await expect(keeper.addApplied(['Machine/a'])).rejects.toMatchObject({ code: 'StatePermission' });
  });
});

describe('the ledger', () => {
  it('that is damaged counts as empty', async () => {
    const ledger = createLedgerFile(createStore({ files: systemFiles, log, folder }));
    await ledger.write({ ...EMPTY_LEDGER, revision: 'r1' });
    expect((await ledger.read()).revision).toBe('r1');
    await writeFile(join(folder, 'ledger.json'), '{"schema":1}');
    expect(await ledger.read()).toEqual(EMPTY_LEDGER);
    const odd = {
      schema: 1,
      revision: 'r',
      attempts: { a: null, b: { count: 2, lastAtMs: 1, error: null } },
      since: { w: 'x' },
    };
    await writeFile(join(folder, 'ledger.json'), JSON.stringify(odd));
    expect(await ledger.read()).toEqual({
      ...EMPTY_LEDGER,
      revision: 'r',
      attempts: { b: { count: 2, lastAtMs: 1, error: null } },
    });
  });
});

describe('secrets and backups', () => {
  it('a secret is made once, for its owner alone', async () => {
    const secrets = createSecrets(systemFiles, folder);
    const first = await secrets.ensure('dev', [{ name: 'token', bytes: 16 }]);
    expect(first['token']).toMatch(/^[0-9a-f]{32}$/);
    expect(await secrets.ensure('dev', [{ name: 'token', bytes: 16 }])).toEqual(first);
    expect((await stat(join(folder, 'secrets/dev/token'))).mode & 0o777).toBe(0o600);
  });

  it('a secret is the same for two who ask at once', async () => {
    const secrets = createSecrets(systemFiles, folder);
    const request = [{ name: 'token', bytes: 16 }];
    const [one, two] = await Promise.all([secrets.ensure('dev', request), secrets.ensure('dev', request)]);
    expect(one).toEqual(two);
  });

  it('keeps the latest backups and drops the oldest', async () => {
    const backups = createBackupFolder(systemFiles, folder);
    for (const atMs of [1, 2, 3]) {
      await backups.save(
        {
          id: `backup-aaaaaaaa-${atMs}`,
          cluster: 'dev',
          machine: 'dev-cp-1',
          atMs,
          version: 'v1',
          sha256: 'x',
          sizeBytes: 1,
          verified: true,
        },
        Buffer.from([atMs]),
        { keep: 2, versions: [] },
      );
    }
    expect((await backups.list()).map((entry) => entry.atMs)).toEqual([2, 3]);
    await writeFile(join(folder, 'backups/dev/backup-aaaaaaaa-2'), '');
    await writeFile(join(folder, 'backups/dev/other.json'), '{"id": "../x"}');
    expect((await backups.list()).map((entry) => entry.atMs)).toEqual([3]);
    expect(await readFile(join(folder, 'backups/dev/backup-aaaaaaaa-3'))).toEqual(Buffer.from([3]));
  });
});
