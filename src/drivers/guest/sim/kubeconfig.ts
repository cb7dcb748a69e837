import type { Kubeconfig } from '../../../sim/kubeconfig.ts';
import type { SimWorld } from '../../../sim/world.ts';
import type { MachineRef } from '../../hypervisor/hypervisor.ts';

/** The admin kubeconfig that a control plane holds; `null` where there is none. Its server is the node's own address. */
export async function readKubeconfig(world: SimWorld, machine: MachineRef): Promise<Kubeconfig | null> {
  const found = await world.look((hand) => {
    const domain = hand.state.domains[machine.uuid];
    const cluster = domain ? hand.clusterServedBy(domain) : null;
    if (!domain || !cluster) return null;
    const { uid, createdAtMs, certificates, apiPort } = cluster;
    const server = `https://${hand.addressOf(domain) ?? domain.name}:${apiPort}`;
    return { subject: { seed: hand.state.seed, uid, createdAtMs, certificates }, server };
  });
  return found && world.kubeconfigs.write(found.subject, found.server);
}
