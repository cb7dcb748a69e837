/**
 * Aborts after a time, or with the first of the signals. Node 20 forgets a signal of `AbortSignal.timeout` to which only `AbortSignal.any` refers as soon
 * as memory is tidied up, and then the time is never up; this one is held by its timer, which keeps no process alive.
 */
export function abortAfter(timeoutMs: number, ...signals: readonly AbortSignal[]): AbortSignal {
  const controller = new AbortController();
  const abort = (): void => {
    clearTimeout(timer);
    controller.abort();
  };
  const timer = setTimeout(abort, timeoutMs);
  timer.unref();
  for (const signal of signals) {
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  }
  return controller.signal;
}
