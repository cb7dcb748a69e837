import { createHash } from 'node:crypto';
import type { Guest } from '../../src/drivers/guest/guest.ts';
import { createSimGuest } from '../../src/drivers/guest/sim/index.ts';
import type { DefineRequest, DiskRequest, Hypervisor, MachineRef } from '../../src/drivers/hypervisor/hypervisor.ts';
import { createSimHypervisor } from '../../src/drivers/hypervisor/sim/index.ts';
import type { GuestStatus } from '../../src/model/guest-status.ts';
import type { Mark } from '../../src/model/mark.ts';
import type { KubernetesSpec } from '../../src/model/spec.ts';
import { openSimWorld, type WorldOptions } from '../../src/sim/open.ts';
import { createVirtualClock, type VirtualClock } from '../../src/sim/virtual-clock.ts';
import type { SimWorld } from '../../src/sim/world.ts';
import { appliedSpec } from '../drivers/applied-spec.ts';

export const imageDigest = `sha256:${'a'.repeat(64)}`;
export const owner = 'tests';

/** A world in memory on a virtual clock, with both drivers. */
export interface Bench {
  readonly clock: VirtualClock;
  readonly world: SimWorld;
  readonly hypervisor: Hypervisor;
  readonly guest: Guest;
}

export async function makeBench(options: Partial<WorldOptions> = {}): Promise<Bench> {
  const clock = createVirtualClock();
  const world = await openSimWorld('sim://memory', { ...options, clock });
  return { clock, world, hypervisor: createSimHypervisor(world, { owner }), guest: createSimGuest(world) };
}

/** Jumps from event to event until the condition holds; a thrown error counts as not yet. */
export async function until(
  { clock, world }: Pick<Bench, 'clock' | 'world'>,
  what: string,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  for (let jumps = 0; jumps < 500; jumps += 1) {
    if (await holds(condition)) return;
    const nextMs = await world.nextEventAtMs();
    if (nextMs === null) clock.advance(1_000);
    else clock.moveTo(nextMs);
    await world.look(() => undefined);
  }
  throw new Error(`never happened: ${what}`);
}

async function holds(condition: () => boolean | Promise<boolean>): Promise<boolean> {
  try {
    return await condition();
  } catch {
    return false;
  }
}

/** Lets everything happen that is under way. */
export async function settle(bench: Pick<Bench, 'clock' | 'world'>): Promise<void> {
  await until(bench, 'nothing is under way', async () => (await bench.world.nextEventAtMs()) === null);
}

export interface Node {
  readonly ref: MachineRef;
  readonly disks: DiskRequest;
  readonly definition: DefineRequest;
}

/** A node of cluster `dev`, or with `kubernetes: null` a plain machine. */
export function nodeNamed(name: string, kubernetes: Partial<KubernetesSpec> | null = {}, generation = 1): Node {
  const hex = createHash('sha256').update(name).digest('hex');
  const ref = { name, uuid: `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5000-8000-${hex.slice(12, 24)}` };
  const serial = `kr-${hex.slice(0, 12)}`;
  const mark = markOf(name, kubernetes, generation);
  return {
    ref,
    disks: {
      machine: ref,
      generation,
      image: { digest: imageDigest, format: 'qcow2' },
      diskMiB: 40_960,
      stateDisk: kubernetes ? { sizeMiB: 20_480, serial } : null,
      seed: {
        userData: '#cloud-config\n',
        metaData: `instance-id: ${ref.uuid}-${generation}\nlocal-hostname: ${name}\n`,
        networkConfig: 'version: 2\n',
      },
    },
    definition: {
      machine: ref,
      mac: `52:54:00:${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4, 6)}`,
      mark,
      stateDiskSerial: kubernetes ? serial : null,
    },
  };
}

function markOf(name: string, kubernetes: Partial<KubernetesSpec> | null, generation: number): Mark {
  return {
    schema: 1,
    owner,
    object: kubernetes ? { kind: 'Cluster', name: 'dev' } : { kind: 'Machine', name },
    machine: name,
    spec: appliedSpec({
      image: { digest: imageDigest, os: 'debian', version: '13', arch: 'x86_64', format: 'qcow2' },
      stateDiskMiB: kubernetes ? 20_480 : null,
      kubernetes: kubernetes && { ...kubernetesDefaults, ...kubernetes },
    }),
    address: null,
    generation,
    previousGeneration: null,
    provenAtMs: null,
    quarantined: [],
    prune: 'Confirm',
    deletionPolicy: 'Retain',
    revision: '1',
  };
}

const kubernetesDefaults: KubernetesSpec = {
  distribution: 'kubeadm',
  version: 'v1.35.2',
  role: 'control-plane',
  endpointHost: 'dev.kreconcile.internal',
  podCIDR: '10.244.0.0/16',
  serviceCIDR: '10.96.0.0/12',
  cni: { plugin: 'bridge' },
  registries: [],
  mirrors: {},
  config: {},
  keepPaths: [],
};

/** Stores the image, makes the disks, defines and starts. */
export async function startNode({ world, hypervisor }: Bench, node: Node): Promise<void> {
  await world.change((hand) => {
    hand.storeImage(imageDigest, 'qcow2');
  });
  await hypervisor.prepareDisks(node.disks);
  await hypervisor.define(node.definition);
  await hypervisor.start(node.ref);
}

/** A running cluster of one. */
export async function startCluster(bench: Bench, kubernetes: Partial<KubernetesSpec> = {}): Promise<Node> {
  const node = nodeNamed('dev-cp-1', kubernetes);
  await startNode(bench, node);
  await settle(bench);
  return node;
}

/** Starts an operation and lets it end. */
export async function operate(
  bench: Bench,
  node: Node,
  verb: Parameters<Guest['startOperation']>[1]['verb'],
  input: Readonly<Record<string, string>> = {},
): Promise<GuestStatus['operations'][number]> {
  const { operations } = await bench.guest.status(node.ref);
  const id = `${verb}-00000000-${operations.length}`;
  await bench.guest.startOperation(node.ref, { id, verb, input });
  const find = async () => (await bench.guest.status(node.ref)).operations.find((operation) => operation.id === id);
  await until(bench, `${id} ends`, async () => (await find())?.state !== 'running');
  await settle(bench);
  const ended = await find();
  if (!ended) throw new Error(`${id} is forgotten`);
  return ended;
}
