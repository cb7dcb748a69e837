import { toKreError } from '../../../model/error.ts';
import type { VirshCommand } from '../../../virsh/batch.ts';
import type { Virsh } from '../../../virsh/virsh.ts';
import { failureKind } from './failures.ts';

/** What libvirt said to one message: the guest agent's reply, or why there is none. */
export interface PostReply {
  readonly ok: boolean;
  readonly words: string;
}

/**
 * Brings messages to guest agents. `alone`: in a virsh of its own. `gathered`: together with those of other guests that are sent at
 * about the same time; only for a message that may be sent twice.
 */
export interface Post {
  /** Rejects with what went wrong on the host's side: no virsh, no libvirt. */
  send(uuid: string, message: string, how: 'alone' | 'gathered'): Promise<PostReply>;
}

const aloneSeconds = 5;
/** In one virsh commands run one after the other, so that a guest that begins to hang holds up the others this long, once. */
const gatheredSeconds = 2;
/** virsh is killed this long after libvirt should have given up. */
const graceMs = 2_000;
/** A reply with 96 KiB in base64 and room; an agent that sends more is cut off. */
const maxReplyBytes = 512 * 1024;
/** How long the first message waits for others: guests that are read together are asked within a millisecond or two. */
const gatherMs = 5;

interface Letter {
  readonly uuid: string;
  readonly message: string;
  resolve(reply: PostReply): void;
  reject(error: unknown): void;
}

/** Messages go by standard input: they may hold secrets, and bulk. */
export function createPost(virsh: Pick<Virsh, 'run'>, sleep: (ms: number) => Promise<void>): Post {
  /** Guests whose last answer came in time. The others are asked alone, so that nobody waits for them. */
  const prompt = new Set<string>();
  let gathering: Letter[] | null = null;

  const noted = (uuid: string, reply: PostReply): PostReply => {
    if (!reply.ok && failureKind(reply.words) === 'silent') prompt.delete(uuid);
    else prompt.add(uuid);
    return reply;
  };
  const alone = async (uuid: string, message: string): Promise<PostReply> => {
    const [reply] = await deliver(virsh, [{ uuid, message }], aloneSeconds);
    return noted(uuid, reply ?? { ok: false, words: '' });
  };
  const bring = async (letters: readonly Letter[]): Promise<void> => {
    const replies = letters.length === 1 ? [] : await deliver(virsh, letters, gatheredSeconds).catch(() => []);
    for (const [index, letter] of letters.entries()) {
      const reply = replies[index];
      const isDefinite = reply && (reply.ok || failureKind(reply.words) !== 'silent');
      if (isDefinite) letter.resolve(noted(letter.uuid, reply));
      // Alone it has more time, and what goes wrong then is its own.
      else alone(letter.uuid, letter.message).then(letter.resolve, letter.reject);
    }
  };
  const gathered = (uuid: string, message: string): Promise<PostReply> =>
    new Promise((resolve, reject) => {
      const letter: Letter = { uuid, message, resolve, reject };
      if (gathering) {
        gathering.push(letter);
        return;
      }
      const letters = [letter];
      gathering = letters;
      void sleep(gatherMs).then(() => {
        gathering = null;
        return bring(letters);
      });
    });
  return {
    send: (uuid, message, how) =>
      how === 'gathered' && prompt.has(uuid) ? gathered(uuid, message) : alone(uuid, message),
  };
}

async function deliver(
  virsh: Pick<Virsh, 'run'>,
  letters: readonly Pick<Letter, 'uuid' | 'message'>[],
  timeoutSeconds: number,
): Promise<readonly PostReply[]> {
  const commands = letters.map(
    ({ uuid, message }): VirshCommand => ['qemu-agent-command', uuid, '--timeout', String(timeoutSeconds), message],
  );
  try {
    const results = await virsh.run(commands, {
      by: 'input',
      timeoutMs: letters.length * timeoutSeconds * 1000 + graceMs,
      maxOutputBytes: letters.length * maxReplyBytes,
    });
    return results.map(({ ok, stdout, error }) => ({ ok, words: ok ? stdout : error }));
  } catch (thrown) {
    const error = toKreError(thrown);
    // A guest that does not answer, or says too much, makes virsh fail as a whole.
    if (letters.length > 1 || (error.code !== 'ExecTimeout' && error.code !== 'ExecFailed')) throw error;
    return [{ ok: false, words: error.code === 'ExecTimeout' ? 'timed out' : error.message }];
  }
}
