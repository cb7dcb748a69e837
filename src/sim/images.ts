import type { HostOperation, StoredImage } from '../model/observed.ts';
import { schedule } from './events.ts';
import { durationMs, failureOf } from './fault.ts';
import type { SimEvent, WorldState } from './state.ts';
import { copyId } from './state-copies.ts';

const virtualSizeMiB = 3 * 1024;

/** `fetch-image-<digest>`: the id under which the inventory shows the download. */
function fetchId(digest: string): string {
  return `fetch-image-${digest}`;
}

/** Starts a download; one that runs, and an image that is stored, are left alone. */
export function beginFetch(state: WorldState, image: Pick<StoredImage, 'digest' | 'format'>, atMs: number): void {
  const id = fetchId(image.digest);
  if (state.images[image.digest] || state.operations[id]?.state === 'running') return;
  const dueMs = atMs + durationMs(state, 'imageDownload', image.digest);
  state.operations[id] = {
    id,
    state: 'running',
    startedAtMs: atMs,
    endedAtMs: null,
    progress: 0,
    message: 'downloading',
  };
  schedule(state, { atMs: dueMs, kind: 'fetched', of: image.digest, about: image.format });
}

/** The download's time is over. */
export function finishFetch(state: WorldState, digest: string, format: 'qcow2' | 'raw', atMs: number): void {
  const operation = state.operations[fetchId(digest)];
  if (!operation) return;
  const failure = failureOf(state, 'imageDownload', digest);
  const ended: HostOperation = {
    ...operation,
    state: failure === null ? 'succeeded' : 'failed',
    endedAtMs: atMs,
    progress: failure === null ? 1 : null,
    message: failure ?? 'stored',
  };
  state.operations[operation.id] = ended;
  if (failure === null) storeImage(state, digest, format);
}

/** Puts an image into the store. */
export function storeImage(state: WorldState, digest: string, format: 'qcow2' | 'raw'): void {
  const path = `${state.imagesFolder}/images/${digest.replace(':', '-')}.${format}`;
  state.images[digest] = { digest, path, format, virtualSizeMiB };
}

/** Host operations with the progress that they have made by now. */
export function hostOperations(state: WorldState, nowMs: number): readonly HostOperation[] {
  return Object.values(state.operations).map((operation) => {
    if (operation.state !== 'running') return operation;
    const due = state.events.find((event) => operationEndedBy(event) === operation.id);
    const spanMs = (due?.atMs ?? nowMs) - operation.startedAtMs;
    const progress = spanMs > 0 ? Math.min(1, (nowMs - operation.startedAtMs) / spanMs) : 1;
    return { ...operation, progress };
  });
}

function operationEndedBy({ kind, of, about }: SimEvent): string | null {
  return kind === 'fetched' ? fetchId(of) : kind === 'copied' ? copyId(of, about) : null;
}
