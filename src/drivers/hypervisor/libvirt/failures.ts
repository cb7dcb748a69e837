import { KreError } from '../../../model/error.ts';
import type { MachineRef } from '../hypervisor.ts';

/** A domain, or an address, that is not ours stands where ours should. */
export function conflict(message: string): KreError {
  return new KreError({
    code: 'DomainConflict',
    message,
    hint: 'kreconcile leaves alone what it does not own. Rename the machine in the manifest, or remove what stands in its way.',
    disposition: 'stalled',
  });
}

/** An act was asked for on a domain that is not defined (any more). */
export function domainGone(machine: MachineRef): KreError {
  return new KreError({
    code: 'NotFound',
    message: `there is no domain ${machine.name} with the UUID ${machine.uuid}`,
    hint: 'It was undefined meanwhile; the next pass sees that and plans anew.',
    disposition: 'retry',
  });
}

/** libvirt refused what an act asked for. */
export function refused(machine: MachineRef, what: string, detail: string): KreError {
  return new KreError({
    code: 'VirshFailed',
    message: `libvirt did not ${what} ${machine.name}: ${detail || 'it gave no reason'}`,
    hint: 'The text is what libvirt said; the log of libvirtd may say more (journalctl -u libvirtd).',
    disposition: 'retry',
  });
}

/** Whether virsh's words mean that a long job holds the domain. */
export function saysBlocked(error: string): boolean {
  return /cannot acquire state change lock|timed out during operation/i.test(error);
}

/** Whether virsh's words mean that no such domain is defined. */
export function saysNoDomain(error: string): boolean {
  return /failed to get domain|Domain not found|no domain with matching/i.test(error);
}
