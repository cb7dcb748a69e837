import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Polls until the condition holds; throws with its description when the deadline passes. Deadlines are for machines
 * that hang: take ten times what was seen. `pollMs` is for looks that cost a process.
 */
export async function until(
  what: string,
  deadlineMs: number,
  holds: () => Promise<boolean>,
  pollMs = 50,
): Promise<void> {
  const end = Date.now() + deadlineMs;
  while (!(await holds())) {
    if (Date.now() > end) {
      throw new Error(`not within ${deadlineMs / 1000} s: ${what}`);
    }
    await sleep(pollMs);
  }
}

/** Keeps what a stream gives from now on; the answer tells all of it so far. */
export function collect(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.on('data', (chunk) => {
    text += String(chunk);
  });
  return () => text;
}

/** Waits for a process's first line of output, by which it says that it is ready; throws when it ends without one. */
export async function saysReady(
  process: { readonly exitCode: number | null; readonly signalCode: string | null },
  output: () => string,
  what: string,
): Promise<void> {
  await until(`${what} is ready`, 60_000, async () => {
    if (process.exitCode !== null || process.signalCode !== null) {
      throw new Error(`ended before it was ready: ${what}\n${output()}`);
    }
    return output().includes('\n');
  });
}

/** The process that a wrapper such as nsenter forked: it appears a moment after the wrapper does. */
export async function onlyChild(pid: number): Promise<number> {
  let child = 0;
  await until(`process ${pid} has a child`, 10_000, async () => {
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => {
      throw new Error(`process ${pid} ended at once`);
    });
    child = Number(children.trim().split(' ')[0]);
    return child > 0;
  });
  return child;
}
