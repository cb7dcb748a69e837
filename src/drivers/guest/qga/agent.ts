import { asciiJson } from '../../../model/ascii-json.ts';
import { type KreError, toKreError } from '../../../model/error.ts';
import type { MachineRef } from '../../hypervisor/hypervisor.ts';
import { agentFailure, badReply, type FailureKind, failureKind } from './failures.ts';
import type { Breaker } from './lanes.ts';
import type { Post } from './post.ts';

/** Asks the guest agent and gives what stands in `return`, whatever it is. */
export interface Agent {
  /**
   * Throws `AgentError`; what went wrong on the host's side (no virsh, no libvirt) is thrown as it is. `gathered` is for what may be
   * asked twice, see `Post`; default `alone`.
   */
  ask(
    machine: MachineRef,
    command: string,
    args?: Readonly<Record<string, unknown>>,
    how?: 'alone' | 'gathered',
  ): Promise<unknown>;
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

/** The agent over virsh. */
export function createAgent(post: Post, breaker: Breaker): Agent {
  return {
    async ask(machine, command, args, how = 'alone') {
      breaker.check(machine);
      const message = asciiJson(args ? { execute: command, arguments: args } : { execute: command });
      const { ok, words } = await post.send(machine.uuid, message, how);
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

/** Any thrown value as the `KreError` to throw on. */
export function plainError(thrown: unknown): KreError {
  return thrown instanceof AgentError ? thrown.error : toKreError(thrown);
}
