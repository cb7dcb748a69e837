import type { Log } from '../model/ports.ts';
import type { SourceWatch } from './source.ts';

/** One commit or save is a burst of events; they make one poke. */
const settleMs = 50;

export interface WatchRequest {
  /** Finds what to watch; `null`: not there yet, asked again after `retryMs`. */
  readonly find: () => Promise<WatchedPaths | null>;
  readonly retryMs: number;
  readonly log: Log;
}

export interface WatchedPaths {
  readonly root: string;
  /** Absolute paths below `root` that say nothing. */
  readonly isIgnored: (path: string) => boolean;
}

/**
 * Pokes soon after something changes below a folder. An event is no more than that: events get lost (renames, replaced
 * links, limits of inotify), so whoever is poked reads everything, and also looks on its own from time to time.
 */
export function watchPaths(request: WatchRequest, onPoke: () => void): SourceWatch {
  let stopped = false;
  let close = async (): Promise<void> => undefined;
  let pending: NodeJS.Timeout | undefined;
  let retry: NodeJS.Timeout | undefined;

  const poke = (): void => {
    clearTimeout(pending);
    pending = setTimeout(onPoke, settleMs);
  };
  const start = async (): Promise<void> => {
    const paths = await request.find().catch(() => null);
    if (stopped) return;
    if (paths === null) {
      retry = setTimeout(() => void start(), request.retryMs);
      retry.unref();
      return;
    }
    const { watch } = await import('chokidar');
    const watcher = watch(paths.root, { ignoreInitial: true, ignored: paths.isIgnored, ignorePermissionErrors: true });
    close = () => watcher.close();
    if (stopped) return close();
    watcher.on('all', poke);
    watcher.on('error', (error) => {
      request.log.warn(
        { folder: paths.root, error: String(error) },
        'changes of a folder may go unnoticed until the next poll',
      );
    });
    await new Promise<void>((resolve) => {
      watcher.once('ready', resolve);
      watcher.once('error', () => resolve());
    });
  };

  const ready = start();
  return {
    ready,
    async stop() {
      stopped = true;
      clearTimeout(pending);
      clearTimeout(retry);
      await close();
    },
  };
}
