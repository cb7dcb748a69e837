import type { VirshEvent } from '../../../virsh/event-line.ts';
import type { Virsh } from '../../../virsh/virsh.ts';
import type { HypervisorEvent, HypervisorReader } from '../hypervisor.ts';
import type { HostReader } from './host.ts';

/** See `HypervisorReader.watch`. */
export function createWatch(virsh: Virsh, host: HostReader): HypervisorReader['watch'] {
  return (onEvent) =>
    virsh.watch({
      connected: () => {
        // libvirt, or QEMU below it, may be another one now.
        host.forget();
        onEvent({ kind: 'connected', machine: null });
      },
      event: (event) => onEvent({ kind: kindOf(event), machine: event.domain || null }),
      disconnected: () => undefined,
    });
}

function kindOf({ type, detail }: VirshEvent): HypervisorEvent['kind'] {
  if (type === 'lifecycle') return 'lifecycle';
  if (type !== 'agent-lifecycle') return 'other';
  return detail.includes("state: 'connected'") ? 'agent-connected' : 'agent-disconnected';
}
