import type { SimWorld } from '../../../sim/world.ts';
import type { HypervisorEvent } from '../hypervisor.ts';

/** Events of the world; the connection stands at once and for ever. */
export function watchWorld(world: SimWorld, onEvent: (event: HypervisorEvent) => void): { stop(): void } {
  let isStopped = false;
  const watch = world.watch(onEvent);
  queueMicrotask(() => {
    if (!isStopped) onEvent({ kind: 'connected', machine: null });
  });
  return {
    stop: () => {
      isStopped = true;
      watch.stop();
    },
  };
}
