import { KreError } from '../model/error.ts';
import type { Files } from '../model/ports.ts';
import type { WorldState } from './state.ts';

/** Where a world lives between acts. */
export interface WorldStore {
  /** The world as it was last saved, if that is not what `load` or `save` last gave or got. */
  load(): Promise<WorldState | null>;
  /** Keeps the world, if it differs from what is kept. */
  save(state: WorldState): Promise<void>;
}

/** Keeps nothing: the world is where it is. */
export const memoryStore: WorldStore = {
  load: () => Promise.resolve(null),
  save: () => Promise.resolve(),
};

/** Larger than any world that somebody would keep in a file. */
const maxBytes = 512 * 1024 * 1024;

/** `<folder>/world.json`, replaced whole, so that other processes read one world or the next. */
export function fileStore(folder: string, files: Files): WorldStore {
  const path = `${folder}/world.json`;
  let keptText: string | null = null;
  let keptStamp: string | null = null;

  const stampOf = async (): Promise<string | null> => {
    const stat = await files.stat(path);
    return stat && `${stat.modifiedMs}/${stat.sizeBytes}`;
  };

  return {
    async load() {
      const stamp = await stampOf();
      if (stamp === keptStamp) return null;
      const text = await files.read(path, maxBytes);
      keptStamp = stamp;
      if (text === null || text === keptText) return null;
      keptText = text;
      return parseWorld(path, text);
    },
    async save(state) {
      const text = JSON.stringify(state);
      if (text === keptText) return;
      await files.ensureFolder(folder);
      await files.write(path, text);
      keptText = text;
      keptStamp = await stampOf();
    },
  };
}

function parseWorld(path: string, text: string): WorldState {
  try {
    const state = JSON.parse(text) as Partial<WorldState> | null;
    if (state?.schema === 1 && state.domains && state.events) return state as WorldState;
  } catch (cause) {
    throw unreadableWorld(path, cause);
  }
  throw unreadableWorld(path, undefined);
}

function unreadableWorld(path: string, cause: unknown): KreError {
  return new KreError({
    code: 'StateUnreadable',
    message: `${path} does not hold a simulated world`,
    hint: 'Remove the file to begin with an empty simulated host.',
    disposition: 'stalled',
    cause,
  });
}
