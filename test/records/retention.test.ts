import { expect, it } from 'vitest';
import type { Backup } from '../../src/model/observed.ts';
import { expiredBackups } from '../../src/records/retention.ts';

function backup(atMs: number, version = 'v2', verified = true): Backup {
  return { id: `b-${atMs}`, cluster: 'dev', machine: 'dev-cp-1', atMs, version, sha256: 'x', sizeBytes: 1, verified };
}
const times = (backups: readonly Backup[]) => backups.map((entry) => entry.atMs).sort();

it('the latest backups are kept, in whatever order they come', () => {
  expect(
    times(
      expiredBackups(
        [3, 1, 4, 2].map((atMs) => backup(atMs)),
        { keep: 2, versions: [] },
      ),
    ),
  ).toEqual([1, 2]);
});

it('the last verified one is kept, however many came after it', () => {
  const backups = [backup(1), backup(2), backup(3, 'v2', false), backup(4, 'v2', false)];
  expect(times(expiredBackups(backups, { keep: 1, versions: [] }))).toEqual([1, 3]);
});

it('the last verified one of an earlier cluster of that name is kept: it may be all that is left of it', () => {
  const of = (atMs: number, clusterUid: string) => ({ ...backup(atMs), clusterUid });
  const backups = [of(1, 'lost'), of(2, 'lost'), of(3, 'anew'), of(4, 'anew'), of(5, 'anew')];
  expect(times(expiredBackups(backups, { keep: 2, versions: [] }))).toEqual([1, 3]);
});

it('the one that a change under way would go back to is kept', () => {
  const backups = [backup(1, 'v1'), backup(2, 'v1'), backup(3), backup(4)];
  expect(times(expiredBackups(backups, { keep: 1, versions: ['v1', 'v2'] }))).toEqual([1, 3]);
});
