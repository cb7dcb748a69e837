import type { Files } from '../../../model/ports.ts';
import type { Hypervisor } from '../hypervisor.ts';
import type { HostOperations } from './host-operations.ts';
import { type FetchParts, fetchImage } from './image-fetch.ts';

export interface FetchActParts extends FetchParts {
  readonly files: Files;
  readonly operations: HostOperations;
}

/** See `ImageActs.fetchImage`. */
export function createFetchImage(parts: FetchActParts): Hypervisor['fetchImage'] {
  const { operations, layout, files } = parts;
  return async (image) => {
    const id = `fetch-image-${image.digest}`;
    if (operations.isRunning(id)) return;
    const isStored = (await files.stat(layout.image(image.digest, image.format))) !== null;
    if (isStored) return;
    operations.begin(id, async (report) => {
      await fetchImage(parts, image, report);
      return 'in the store';
    });
  };
}
