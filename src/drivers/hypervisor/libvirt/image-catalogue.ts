import type { StoredImage } from '../../../model/observed.ts';
import type { Files } from '../../../model/ports.ts';
import type { ImageFile, Layout } from './layout.ts';
import type { DiskTools } from './qemu-img.ts';

/** What is known of the images in the store. */
export interface ImageCatalogue {
  /** `null` for a file whose header cannot be read. */
  describe(image: ImageFile): Promise<StoredImage | null>;
  /** Keeps the size beside the image, so that later readings start no process. */
  record(image: ImageFile, virtualSizeBytes: number): Promise<void>;
}

/** A stored image never changes, so its size is read once: kept in memory, and in a small file beside it. */
export function createImageCatalogue(files: Files, layout: Layout, disks: DiskTools): ImageCatalogue {
  const known = new Map<string, StoredImage>();
  const sidecar = (image: ImageFile) => `${layout.image(image.digest, image.format)}.size`;
  const stored = (image: ImageFile, virtualSizeBytes: number): StoredImage => ({
    ...image,
    path: layout.image(image.digest, image.format),
    virtualSizeMiB: Math.ceil(virtualSizeBytes / 2 ** 20),
  });
  const record = async (image: ImageFile, virtualSizeBytes: number): Promise<void> => {
    await files.write(sidecar(image), `${virtualSizeBytes}\n`, { mode: 0o644 });
  };
  const sizeOf = async (image: ImageFile): Promise<number> => {
    const kept = Number((await files.read(sidecar(image)))?.trim() || Number.NaN);
    if (Number.isSafeInteger(kept) && kept > 0) return kept;
    const { virtualSizeBytes } = await disks.inspect(layout.image(image.digest, image.format));
    await record(image, virtualSizeBytes);
    return virtualSizeBytes;
  };
  return {
    record,
    describe: async (image) => {
      const path = layout.image(image.digest, image.format);
      const found = known.get(path);
      if (found) return found;
      try {
        const described = stored(image, await sizeOf(image));
        known.set(path, described);
        return described;
      } catch {
        return null;
      }
    },
  };
}
