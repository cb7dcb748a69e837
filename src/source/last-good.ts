import { join } from 'node:path';
import type { Files } from '../model/ports.ts';

/** `last-good.json` in the state folder: the revision that is enforced, so that a restart needs no remote. */
export interface LastGood {
  readonly schema: 1;
  /** `Source.identity` that it came from. */
  readonly identity: string;
  readonly revision: string;
  /** The kept folder, absolute. */
  readonly folder: string;
  /** Of the kept folder's content: a power loss may have left less. */
  readonly digest: string;
  readonly atMs: number;
}

export function lastGoodPath(stateFolder: string): string {
  return join(stateFolder, 'last-good.json');
}

/** `null` if there is none or it cannot be understood. */
export async function readLastGood(files: Files, stateFolder: string): Promise<LastGood | null> {
  const text = await files.read(lastGoodPath(stateFolder));
  if (text === null) return null;
  try {
    const value: unknown = JSON.parse(text);
    return isLastGood(value) ? value : null;
  } catch {
    return null;
  }
}

export async function writeLastGood(files: Files, stateFolder: string, lastGood: LastGood): Promise<void> {
  await files.ensureFolder(stateFolder, 0o711);
  await files.write(lastGoodPath(stateFolder), `${JSON.stringify(lastGood, null, 2)}\n`);
}

function isLastGood(value: unknown): value is LastGood {
  if (typeof value !== 'object' || value === null) return false;
  const record: Record<string, unknown> = { ...value };
  const texts = ['identity', 'revision', 'folder', 'digest'];
  return record['schema'] === 1 && texts.every((key) => typeof record[key] === 'string');
}
