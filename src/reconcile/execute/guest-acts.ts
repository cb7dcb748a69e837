import type { DesiredCluster } from '../../model/desired.ts';
import { KreError } from '../../model/error.ts';
import type { Backup } from '../../model/observed.ts';
import type { GuestVerb } from '../../model/plan.ts';
import { textDigest } from '../desire/identity.ts';
import type { Acts } from '../execute.ts';
import { backupTakenAtMs } from '../plan/backup.ts';
import type { World } from '../reconcile.ts';
import { type ActParts, addressOf, clusterOf, machineOf, markOf, nodeContext, refOf } from './context.ts';

type GuestActs = Pick<
  Acts,
  | 'install-program'
  | 'guest-operation'
  | 'restart-service'
  | 'cordon'
  | 'uncordon'
  | 'remove-member'
  | 'remove-node'
  | 'fetch-backup'
>;

type NodeCall = 'cordon' | 'uncordon' | 'remove-member' | 'remove-node';

/** Acts inside guests. What they need (a token, an address) is resolved here and never stands in the plan. */
export function guestActs(world: World, parts: ActParts): GuestActs {
  const call = async (via: string, verb: NodeCall, node: string): Promise<void> => {
    await parts.guest.call(refOf(world, via), verb, { node });
    // Each of them tells of the nodes, and who is listened to need not be who was asked.
    for (const name of clusterOf(world, machineOf(world, via))?.controlPlanes ?? [via]) parts.outdate(name);
    if (verb === 'remove-member') parts.outdate(node);
  };
  return {
    'install-program': async ({ machine }) => {
      const cluster = clusterOf(world, machineOf(world, machine));
      await parts.guest.installProgram(refOf(world, machine), parts.program(cluster?.distribution ?? null));
      parts.outdate(machine);
    },
    'guest-operation': async ({ machine, verb, operation, input }) => {
      const full = await operationInput(world, parts, machine, verb, input);
      await parts.guest.startOperation(refOf(world, machine), { id: operation, verb, input: full });
      parts.outdate(machine);
    },
    'restart-service': async ({ machine, mark, operation }) => {
      await parts.hypervisor.writeMark(refOf(world, machine), mark);
      await parts.guest.startOperation(refOf(world, machine), { id: operation, verb: 'restart', input: {} });
      parts.outdate(machine);
    },
    cordon: ({ node, via }) => call(via, 'cordon', node),
    uncordon: ({ node, via }) => call(via, 'uncordon', node),
    'remove-member': ({ node, via }) => call(via, 'remove-member', node),
    'remove-node': ({ node, via }) => call(via, 'remove-node', node),
    'fetch-backup': async (action) => startCopy(world, parts, action),
  };
}

/** Verbs that may fetch something: they get the settings of today's manifests. */
const FETCHING: ReadonlySet<GuestVerb> = new Set(['bootstrap', 'stage', 'upgrade', 'rollback', 'restore']);

/** Settings of today's manifests (mirrors…) travel with what fetches; a join gets a token minted now. */
async function operationInput(
  world: World,
  parts: ActParts,
  name: string,
  verb: GuestVerb,
  input: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  const machine = machineOf(world, name);
  const cluster = clusterOf(world, machine);
  if (!cluster) return input;
  const distribution = parts.distributions[cluster.distribution];
  const context = nodeContext(world, machine, cluster);
  if (verb === 'join') {
    const role = machine.spec.kubernetes?.role ?? 'worker';
    const minted =
      distribution.joinSource === 'secrets'
        ? await parts.secrets.ensure(cluster.name, distribution.secrets)
        : await parts.guest.call(refOf(world, hostOf(world, cluster, name)), 'join-info', { node: name, role });
    return { ...input, ...distribution.joinInput(context, minted) };
  }
  if (!FETCHING.has(verb)) return input;
  return { ...distribution.settings(context), ...input };
}

/** The control plane that lets another node in: one that serves, and not the node itself. */
function hostOf(world: World, cluster: DesiredCluster, joining: string): string {
  const others = cluster.controlPlanes.filter((name) => name !== joining);
  const serves = (name: string) => {
    const reading = world.observed.guests[name];
    return reading?.known === true && reading.value.kubernetes?.apiReady === true;
  };
  return others.find(serves) ?? others[0] ?? '';
}

type FetchBackup = Parameters<Acts['fetch-backup']>[0];

/** Size and digest are what the guest's operation told; the copy is checked against both, then opened. */
function startCopy(world: World, parts: ActParts, { cluster, machine, operation, version, why }: FetchBackup): void {
  const reading = world.observed.guests[machine];
  const done = reading?.known ? reading.value.operations.find((entry) => entry.id === operation) : undefined;
  const sha256 = done?.result['sha256'];
  const sizeBytes = Number(done?.result['size']);
  if (done?.state !== 'succeeded' || !sha256 || !/^[0-9a-f]{64}$/.test(sha256) || !Number.isSafeInteger(sizeBytes)) {
    throw new KreError({
      code: 'GuestReply',
      message: `the guest of ${machine} does not tell size and digest of backup ${operation}`,
      hint: 'The next reading tells; the step is tried again.',
      disposition: 'retry',
    });
  }
  const keep = world.desired.clusters.find((entry) => entry.name === cluster)?.backup.keep ?? 5;
  parts.backups.start({
    machine: refOf(world, machine),
    operation,
    expect: { sha256, sizeBytes },
    backup: {
      cluster,
      machine,
      version,
      atMs: backupTakenAtMs(operation),
      ...toldOf(world, machine),
      ...(why === undefined ? {} : { why }),
    },
    retention: { keep, versions: versionsInMarks(world, cluster) },
  });
}

/** What a restoration has to know beside the bytes, as far as it is known. */
function toldOf(world: World, machine: string): Pick<Backup, 'clusterUid' | 'distribution' | 'specDigest' | 'address'> {
  const reading = world.observed.guests[machine];
  const clusterUid = reading?.known ? reading.value.kubernetes?.clusterUid : null;
  const { spec, address } = markOf(world, machine) ?? {};
  return {
    ...(clusterUid ? { clusterUid } : {}),
    ...(spec?.kubernetes ? { distribution: spec.kubernetes.distribution } : {}),
    ...(address ? { address } : {}),
    ...(spec ? { specDigest: textDigest(JSON.stringify(spec)) } : {}),
  };
}

/** Versions that a change under way may have to go back to: their latest backups are kept. */
function versionsInMarks(world: World, cluster: string): readonly string[] {
  const { inventory } = world.observed;
  const marks = inventory.known
    ? inventory.value.domains.flatMap(({ mark }) => (mark && mark !== 'unreadable' ? [mark] : []))
    : [];
  const own = marks.filter(({ object }) => object.kind === 'Cluster' && object.name === cluster);
  const versions = own.flatMap((mark) =>
    [mark.spec, mark.previous?.spec].flatMap((spec) => spec?.kubernetes?.version ?? []),
  );
  return [...new Set(versions)].sort();
}

/** Fetches the kubeconfig from a control plane and hands it to whoever rebuilds and writes it. */
export function publishActs(
  world: World,
  parts: ActParts,
): Pick<Acts, 'publish-kubeconfig' | 'remove-kubeconfig' | 'forget'> {
  return {
    'publish-kubeconfig': async ({ cluster, machine, server }) => {
      const answer = await parts.guest.call(refOf(world, machine), 'kubeconfig', {});
      const text = Buffer.from(answer['kubeconfig'] ?? '', 'base64').toString('utf8');
      await parts.kubeconfigs.publish(cluster, text, server ?? serverFromGuest(world, machine));
    },
    'remove-kubeconfig': ({ cluster }) => parts.kubeconfigs.remove(cluster),
    forget: ({ object }) => parts.records.forget(object, world.desired.revision),
  };
}

function serverFromGuest(world: World, name: string): string {
  const machine = machineOf(world, name);
  const address = addressOf(world, machine);
  const port = clusterOf(world, machine)?.apiPort ?? 6443;
  if (address !== null) return `https://${address}:${port}`;
  throw new KreError({
    code: 'GuestReply',
    message: `the address of ${name} is not known yet`,
    hint: 'It is read from the guest; the step is tried again.',
    disposition: 'retry',
  });
}
