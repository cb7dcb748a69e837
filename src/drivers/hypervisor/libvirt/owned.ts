import type { Mark } from '../../../model/mark.ts';
import type { VirshCommand, VirshResult } from '../../../virsh/batch.ts';
import type { Virsh } from '../../../virsh/virsh.ts';
import type { MachineRef } from '../hypervisor.ts';
import { conflict, domainGone, refused, saysNoDomain } from './failures.ts';
import { type DomainDescription, parseDomain } from './parse-domain.ts';

/** A domain that was proven ours a moment ago. */
export interface OwnedDomain {
  /** As `virsh domstate` says it. */
  readonly state: string;
  /** It has a QEMU: running, paused, on its way down, or kept after a crash. */
  readonly isActive: boolean;
  /** The definition of the next boot. */
  readonly next: DomainDescription;
  readonly mark: Mark;
}

/** Looks before every act: whose domain it is, and what state it is in. */
export interface Ownership {
  /** `null` where neither the UUID nor the name is taken; `DomainConflict` where what is there is not ours. */
  find(machine: MachineRef): Promise<OwnedDomain | null>;
  /** As `find`; no domain is `NotFound`. */
  require(machine: MachineRef): Promise<OwnedDomain>;
  /** Runs commands about the machine, in one process; the first that fails is `VirshFailed`, naming `what` was to be done. */
  act(machine: MachineRef, what: string, commands: readonly VirshCommand[], by?: 'arguments' | 'input'): Promise<void>;
}

/** Acts are short; libvirt itself waits up to 15 s for a QEMU that does not die. */
const actTimeoutMs = 30_000;

export function createOwnership(virsh: Virsh, owner: string): Ownership {
  const find = async (machine: MachineRef): Promise<OwnedDomain | null> => {
    const commands: VirshCommand[] = [
      ['domstate', machine.uuid],
      ['dumpxml', machine.uuid, '--inactive'],
      ['domuuid', machine.name],
    ];
    const [state, xml, nameHolder] = await virsh.run(commands, { timeoutMs: actTimeoutMs });
    if (!xml?.ok || !state?.ok) {
      const error = [state?.error, xml?.error].find((said) => said) ?? '';
      // Defined a moment after it was looked for, it is no stranger: the next try sees it.
      if (!saysNoDomain(error) || nameHolder?.stdout.trim() === machine.uuid) throw refused(machine, 'describe', error);
      if (nameHolder?.ok) {
        throw conflict(`a domain ${machine.name} exists that is not ours (UUID ${nameHolder.stdout.trim()})`);
      }
      return null;
    }
    const next = parseDomain(xml.stdout);
    const mark = assertOurs(machine, owner, next);
    const word = state.stdout.trim();
    return { state: word, isActive: word !== 'shut off', next, mark };
  };
  return {
    find,
    require: async (machine) => {
      const found = await find(machine);
      if (!found) throw domainGone(machine);
      return found;
    },
    act: async (machine, what, commands, by = 'arguments') => {
      const results = await virsh.run(commands, { timeoutMs: actTimeoutMs, by });
      const failed = firstFailure(results);
      if (failed) throw refused(machine, what, failed.error);
    },
  };
}

function firstFailure(results: readonly VirshResult[]): VirshResult | undefined {
  return results.find((result) => !result.ok);
}

function assertOurs(machine: MachineRef, owner: string, { name, mark }: DomainDescription): Mark {
  if (name !== machine.name) throw conflict(`the domain with the UUID of ${machine.name} is named ${name}`);
  if (mark === null) throw conflict(`the domain ${name} does not carry a mark of kreconcile`);
  if (mark === 'unreadable') throw conflict(`the mark of the domain ${name} cannot be read`);
  if (mark.owner !== owner) throw conflict(`the domain ${name} belongs to the owner ${mark.owner}, not to ${owner}`);
  return mark;
}
