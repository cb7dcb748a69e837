import { KreError } from '../../../model/error.ts';
import type { Files } from '../../../model/ports.ts';

/** The Files port for the images folder: no permission there is `StoragePermission`, with what to do about it. */
export function storageFiles(files: Files, root: string): Files {
  return {
    read: (path, maxBytes) => told(root, files.read(path, maxBytes)),
    write: (path, content, options) => told(root, files.write(path, content, options)),
    readBytes: (path, maxBytes) => told(root, files.readBytes(path, maxBytes)),
    append: (path, text) => told(root, files.append(path, text)),
    ensureFolder: (path, mode) => told(root, files.ensureFolder(path, mode)),
    list: (path) => told(root, files.list(path)),
    stat: (path) => told(root, files.stat(path)),
    realPath: (path) => told(root, files.realPath(path)),
    rename: (from, to) => told(root, files.rename(from, to)),
    removeFile: (path) => told(root, files.removeFile(path)),
    removeFolder: (path) => told(root, files.removeFolder(path)),
    freeBytes: (path) => told(root, files.freeBytes(path)),
  };
}

async function told<T>(root: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (thrown) {
    if (thrown instanceof KreError && thrown.code === 'StatePermission')
      throw storageDenied(root, thrown.message, thrown);
    throw thrown;
  }
}

/** The agent's user may not do something in the images folder. */
export function storageDenied(root: string, message: string, cause?: unknown): KreError {
  return new KreError({
    code: 'StoragePermission',
    message,
    hint: `The images folder must belong to the user that kreconcile runs as, and QEMU must be able to pass through it: install -d -o kreconcile -m 0711 ${root}`,
    disposition: 'stalled',
    cause,
  });
}

/** The file system of the images folder has no room left. */
export function storageFull(message: string, cause?: unknown): KreError {
  return new KreError({
    code: 'StorageFull',
    message,
    hint: 'Free space where the images are; nothing half-made was left, and it is tried again.',
    disposition: 'retry',
    cause,
  });
}
