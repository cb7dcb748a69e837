import type { Ledger } from '../model/ledger.ts';
import type { Adoption, Backup, BackupRequest, Confirmation, Records, Restoration } from '../model/observed.ts';

/** What was written into the drop directory: what it was made from, and the SHA-256 of the file. */
export type PublishedKubeconfig = Records['kubeconfigs'][number] & { readonly sha256: string };

/** Readers of what the state folder holds: an entry that is not of the expected form is left out, never guessed at. */

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The strings of a list; `null` if the value is no list of strings. */
export function readStrings(value: unknown): readonly string[] | null {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string') ? value : null;
}

export function readList<T>(value: unknown, isEntry: (entry: unknown) => entry is T): readonly T[] {
  return Array.isArray(value) ? value.filter(isEntry) : [];
}

export function readMap<T>(value: unknown, isEntry: (entry: unknown) => entry is T): Readonly<Record<string, T>> {
  if (!isObject(value)) return {};
  return Object.fromEntries(Object.entries(value).filter((pair): pair is [string, T] => isEntry(pair[1])));
}

export function isSuspension(value: unknown): value is Records['suspensions'][string] {
  return isObject(value) && typeof value['reason'] === 'string' && typeof value['atMs'] === 'number';
}

export function isObjectAtRevision(value: unknown): value is Records['deleted'][number] {
  return isObject(value) && typeof value['object'] === 'string' && typeof value['revision'] === 'string';
}

export function isConfirmation(value: unknown): value is Confirmation {
  const { allows } = (value ?? {}) as { allows?: unknown };
  return isObjectAtRevision(value) && [undefined, 'delete', 'recreate', 'begin-anew'].some((known) => known === allows);
}

export function isRetry(value: unknown): value is NonNullable<Records['retries']>[number] {
  return isObjectAtRevision(value) && typeof (value as { atMs?: unknown }).atMs === 'number';
}

export function isBackupRequest(value: unknown): value is BackupRequest {
  return isObject(value) && typeof value['cluster'] === 'string' && typeof value['atMs'] === 'number';
}

export function isRestoration(value: unknown): value is Restoration {
  return (
    isObject(value) &&
    ['cluster', 'machine', 'backup'].every((key) => typeof value[key] === 'string') &&
    typeof value['atMs'] === 'number' &&
    typeof value['replace'] === 'boolean'
  );
}

export function isAdoption(value: unknown): value is Adoption {
  return (
    isObject(value) &&
    ['object', 'machine', 'retained'].every((key) => typeof value[key] === 'string') &&
    ['version', 'address'].every((key) => value[key] === null || typeof value[key] === 'string') &&
    (value['stateDiskMiB'] === null || typeof value['stateDiskMiB'] === 'number') &&
    typeof value['atMs'] === 'number' &&
    typeof value['replace'] === 'boolean'
  );
}

export function isKubeconfigEntry(value: unknown): value is PublishedKubeconfig {
  return (
    isObject(value) && ['cluster', 'guestDigest', 'server', 'sha256'].every((key) => typeof value[key] === 'string')
  );
}

export function isBackup(value: unknown): value is Backup {
  return (
    isObject(value) &&
    ['id', 'cluster', 'machine', 'version', 'sha256'].every((key) => typeof value[key] === 'string') &&
    typeof value['atMs'] === 'number' &&
    typeof value['sizeBytes'] === 'number' &&
    typeof value['verified'] === 'boolean' &&
    (value['clusterUid'] === undefined || typeof value['clusterUid'] === 'string')
  );
}

export function isAttempt(value: unknown): value is Ledger['attempts'][string] {
  if (!isObject(value) || typeof value['count'] !== 'number' || typeof value['lastAtMs'] !== 'number') return false;
  const error = value['error'];
  return (
    error === null || (isObject(error) && ['code', 'message', 'hint'].every((key) => typeof error[key] === 'string'))
  );
}

export function isTime(value: unknown): value is number {
  return typeof value === 'number';
}

export function isHealthyRun(value: unknown): value is Ledger['healthy'][string] {
  return isObject(value) && isTime(value['firstAtMs']) && isTime(value['lastAtMs']);
}
