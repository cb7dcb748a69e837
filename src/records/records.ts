import type { DecisionRecords } from '../model/decision-records.ts';
import { type ObjectRef, objectKey } from '../model/mark.ts';
import type { Backup, Confirmation, Records } from '../model/observed.ts';
import { type AppliedList, createAppliedList } from './applied.ts';
import { oneAtATime } from './one-at-a-time.ts';
import {
  isAdoption,
  isBackupRequest,
  isConfirmation,
  isKubeconfigEntry,
  isObjectAtRevision,
  isRestoration,
  isRetry,
  isSuspension,
  type PublishedKubeconfig,
  readList,
  readMap,
} from './shapes.ts';
import type { Store } from './store.ts';

/**
 * What a person decided and what was applied and published, kept in the state folder. Reading never fails over a damaged file: what is lost is said
 * (`applied: 'lost'`) or counts as what is safe (no confirmation, nothing published, everything suspended). Changes wait for each other.
 */
export interface RecordKeeper extends DecisionRecords {
  read(): Promise<Records>;
  /** Adds objects to the list of applied ones. */
  addApplied(keys: readonly string[]): Promise<void>;
  /** Strikes an object off and notes that this revision deleted it. */
  forget(object: ObjectRef, revision: string): Promise<void>;
  notePublished(entry: PublishedKubeconfig): Promise<void>;
  noteUnpublished(cluster: string): Promise<void>;
}

export interface RecordSources {
  readonly listBackups: () => Promise<readonly Backup[]>;
  /** Whether the file in the drop directory still is what was written; one that is not counts as not published. */
  readonly isInPlace: (entry: PublishedKubeconfig) => Promise<boolean>;
}

const FILES = {
  deleted: 'deleted.json',
  suspensions: 'suspensions.json',
  confirmations: 'confirmations.json',
  kubeconfigs: 'published.json',
  retries: 'retries.json',
  backupRequests: 'backup-requests.json',
  restorations: 'restorations.json',
  adoptions: 'adoptions.json',
} as const;
/** Deletions and confirmations of old revisions mean nothing any more; this many of the latest are kept. */
const KEPT = 200;

export function createRecords(store: Store, sources: RecordSources): RecordKeeper {
  const inTurn = oneAtATime();
  const applied = createAppliedList(store);
  return {
    read: () => inTurn(() => readRecords(store, applied, sources)),
    addApplied: (keys) => inTurn(() => applied.add(keys)),
    forget: (object, revision) =>
      inTurn(async () => {
        await putDeleted(store, objectKey(object), revision);
        await dropAdoption(store, objectKey(object));
        await applied.remove(objectKey(object));
      }),
    suspend: (scope, reason, atMs) =>
      inTurn(async () => store.write(FILES.suspensions, { ...(await suspensions(store)), [scope]: { reason, atMs } })),
    resume: (scope) =>
      inTurn(async () => {
        const { [scope]: _, ...rest } = await suspensions(store);
        await store.write(FILES.suspensions, rest);
      }),
    confirm: (confirmation) => inTurn(() => putConfirmation(store, confirmation)),
    retry: (object, revision, atMs) =>
      inTurn(() =>
        putLatest(store, FILES.retries, isRetry, { object, revision, atMs }, (entry) => entry.object === object),
      ),
    requestBackup: (cluster, atMs) =>
      inTurn(() =>
        putLatest(
          store,
          FILES.backupRequests,
          isBackupRequest,
          { cluster, atMs },
          (entry) => entry.cluster === cluster,
        ),
      ),
    restore: (restoration) =>
      inTurn(() =>
        putLatest(
          store,
          FILES.restorations,
          isRestoration,
          restoration,
          ({ cluster }) => cluster === restoration.cluster,
        ),
      ),
    endRestoration: (cluster) =>
      inTurn(async () => {
        const noted = await entries(store, FILES.restorations, isRestoration);
        await store.write(
          FILES.restorations,
          noted.filter((entry) => entry.cluster !== cluster),
        );
      }),
    adopt: (adoption) =>
      inTurn(() => putLatest(store, FILES.adoptions, isAdoption, adoption, ({ object }) => object === adoption.object)),
    endAdoption: (object) => inTurn(() => dropAdoption(store, object)),
    notePublished: (entry) => inTurn(() => putPublished(store, entry.cluster, [entry])),
    noteUnpublished: (cluster) => inTurn(() => putPublished(store, cluster, [])),
  };
}

async function readRecords(store: Store, applied: AppliedList, sources: RecordSources): Promise<Records> {
  const [
    list,
    suspended,
    confirmations,
    deleted,
    kubeconfigs,
    backups,
    retries,
    backupRequests,
    restorations,
    adoptions,
  ] = await Promise.all([
    applied.read(),
    suspensions(store),
    entries(store, FILES.confirmations, isConfirmation),
    entries(store, FILES.deleted, isObjectAtRevision),
    inPlace(store, sources),
    sources.listBackups(),
    entries(store, FILES.retries, isRetry),
    entries(store, FILES.backupRequests, isBackupRequest),
    entries(store, FILES.restorations, isRestoration),
    entries(store, FILES.adoptions, isAdoption),
  ]);
  const read = { applied: list, suspensions: suspended, confirmations, deleted, kubeconfigs, backups };
  return { ...read, retries, backupRequests, restorations, adoptions };
}

async function inPlace(store: Store, { isInPlace }: RecordSources): Promise<Records['kubeconfigs']> {
  const noted = await entries(store, FILES.kubeconfigs, isKubeconfigEntry);
  const found = await Promise.all(noted.map(async (entry) => ((await isInPlace(entry)) ? [entry] : [])));
  return found.flat().map(({ cluster, guestDigest, server }) => ({ cluster, guestDigest, server }));
}

/** Of a damaged file nobody knows what a person had stopped, so everything is, until somebody says `resume`. */
async function suspensions(store: Store): Promise<Records['suspensions']> {
  const found = await store.read(FILES.suspensions);
  if (found.state === 'present') return readMap(found.value, isSuspension);
  const reason = `${FILES.suspensions} in the state folder is not readable, so nobody knows what was suspended`;
  return found.state === 'missing' ? {} : { agent: { reason, atMs: 0 } };
}

async function entries<T>(store: Store, name: string, isEntry: (value: unknown) => value is T): Promise<readonly T[]> {
  const found = await store.read(name);
  return found.state === 'present' ? readList(found.value, isEntry) : [];
}

/** Replaces what was said of the same thing before. */
async function putLatest<T>(
  store: Store,
  name: string,
  isEntry: (value: unknown) => value is T,
  entry: T,
  isOfSame: (other: T) => boolean,
): Promise<void> {
  const others = (await entries(store, name, isEntry)).filter((other) => !isOfSame(other));
  await store.write(name, [...others, entry].slice(-KEPT));
}

async function dropAdoption(store: Store, object: string): Promise<void> {
  const noted = await entries(store, FILES.adoptions, isAdoption);
  const others = noted.filter((entry) => entry.object !== object);
  if (others.length < noted.length) await store.write(FILES.adoptions, others);
}

async function putDeleted(store: Store, object: string, revision: string): Promise<void> {
  const isOfSame = (entry: Records['deleted'][number]) => entry.object === object;
  await putLatest(store, FILES.deleted, isObjectAtRevision, { object, revision }, isOfSame);
}

/** Of one revision each thing that was allowed stands by itself. */
async function putConfirmation(store: Store, confirmation: Confirmation): Promise<void> {
  const { object, revision, allows } = confirmation;
  const isOver = (entry: Confirmation) =>
    entry.object === object && (entry.revision !== revision || entry.allows === allows);
  await putLatest(store, FILES.confirmations, isConfirmation, confirmation, isOver);
}

async function putPublished(store: Store, cluster: string, now: readonly PublishedKubeconfig[]): Promise<void> {
  const noted = await entries(store, FILES.kubeconfigs, isKubeconfigEntry);
  await store.write(FILES.kubeconfigs, [...noted.filter((entry) => entry.cluster !== cluster), ...now]);
}
