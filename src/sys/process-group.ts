/**
 * Every program gets a process group of its own, so that stopping it also stops what it started: a child left behind
 * would keep the output pipe open, and whoever awaits the program would wait for that child.
 */
import type { ChildProcess } from 'node:child_process';

const running = new Set<number>();
process.once('exit', () => {
  for (const pid of running) killGroup(pid);
});

/** Ends the rest of the group once a program that was stopped is gone, and all of it when this process exits. */
export function endWithGroup(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  running.add(pid);
  child.once('exit', () => {
    running.delete(pid);
    if (child.killed || child.signalCode !== null) killGroup(pid);
  });
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody of the group is left, which is what was wanted.
  }
}
