import type { DesiredImage } from '../../../model/desired.ts';
import { toKreError } from '../../../model/error.ts';
import type { HostOperation } from '../../../model/observed.ts';
import type { Clock, Files, Log } from '../../../model/ports.ts';
import { type FetchParts, fetchImage } from './image-fetch.ts';

/** The fetches of this process, running and ended; an ended one is kept until the same image is asked for again. */
export interface ImageOperations {
  /** See `ImageActs.fetchImage`. */
  start(image: DesiredImage): Promise<void>;
  list(): readonly HostOperation[];
}

export interface OperationParts extends FetchParts {
  readonly files: Files;
  readonly clock: Clock;
  readonly log: Log;
}

export function createImageOperations(parts: OperationParts): ImageOperations {
  const { clock, log, layout, files } = parts;
  const operations = new Map<string, HostOperation>();
  const begin = (image: DesiredImage, id: string): void => {
    const set = (change: Partial<HostOperation>): void => {
      const before = operations.get(id);
      if (before) operations.set(id, { ...before, ...change });
    };
    operations.set(id, {
      id,
      state: 'running',
      startedAtMs: clock.now(),
      endedAtMs: null,
      progress: null,
      message: 'starting',
    });
    const work = fetchImage(parts, image, (progress, message) => set({ progress, message }));
    work.then(
      () => set({ state: 'succeeded', endedAtMs: clock.now(), progress: 1, message: 'in the store' }),
      (thrown: unknown) => {
        const error = toKreError(thrown);
        log.warn({ image: image.name, code: error.code, reason: error.message }, 'an image could not be fetched');
        set({ state: 'failed', endedAtMs: clock.now(), message: `${error.code}: ${error.message} (${error.hint})` });
      },
    );
  };
  return {
    list: () => [...operations.values()],
    start: async (image) => {
      const id = `fetch-image-${image.digest}`;
      if (operations.get(id)?.state === 'running') return;
      const isStored = (await files.stat(layout.image(image.digest, image.format))) !== null;
      if (!isStored && operations.get(id)?.state !== 'running') begin(image, id);
    },
  };
}
