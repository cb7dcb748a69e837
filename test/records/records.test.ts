import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EMPTY_LEDGER } from '../../src/model/ledger.ts';
import type { Log } from '../../src/model/ports.ts';
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
  createRecords(createStore({ files: systemFiles, log, folder }), createBackupFolder(systemFiles, folder).list);

describe('the list of applied objects', () => {
  it('is empty on a first start, and lost when its file is gone later', async () => {
    expect((await records().read()).applied).toEqual([]);
    await records().addApplied(['Machine/a', 'Cluster/b']);
    expect((await records().read()).applied).toEqual(['Cluster/b', 'Machine/a']);
    await rm(join(folder, 'objects.json'));
    expect((await records().read()).applied).toBe('lost');
  });

  it('is lost, not empty, when its file is damaged, and stays so', async () => {
    await records().addApplied(['Machine/a']);
    await writeFile(join(folder, 'objects.json'), '["Machine/a"');
    await records().addApplied(['Machine/b']);
    expect((await records().read()).applied).toBe('lost');
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
    await records().confirm('Machine/a', 'r1');
    const found = await records().read();
    expect(found.suspensions).toEqual({ 'Cluster/dev': { reason: 'holiday', atMs: 5 } });
    expect(found.confirmations).toEqual([{ object: 'Machine/a', revision: 'r1' }]);
    await records().resume('Cluster/dev');
    expect((await records().read()).suspensions).toEqual({});
  });
});

describe('the ledger', () => {
  it('that is damaged counts as empty', async () => {
    const ledger = createLedgerFile(createStore({ files: systemFiles, log, folder }));
    await ledger.write({ ...EMPTY_LEDGER, revision: 'r1' });
    expect((await ledger.read()).revision).toBe('r1');
    await writeFile(join(folder, 'ledger.json'), '{"schema":1}');
    expect(await ledger.read()).toEqual(EMPTY_LEDGER);
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
        2,
      );
    }
    expect((await backups.list()).map((entry) => entry.atMs)).toEqual([2, 3]);
    expect(await readFile(join(folder, 'backups/dev/backup-aaaaaaaa-3'))).toEqual(Buffer.from([3]));
  });
});
