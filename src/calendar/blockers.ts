import type { BlockerConfig } from '../model/agent-config.ts';
import { toKreError } from '../model/error.ts';
import type { HostBlocker } from '../model/observed.ts';
import type { Exec, Files } from '../model/ports.ts';

/** Tells by object key what holds its disruptions back now. Never waits for a command. */
export interface BlockerReader {
  read(objects: readonly string[], nowMs: number): Promise<Readonly<Record<string, readonly HostBlocker[]>>>;
  /** Resolves when no command runs. */
  settled(): Promise<void>;
}

export interface BlockerParts {
  readonly blockers: readonly BlockerConfig[];
  readonly exec: Pick<Exec, 'run'>;
  readonly files: Pick<Files, 'stat'>;
  readonly clock: { now(): number };
  /** Called when a command has answered otherwise than before, so that somebody can look again. */
  readonly onChange: () => void;
}

/** A command is asked again when its answer is older than this, */
const ASK_AGAIN_MS = 15_000;
/** and its answer counts no longer than this. */
const ANSWER_COUNTS_MS = 45_000;
const MOST_REASON = 200;

interface Answer {
  readonly reason: string | null;
  readonly atMs: number;
}

/**
 * The blockers of agent.yaml. A file blocks while it exists, a command while it ends with another code than 0; one that cannot be asked blocks too. Commands
 * run as the agent's own user, without a shell.
 */
export function createBlockers({ blockers, exec, files, clock, onChange }: BlockerParts): BlockerReader {
  const answers = new Map<BlockerConfig, Answer>();
  const running = new Map<BlockerConfig, Promise<void>>();

  const ask = async (blocker: Extract<BlockerConfig, { kind: 'command' }>): Promise<void> => {
    const { program, args, timeoutMs } = blocker;
    const atMs = clock.now();
    const reason = await reasonOf(exec, program, args, timeoutMs);
    const before = answers.get(blocker);
    answers.set(blocker, { reason, atMs });
    running.delete(blocker);
    if (before?.reason !== reason || atMs - before.atMs > ANSWER_COUNTS_MS) onChange();
  };
  const judge = async (blocker: BlockerConfig, nowMs: number): Promise<HostBlocker | null> => {
    const what = blockerName(blocker);
    if (blocker.kind === 'file') {
      const reason = await fileReason(files, blocker.path);
      return reason === null ? null : { what, reason };
    }
    const answer = answers.get(blocker);
    const ageMs = answer ? nowMs - answer.atMs : Number.POSITIVE_INFINITY;
    // An answer of the future is of before the clock was set back.
    const isDue = ageMs < 0 || ageMs > ASK_AGAIN_MS;
    if (isDue && !running.has(blocker)) running.set(blocker, ask(blocker));
    if (!answer || ageMs < 0 || ageMs > ANSWER_COUNTS_MS) return { what, reason: 'it is being asked', isAsked: true };
    return answer.reason === null ? null : { what, reason: answer.reason };
  };
  return {
    async read(objects, nowMs) {
      const held = await Promise.all(
        blockers.map(async (blocker) => ({ blocker, found: await judge(blocker, nowMs) })),
      );
      const ofObject = (object: string) =>
        held.flatMap(({ blocker, found }) =>
          found && (blocker.objects === null || blocker.objects.includes(object)) ? [found] : [],
        );
      return Object.fromEntries(
        objects.map((object) => [object, ofObject(object)]).filter(([, found]) => found?.length),
      );
    },
    async settled() {
      while (running.size > 0) await Promise.all(running.values());
    },
  };
}

function blockerName(blocker: BlockerConfig): string {
  return blocker.kind === 'file' ? `file ${blocker.path}` : `command ${[blocker.program, ...blocker.args].join(' ')}`;
}

async function fileReason(files: BlockerParts['files'], path: string): Promise<string | null> {
  try {
    return (await files.stat(path)) === null ? null : 'it exists';
  } catch (thrown) {
    return `nobody can tell whether it exists: ${toKreError(thrown).message}`;
  }
}

/** Why a command forbids: the first line that it says; `null` when it does not. */
async function reasonOf(
  exec: BlockerParts['exec'],
  program: string,
  args: readonly string[],
  timeoutMs: number,
): Promise<string | null> {
  try {
    const { exitCode, stdout, stderr } = await exec.run({ program, args, timeoutMs, maxOutputBytes: 64 * 1024 });
    if (exitCode === 0) return null;
    const said = `${stdout}\n${stderr}`.split('\n').find((line) => line.trim() !== '');
    return said === undefined ? `it ended with ${exitCode}` : said.trim().slice(0, MOST_REASON);
  } catch (thrown) {
    return toKreError(thrown).message.slice(0, MOST_REASON);
  }
}
