import { KreError } from '../../model/error.ts';
import type { KubernetesSpec } from '../../model/spec.ts';
import type { NodeContext } from './distribution.ts';

/** The Kubernetes part of a node's spec. Throws `Internal` for a plain Machine, for which no distribution is ever asked. */
export function kubernetesOf(node: NodeContext): KubernetesSpec {
  const spec = node.machine.spec.kubernetes;
  if (spec) return spec;
  throw new KreError({
    code: 'Internal',
    message: `${node.machine.name} is no Kubernetes node, yet its distribution was asked for files.`,
    hint: 'This is a defect of kreconcile: please report it with the manifest.',
    disposition: 'bug',
  });
}

/** Names and addresses under which clients reach the API server, each once, in a stable order: they become SANs. */
export function apiServerNames(node: NodeContext): readonly string[] {
  const names = [kubernetesOf(node).endpointHost, node.cluster.endpoint?.host, node.address];
  return [...new Set(names.filter((name): name is string => !!name))];
}

/** A mirror's URL without the slashes at its end, so that a path can be put behind it. */
export function baseUrl(url: string | undefined, official: string): string {
  return (url ?? official).replace(/\/+$/, '');
}

/**
 * Where a node that joins finds the API server: a control plane at the one that lets it in. A worker of several control planes asks whoever answers for the
 * endpoint (`resolved`: its name is left to DNS), as it must not depend on one of them.
 */
export function joinAddress(node: NodeContext, minted: Readonly<Record<string, string>>): string {
  if (kubernetesOf(node).role === 'control-plane') return minted['address'] || (node.controlPlaneAddress ?? '');
  if (node.cluster.controlPlanes.length > 1) return 'resolved';
  return node.controlPlaneAddress ?? minted['address'] ?? '';
}
