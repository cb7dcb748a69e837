import type { DesiredCluster, DesiredMachine } from '../../model/desired.ts';
import type { Draft } from './draft.ts';
import { type Facts, freshGuest, ownMark } from './facts.ts';

/** Publishes the kubeconfig when there is none, the guest's has changed, or the server it should name has. */
export function planKubeconfig(
  facts: Facts,
  cluster: DesiredCluster,
  machine: DesiredMachine,
  needs: readonly string[] | null,
  draft: Draft,
): void {
  const published = facts.records.kubeconfigs.find((entry) => entry.cluster === cluster.name);
  const server = serverOf(facts, cluster, machine, published?.server);
  const guestDigest = freshGuest(facts, machine.name)?.kubernetes?.kubeconfigDigest ?? null;
  const isCurrent =
    published !== undefined &&
    (server === null || published.server === server) &&
    (guestDigest === null || published.guestDigest === guestDigest);
  if (isCurrent || (needs === null && !published)) return;
  const id = `cluster/${cluster.name}/kubeconfig`;
  draft.step({
    id,
    title: `publish the kubeconfig of ${cluster.name}`,
    needs: published ? [] : (needs ?? []),
    reason: !published
      ? 'there is none in the drop directory'
      : published.server === server
        ? "the cluster's credentials changed"
        : `it should name ${server ?? 'another server'}`,
    action: { kind: 'publish-kubeconfig', cluster: cluster.name, machine: machine.name, server },
  });
}

/**
 * `https://host:port` of the published endpoint, else of the first control plane's address; `null` while only the guest knows it. An endpoint that the
 * cluster was not made with is in no certificate and is not published: what is published stays.
 */
function serverOf(
  facts: Facts,
  cluster: DesiredCluster,
  machine: DesiredMachine,
  published: string | undefined,
): string | null {
  const domain = facts.domainsByUuid.get(machine.uuid);
  const mark = domain ? ownMark(domain, facts.desired.owner) : null;
  const madeWith = mark?.spec.kubernetes?.endpointHost ?? cluster.endpointHost;
  if (madeWith !== cluster.endpointHost && published !== undefined) return published;
  if (cluster.endpoint && madeWith === cluster.endpointHost)
    return `https://${cluster.endpoint.host}:${cluster.endpoint.port}`;
  const address = mark?.address ?? toldAddress(facts, machine);
  return address ? `https://${address}:${cluster.apiPort}` : null;
}

function toldAddress(facts: Facts, machine: DesiredMachine): string | null {
  const addresses = freshGuest(facts, machine.name)?.addresses ?? [];
  return addresses.find((entry) => entry.mac.toLowerCase() === machine.mac)?.address ?? null;
}
