import type { DesiredImage } from '../../../model/desired.ts';
import type { Downloads } from '../../../model/download.ts';
import { KreError, toKreError } from '../../../model/error.ts';
import type { Files } from '../../../model/ports.ts';
import type { ReportProgress } from './host-operations.ts';
import type { ImageCatalogue } from './image-catalogue.ts';
import type { Layout } from './layout.ts';
import type { DiskTools, ImageHeader } from './qemu-img.ts';
import { storageDenied } from './storage-files.ts';

export interface FetchParts {
  readonly downloads: Downloads;
  readonly files: Files;
  readonly layout: Layout;
  readonly disks: DiskTools;
  readonly catalogue: ImageCatalogue;
}

const stallTimeoutMs = 60_000;

/**
 * Brings an image into the store: the first URL that gives all of it, its checksum, its header, and only then its name. What has
 * arrived is kept for the next try unless it has proven wrong.
 */
export async function fetchImage(parts: FetchParts, image: DesiredImage, report: ReportProgress): Promise<void> {
  const { files, layout, downloads, catalogue } = parts;
  const partial = layout.partialImage(image.digest);
  await files.ensureFolder(layout.root, 0o711);
  await downloadFromAny(parts, image, partial, report);
  report(1, 'checking the header');
  const header = await checked(parts, partial, image);
  await downloads.seal(partial);
  await catalogue.record(image, header.virtualSizeBytes);
  await files.rename(partial, layout.image(image.digest, image.format));
}

/** The URL and then its mirrors. What is wrong with this host is not tried again elsewhere. */
async function downloadFromAny(
  parts: FetchParts,
  image: DesiredImage,
  partial: string,
  report: ReportProgress,
): Promise<void> {
  const failures: KreError[] = [];
  for (const url of image.urls) {
    try {
      return await download(parts, image, url, partial, report);
    } catch (thrown) {
      const error = toKreError(thrown);
      if (error.code !== 'ImageDownload' && error.code !== 'ImageChecksum') throw onStorage(parts.layout, error);
      failures.push(error);
    }
  }
  throw allFailed(image, failures);
}

async function download(
  { downloads, files }: FetchParts,
  image: DesiredImage,
  url: string,
  partial: string,
  report: ReportProgress,
): Promise<void> {
  const algorithm = image.digest.startsWith('sha512:') ? 'sha512' : 'sha256';
  const onProgress = (have: number, total: number | null): void =>
    report(total ? have / total : null, `${mebibytes(have)}${total ? ` of ${mebibytes(total)}` : ''} MiB`);
  const { digest } = await downloads.fetch({ url, path: partial, algorithm, stallTimeoutMs, onProgress });
  if (`${algorithm}:${digest}` === image.digest) return;
  // Nothing of it can be built upon: it may be another file from its first byte on.
  await files.removeFile(partial);
  throw new KreError({
    code: 'ImageChecksum',
    message: `the image ${image.name} has the checksum ${algorithm}:${digest}, the manifest states ${image.digest}`,
    hint: 'The file behind the URL has changed, or the manifest is wrong: pin a URL that does not change, and its checksum.',
    disposition: 'stalled',
  });
}

function mebibytes(bytes: number): number {
  return Math.floor(bytes / 2 ** 20);
}

async function checked({ disks, files }: FetchParts, partial: string, image: DesiredImage): Promise<ImageHeader> {
  const header = await disks.inspect(partial);
  const { backingFile, dataFile, format } = header;
  const trouble =
    format !== image.format
      ? `is ${format}, the manifest states ${image.format}`
      : backingFile !== null || dataFile !== null
        ? `lies on another file (${backingFile ?? dataFile}), which would be read from this host`
        : null;
  if (trouble === null) return header;
  await files.removeFile(partial);
  throw new KreError({
    code: 'ImageFormat',
    message: `the image ${image.name} ${trouble}`,
    hint: 'Correct spec.format of the Image, or use an image that stands by itself.',
    disposition: 'stalled',
  });
}

function onStorage(layout: Layout, error: KreError): KreError {
  return error.code === 'StatePermission' ? storageDenied(layout.root, error.message, error) : error;
}

/** One message for all sources; a person must act only if that is so for every one of them. */
function allFailed(image: DesiredImage, failures: readonly KreError[]): KreError {
  const [first] = failures;
  if (first && failures.length === 1) return first;
  const canPass = failures.some((failure) => failure.disposition === 'retry');
  return new KreError({
    code: first?.code ?? 'ImageDownload',
    message: first ? failures.map((failure) => failure.message).join('; ') : `the image ${image.name} has no URL`,
    hint: first?.hint ?? 'Give the Image a URL.',
    disposition: canPass ? 'retry' : 'stalled',
    cause: first,
  });
}
