import { type ObjectRef, objectKey } from '../model/mark.ts';
import type { Backup, Records } from '../model/observed.ts';
import { isKubeconfigEntry, isObjectAtRevision, isSuspension, readList, readMap, readStrings } from './shapes.ts';
import type { Store } from './store.ts';

/**
 * What a person decided and what was applied and published, kept in the state folder. Reading never fails over a damaged file: what is lost is said
 * (`applied: 'lost'`) or counts as empty where that is the safe side (no confirmation, no record of publishing).
 */
export interface RecordKeeper {
  read(): Promise<Records>;
  /** Adds objects to the list of applied ones. A list that is lost stays lost until `confirm` or a new start of it by a person. */
  addApplied(keys: readonly string[]): Promise<void>;
  /** Strikes an object off and notes that this revision deleted it. */
  forget(object: ObjectRef, revision: string): Promise<void>;
  suspend(scope: string, reason: string, atMs: number): Promise<void>;
  resume(scope: string): Promise<void>;
  /** Allows the deletion of an object as this revision shows it. */
  confirm(object: string, revision: string): Promise<void>;
  notePublished(entry: Records['kubeconfigs'][number]): Promise<void>;
  noteUnpublished(cluster: string): Promise<void>;
}

const FILES = {
  installed: 'installed.json',
  applied: 'objects.json',
  deleted: 'deleted.json',
  suspensions: 'suspensions.json',
  confirmations: 'confirmations.json',
  kubeconfigs: 'published.json',
} as const;
/** Deletions and confirmations of old revisions mean nothing any more; this many of the latest are kept. */
const KEPT = 200;

export function createRecords(store: Store, listBackups: () => Promise<readonly Backup[]>): RecordKeeper {
  const readApplied = async (): Promise<Records['applied']> => {
    const found = await store.read(FILES.applied);
    const list = found.state === 'present' ? readStrings(found.value) : null;
    if (list) return list;
    const isFirstStart = found.state === 'missing' && (await store.read(FILES.installed)).state === 'missing';
    return isFirstStart ? [] : 'lost';
  };
  const list = async <T>(name: string, isEntry: (value: unknown) => value is T): Promise<readonly T[]> => {
    const found = await store.read(name);
    return found.state === 'present' ? readList(found.value, isEntry) : [];
  };
  const suspensions = async () => {
    const found = await store.read(FILES.suspensions);
    return found.state === 'present' ? readMap(found.value, isSuspension) : {};
  };
  const kubeconfigs = () => list(FILES.kubeconfigs, isKubeconfigEntry);
  const writeApplied = async (applied: readonly string[]): Promise<void> => {
    // The marker first: an end between the two is then a lost list, which deletes nothing.
    await store.write(FILES.installed, { schema: 1 });
    await store.write(FILES.applied, [...new Set(applied)].sort());
  };
  return {
    async read() {
      const [applied, suspended, confirmations, deleted, published, backups] = await Promise.all([
        readApplied(),
        suspensions(),
        list(FILES.confirmations, isObjectAtRevision),
        list(FILES.deleted, isObjectAtRevision),
        kubeconfigs(),
        listBackups(),
      ]);
      return { applied, suspensions: suspended, confirmations, deleted, kubeconfigs: published, backups };
    },
    async addApplied(keys) {
      const applied = await readApplied();
      if (applied === 'lost' || keys.every((key) => applied.includes(key))) return;
      await writeApplied([...applied, ...keys]);
    },
    async forget(object, revision) {
      const key = objectKey(object);
      const deleted = await list(FILES.deleted, isObjectAtRevision);
      await store.write(
        FILES.deleted,
        [...deleted.filter((entry) => entry.object !== key), { object: key, revision }].slice(-KEPT),
      );
      const applied = await readApplied();
      if (applied !== 'lost') await writeApplied(applied.filter((entry) => entry !== key));
    },
    async suspend(scope, reason, atMs) {
      await store.write(FILES.suspensions, { ...(await suspensions()), [scope]: { reason, atMs } });
    },
    async resume(scope) {
      const { [scope]: _, ...rest } = await suspensions();
      await store.write(FILES.suspensions, rest);
    },
    async confirm(object, revision) {
      const present = await list(FILES.confirmations, isObjectAtRevision);
      await store.write(
        FILES.confirmations,
        [...present.filter((entry) => entry.object !== object), { object, revision }].slice(-KEPT),
      );
    },
    async notePublished(entry) {
      await store.write(FILES.kubeconfigs, [
        ...(await kubeconfigs()).filter((other) => other.cluster !== entry.cluster),
        entry,
      ]);
    },
    async noteUnpublished(cluster) {
      await store.write(
        FILES.kubeconfigs,
        (await kubeconfigs()).filter((entry) => entry.cluster !== cluster),
      );
    },
  };
}
