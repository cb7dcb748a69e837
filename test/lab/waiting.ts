import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Polls until the condition holds; throws with its description when the deadline passes. Deadlines are for machines
 * that hang: take ten times what was seen.
 */
export async function until(what: string, deadlineMs: number, holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + deadlineMs;
  while (!(await holds())) {
    if (Date.now() > end) {
      throw new Error(`not within ${deadlineMs / 1000} s: ${what}`);
    }
    await sleep(50);
  }
}

/** Waits for a process's first line of output, by which it says that it is ready; throws when it ends without one. */
export async function firstLine(output: NodeJS.ReadableStream, what: string, deadlineMs: number): Promise<string> {
  const lines = createInterface({ input: output });
  try {
    return await new Promise((resolve, reject) => {
      lines.once('line', resolve);
      lines.once('close', () => reject(new Error(`ended before it was ready: ${what}`)));
      setTimeout(() => reject(new Error(`not ready within ${deadlineMs / 1000} s: ${what}`)), deadlineMs).unref();
    });
  } finally {
    lines.close();
    output.resume();
  }
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
