import { type KreError, toKreError } from '../../../model/error.ts';
import type { Virsh } from '../../../virsh/virsh.ts';
import type { MachineRef } from '../../hypervisor/hypervisor.ts';
import { agentFailure, badReply, type FailureKind, failureKind } from './failures.ts';
import type { Breaker } from './lanes.ts';

/** Asks the guest agent and gives what stands in `return`, whatever it is. */
export interface Agent {
  /** Throws `AgentError`; what went wrong on the host's side (no virsh, no libvirt) is thrown as it is. */
  ask(machine: MachineRef, command: string, args?: Readonly<Record<string, unknown>>): Promise<unknown>;
}

/** A failed agent command, sorted; the `KreError` is what a caller who can do nothing about it throws on. */
export class AgentError extends Error {
  readonly kind: FailureKind;
  readonly error: KreError;

  constructor(kind: FailureKind, error: KreError) {
    super(error.message);
    this.kind = kind;
    this.error = error;
  }
}

const timeoutSeconds = 5;
/** virsh is killed this long after libvirt should have given up. */
const graceMs = 2_000;
/** A reply with 96 KiB in base64 and room; an agent that sends more is cut off. */
const maxReplyBytes = 512 * 1024;

/** The agent over virsh. Messages go by standard input: they may hold secrets, and bulk. */
export function createAgent(virsh: Pick<Virsh, 'run'>, breaker: Breaker): Agent {
  const send = async (machine: MachineRef, message: string): Promise<{ ok: boolean; words: string }> => {
    try {
      const [result] = await virsh.run(
        [['qemu-agent-command', machine.uuid, '--timeout', String(timeoutSeconds), message]],
        {
          by: 'input',
          timeoutMs: timeoutSeconds * 1000 + graceMs,
          maxOutputBytes: maxReplyBytes,
        },
      );
      return { ok: result?.ok ?? false, words: (result?.ok ? result.stdout : result?.error) ?? '' };
    } catch (thrown) {
      const error = toKreError(thrown);
      // A guest that does not answer, or says too much, makes virsh fail as a whole.
      if (error.code !== 'ExecTimeout' && error.code !== 'ExecFailed') throw error;
      return { ok: false, words: error.code === 'ExecTimeout' ? 'timed out' : error.message };
    }
  };
  return {
    async ask(machine, command, args) {
      breaker.check(machine);
      const { ok, words } = await send(
        machine,
        asciiJson(args ? { execute: command, arguments: args } : { execute: command }),
      );
      const kind = ok ? null : failureKind(words);
      breaker.note(machine.uuid, kind === 'silent' ? 'silent' : 'answered');
      if (kind !== null) throw new AgentError(kind, agentFailure(kind, machine.name, words));
      return returned(machine, words);
    },
  };
}

function returned(machine: MachineRef, words: string): unknown {
  try {
    const reply: unknown = JSON.parse(words);
    if (typeof reply === 'object' && reply !== null && 'return' in reply) return reply.return;
  } catch {
    // Said below.
  }
  throw new AgentError('other', badReply(machine.name, 'something that is not a reply of the guest agent'));
}

/** virsh reads printable ASCII only. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[^ -~]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Any thrown value as the `KreError` to throw on. */
export function plainError(thrown: unknown): KreError {
  return thrown instanceof AgentError ? thrown.error : toKreError(thrown);
}
