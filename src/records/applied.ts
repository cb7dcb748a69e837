import type { Records } from '../model/observed.ts';
import { readStrings } from './shapes.ts';
import type { Store } from './store.ts';

const LIST = 'objects.json';
const MARKER = 'installed.json';

/** The list of objects that were ever applied and not yet deleted. Nothing is deleted that it does not name. */
export interface AppliedList {
  read(): Promise<Records['applied']>;
  /** Names objects. Where the list is lost this begins it anew, so that what it named before stays a person's decision. */
  add(keys: readonly string[]): Promise<void>;
  remove(key: string): Promise<void>;
}

export function createAppliedList(store: Store): AppliedList {
  const read = async (): Promise<Records['applied']> => {
    const found = await store.read(LIST);
    const list = found.state === 'present' ? readStrings(found.value) : null;
    if (list) return list;
    const isFirstStart = found.state === 'missing' && (await store.read(MARKER)).state === 'missing';
    return isFirstStart ? [] : 'lost';
  };
  const write = async (applied: readonly string[]): Promise<void> => {
    await store.write(LIST, [...new Set(applied)].sort());
    // After the list, so that an end between the two is no lost list.
    if ((await store.read(MARKER)).state !== 'present') await store.write(MARKER, { schema: 1 });
  };
  return {
    read,
    async add(keys) {
      const applied = await read();
      if (applied === 'lost') return write(keys);
      if (!keys.every((key) => applied.includes(key))) await write([...applied, ...keys]);
    },
    async remove(key) {
      const applied = await read();
      if (applied !== 'lost' && applied.includes(key)) await write(applied.filter((entry) => entry !== key));
    },
  };
}
