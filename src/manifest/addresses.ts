import { DEFAULTS } from '../model/defaults.ts';
import { isHostAddress, overlaps, parseCidr, parseIpv4 } from '../model/ipv4.ts';
import type { NetworkSpec } from '../model/manifest.ts';
import type { Problem } from '../model/problem.ts';
import { type ManifestDraft, placed } from './draft.ts';
import { valueAt } from './issue.ts';
import type { Draft, Path } from './kind.ts';
import { positionOf } from './position.ts';
import { pathText } from './quote.ts';

/** A fixed address that a manifest asks for. */
interface Wish {
  readonly draft: ManifestDraft;
  readonly network: string;
  readonly address: string;
  readonly path: Path;
}

type ClusterDraft = Extract<ManifestDraft, { kind: 'Cluster' }>;
type NetworkDraft = Extract<ManifestDraft, { kind: 'Network' }>;

/** Fixed addresses against their Network, and against each other. */
export function addressProblems(drafts: readonly ManifestDraft[]): Problem[] {
  const networks = new Map<string, NetworkDraft>();
  for (const draft of drafts)
    if (draft.kind === 'Network' && draft.metadata.name !== undefined) networks.set(draft.metadata.name, draft);
  const wishes = drafts.flatMap(wishesOf);
  return [
    ...wishes.flatMap((wish) => misplaced(wish, networks.get(wish.network))),
    ...taken(wishes),
    ...drafts.flatMap((draft) => (draft.kind === 'Cluster' ? sharedSubnets(draft, networks) : [])),
  ];
}

/** Pods or services on the addresses of the nodes' own network: nodes would not reach each other. */
function sharedSubnets(draft: ClusterDraft, networks: ReadonlyMap<string, NetworkDraft>): Problem[] {
  const network = networks.get(draft.spec.network ?? DEFAULTS.network);
  const nodes = network?.spec.subnet === undefined ? null : parseCidr(network.spec.subnet);
  if (!network || !nodes) return [];
  return (['podCIDR', 'serviceCIDR'] as const).flatMap((field) => {
    const text = draft.spec[field] ?? DEFAULTS[field];
    const block = parseCidr(text);
    if (!block || !overlaps(block, nodes)) return [];
    const problem = placed(draft.document, {
      code: 'ManifestInvalid',
      path: ['spec', field],
      found: text,
      allowed: `a subnet without an address of ${network.spec.subnet}`,
      message: `spec.${field} ${text} shares addresses with the network of the nodes, ${network.spec.subnet}`,
      hint: `Give ${field} another subnet.`,
    });
    return [{ ...problem, related: positionOf(network.document, ['spec', 'subnet']) }];
  });
}

function wishesOf(draft: ManifestDraft): Wish[] {
  if (draft.kind !== 'Cluster' && draft.kind !== 'Machine') return [];
  const isDefault = valueAt(draft.document.value, ['spec', 'network']) === undefined;
  const network = isDefault ? DEFAULTS.network : draft.spec.network;
  if (network === undefined) return [];
  const base = { draft, network };
  if (draft.kind === 'Machine') {
    return draft.spec.address === undefined
      ? []
      : [{ ...base, address: draft.spec.address, path: ['spec', 'address'] }];
  }
  return (draft.spec.controlPlane?.addresses ?? []).flatMap((address, index) =>
    address === undefined ? [] : [{ ...base, address, path: ['spec', 'controlPlane', 'addresses', index] }],
  );
}

function misplaced(wish: Wish, network: NetworkDraft | undefined): Problem[] {
  if (!network) return [];
  const objection = objectionTo(wish.address, network.spec);
  if (!objection) return [];
  return [
    {
      ...placed(wish.draft.document, {
        code: 'ManifestInvalid',
        path: wish.path,
        found: wish.address,
        allowed: objection.allowed,
        message: `${pathText(wish.path)} is ${wish.address}, ${objection.because}`,
        hint: 'Correct the address, or the Network.',
      }),
      related: positionOf(network.document, objection.path),
    },
  ];
}

/** Why the network cannot give the address, or `null`. A libvirt network without a subnet is asked when its range is seen. */
function objectionTo(
  address: string,
  spec: Draft<NetworkSpec>,
): { because: string; allowed: string; path: Path } | null {
  const number = parseIpv4(address);
  const block = spec.subnet === undefined ? null : parseCidr(spec.subnet);
  if (number === null) return null;
  if (!block) {
    if (spec.bridge === undefined || spec.subnet !== undefined) return null;
    const because = 'but its network is a bridge without a subnet, where kreconcile cannot give addresses';
    return { because, allowed: 'no address, or a Network with a subnet', path: ['spec', 'bridge'] };
  }
  const allowed = `an address inside ${spec.subnet}, neither its first, its last nor the gateway`;
  if (!isHostAddress(block, number))
    return { because: `which no machine in ${spec.subnet} can have`, allowed, path: ['spec', 'subnet'] };
  if (address === spec.gateway)
    return { because: 'which is the gateway of its network', allowed, path: ['spec', 'gateway'] };
  return null;
}

/** Two machines with one address. Networks may share a wire, so the Network's name does not matter. */
function taken(wishes: readonly Wish[]): Problem[] {
  const first = new Map<string, Wish>();
  return wishes.flatMap((wish) => {
    const earlier = first.get(wish.address);
    if (!earlier) {
      first.set(wish.address, wish);
      return [];
    }
    // Twice in one list is reported by the rules of the kind.
    if (earlier.draft === wish.draft) return [];
    return [
      {
        ...placed(wish.draft.document, {
          code: 'ManifestDuplicate',
          path: wish.path,
          found: wish.address,
          allowed: 'an address that no other machine has',
          message: `the address ${wish.address} is claimed twice`,
          hint: 'Give one of the two another address.',
        }),
        related: positionOf(earlier.draft.document, earlier.path),
      },
    ];
  });
}
