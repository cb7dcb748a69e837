import type { GuestStatus } from '../../model/guest-status.ts';
import type { GuestVerb } from '../../model/plan.ts';
import type { MachineRef } from '../hypervisor/hypervisor.ts';

/**
 * The guest role: speaks to the in-guest program (fixed verbs) over the guest agent. The guest is not trusted: replies are
 * limited in size and parsed leniently. One call at a time per guest, eight guests in parallel; three timeouts in a row open a
 * circuit breaker of up to 60 s. Errors: `GuestUnavailable` (no answer, not connected, breaker open), `GuestReply`,
 * `GuestForbidden` (the agent blocks exec), `GuestOperation` (a verb refused).
 */
export interface Guest extends GuestReader {
  /**
   * Starts an operation in the background and returns. The same id again is a no-op, so a lost reply is harmless. `input` travels on standard
   * input and is never logged; values may be secret.
   */
  startOperation(
    machine: MachineRef,
    operation: { readonly id: string; readonly verb: GuestVerb; readonly input: Readonly<Record<string, string>> },
  ): Promise<void>;
  /** Runs a short verb and returns its `key=value` answer. */
  call(
    machine: MachineRef,
    verb: GuestCall,
    input: Readonly<Record<string, string>>,
  ): Promise<Readonly<Record<string, string>>>;
  /**
   * Bytes of the backup that operation `operation` made in the guest, from `offset`, at most 96 KiB; empty at the end. The path is derived from the id,
   * never told by the guest.
   */
  readBackup(machine: MachineRef, operation: string, offset: number): Promise<Uint8Array>;
  /**
   * Writes a piece of a backup, at most 96 KiB, to where `restore` and `rollback` look for that of `operation`. Offset 0 begins anew; a piece that was
   * written before is written again, with all behind it gone; one behind the end is `GuestOperation`. The verb checks the digest of the whole.
   */
  writeBackup(machine: MachineRef, operation: string, offset: number, bytes: Uint8Array): Promise<void>;
  /** Writes the in-guest program (its text is the argument) and makes it executable; the digest is checked after writing. */
  installProgram(machine: MachineRef, program: string): Promise<void>;
}

export interface GuestReader {
  /** One `status` of at most 64 KiB. */
  status(machine: MachineRef): Promise<GuestStatus>;
}

/**
 * Short verbs. `join-info` (control plane): what a worker needs, minted now. `kubeconfig`: key `kubeconfig`, base64 of the admin kubeconfig.
 * `cordon`, `uncordon`, `remove-member` (out of the datastore) and `remove-node` (out of datastore and
 * cluster) take `node`.
 */
export type GuestCall = 'join-info' | 'kubeconfig' | 'cordon' | 'uncordon' | 'remove-member' | 'remove-node';
