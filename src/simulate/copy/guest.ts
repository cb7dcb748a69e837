import type { GuestStatus } from '../../model/guest-status.ts';
import { firstBootstrap } from '../../sim/boot.ts';
import { schedule } from '../../sim/events.ts';
import { beginOperation } from '../../sim/operations.ts';
import type { InstalledRoot, SimDomain, SimMember, SimRun } from '../../sim/state.ts';
import { instanceOf } from './folder.ts';
import { copyOperations } from './operation.ts';
import { type CopyScene, isProven, type OwnMachine } from './source.ts';

const UNREAD = '{}: not read, assumed to be healthy as noted in the mark.';
const SILENT = '{}: the guest does not answer, assumed to come up as after a start.';
const BROKEN = '{}: not ready, and nothing that runs would change it; assumed to stay so.';

/** After a boot or an operation a node may take this long to get ready; one that is not ready later stays so. */
const RECENT_MS = 15 * 60_000;

/** What is installed in a guest and goes on in it: as it told, else as the mark makes one expect. */
export function copyGuest(scene: CopyScene, machine: OwnMachine): void {
  const { world } = scene;
  const domain = world.domains[machine.uuid];
  const root = world.folders[machine.name]?.generations[machine.mark.generation];
  if (!domain || !root) return;
  const member = memberOf(scene, machine);
  const status = machine.status ?? assumedStatus(scene, machine, member);
  if (!status) {
    if (domain.run && !domain.run.agentConnected) bootLater(scene, machine, domain);
    return;
  }
  root.installed = installedRoot(machine, status, member);
  if (domain.saved) {
    // Nobody can ask what was saved; it is what it would be if it ran.
    scene.assumptions.add(UNREAD, machine.name);
    stand(domain.saved.run, status);
    domain.saved.run.agentConnected = true;
  }
  if (!domain.run) return;
  copyAddress(scene, domain, status);
  if (!domain.run.agentConnected) {
    bootLater(scene, machine, domain);
    return;
  }
  if (!machine.status) scene.assumptions.add(UNREAD, machine.name);
  stand(domain.run, status);
  copyOperations(scene, machine, domain, root.installed, status);
  goOnWithFirstBoot(scene, domain, root.installed, status);
  if (member) comeUp(scene, machine, domain, status);
}

/** A power cycle stands where its guest says. */
function stand(run: SimRun, { stateDisk, kubernetes }: GuestStatus): void {
  run.stateDisk = stateDisk;
  run.serviceActive = kubernetes?.serviceActive ?? false;
  run.apiReady = kubernetes?.apiReady ?? false;
}

function memberOf({ world }: CopyScene, { name, mark }: OwnMachine): SimMember | null {
  const folder = world.folders[name];
  if (mark.spec.stateDiskMiB !== null) return folder?.stateDisk?.member ?? null;
  const { kubernetes } = mark.spec;
  const cluster = Object.values(world.clusters).find((entry) => entry.nodes[name]);
  return kubernetes && cluster
    ? { clusterUid: cluster.uid, node: name, role: kubernetes.role, version: kubernetes.version }
    : null;
}

/** A machine that was not read and was proven once; `null` where its first boot may still be under way. */
function assumedStatus(scene: CopyScene, machine: OwnMachine, member: SimMember | null): GuestStatus | null {
  const { mark, name, wanted } = machine;
  if (!isProven(machine)) return null;
  const { kubernetes, stateDiskMiB, image } = mark.spec;
  const isControlPlane = kubernetes?.role === 'control-plane';
  return {
    program: scene.desired.programs[name] ?? '',
    bootId: scene.world.domains[machine.uuid]?.run?.bootId ?? '',
    hostname: name,
    os: { id: image.os, version: image.version },
    cloudInit: 'done',
    addresses: wanted && mark.address !== null ? [{ mac: wanted.mac, address: mark.address }] : [],
    stateDisk: stateDiskMiB === null ? 'none' : 'mounted',
    operations: [],
    kubernetes: kubernetes && {
      phase: member ? 'initialised' : 'installed',
      version: member?.version ?? kubernetes.version,
      serviceActive: member !== null,
      apiReady: isControlPlane ? member !== null : null,
      staged: [],
      nodes: [],
      nodesTotal: 0,
      kubeconfigDigest: null,
      certificatesExpireAtMs: null,
      clusterUid: member?.clusterUid ?? null,
    },
  };
}

function installedRoot(machine: OwnMachine, status: GuestStatus, member: SimMember | null): InstalledRoot {
  const { mark, uuid } = machine;
  const isFirstBoot = status.cloudInit === 'running' || status.cloudInit === 'not-run';
  return {
    instanceId: instanceOf(uuid, mark),
    stateUuid: machine.wanted?.stateDisk?.filesystemUuid ?? uuid,
    version: mark.spec.kubernetes?.version ?? null,
    cloudInit: isFirstBoot ? 'running' : status.cloudInit === 'error' ? 'error' : 'done',
    program: status.program,
    kubernetes: status.kubernetes?.phase === 'absent' ? null : (status.kubernetes?.version ?? null),
    staged: [...(status.kubernetes?.staged ?? [])],
    operations: [],
    backups: {},
    member: mark.spec.stateDiskMiB === null ? member : null,
    ...(mark.joins ? { joins: true } : {}),
    ...(status.veto == null ? {} : { veto: status.veto }),
  };
}

/** DHCP gives it again what it has. */
function copyAddress({ world }: CopyScene, domain: SimDomain, status: GuestStatus): void {
  const card = domain.live?.interfaces[0] ?? domain.next.interfaces[0];
  const address = status.addresses.find((entry) => entry.mac.toLowerCase() === card?.mac.toLowerCase())?.address;
  const network = world.networks.find(
    (entry) => card && entry.network.kind === card.kind && entry.network.name === card.source,
  );
  if (card && network && address !== undefined) network.leases[card.mac] = address;
}

function bootLater(scene: CopyScene, machine: OwnMachine, domain: SimDomain): void {
  const { world, nowMs } = scene;
  if (!domain.run || domain.state !== 'running') return;
  if (isProven(machine)) scene.assumptions.add(SILENT, machine.name);
  schedule(world, { atMs: nowMs + world.durations.boot, kind: 'boot', of: domain.uuid, about: domain.run.bootId });
}

/** First boot goes on where it is: a node's ends with its bootstrap, a plain machine's with cloud-init. */
function goOnWithFirstBoot(scene: CopyScene, domain: SimDomain, installed: InstalledRoot, status: GuestStatus): void {
  const { world, nowMs } = scene;
  if (installed.cloudInit !== 'running') return;
  if (status.kubernetes === null) {
    const dueMs = nowMs + world.durations.cloudInit;
    schedule(world, { atMs: dueMs, kind: 'cloud-init', of: domain.uuid, about: domain.run?.bootId ?? '' });
  } else if (status.kubernetes.phase === 'absent') {
    beginOperation(world, domain, installed, { id: firstBootstrap, verb: 'bootstrap', input: {} }, nowMs);
  }
}

/** A node that is coming up gets there; one that is down without a reason stays down. */
function comeUp(scene: CopyScene, machine: OwnMachine, domain: SimDomain, status: GuestStatus): void {
  const { world, nowMs } = scene;
  const { run } = domain;
  const cluster = Object.values(world.clusters).find((entry) => entry.nodes[machine.name]);
  const node = cluster?.nodes[machine.name];
  if (!run?.serviceActive || !node) return;
  const isWaiting = !node.ready || status.kubernetes?.apiReady === false;
  if (!isWaiting) return;
  if (!isRecent(scene, machine, status)) {
    scene.assumptions.add(BROKEN, machine.name);
    return;
  }
  const about = run.bootId;
  if (status.kubernetes?.apiReady === false) {
    schedule(world, { atMs: nowMs + world.durations.apiStart, kind: 'api', of: domain.uuid, about });
  } else if (!node.ready) {
    schedule(world, { atMs: nowMs + world.durations.nodeReady, kind: 'ready', of: domain.uuid, about });
  }
}

function isRecent({ nowMs }: CopyScene, { mark }: OwnMachine, status: GuestStatus): boolean {
  if (mark.provenAtMs === null) return true;
  return status.operations.some(
    (operation) => operation.state === 'running' || nowMs - (operation.endedAtMs ?? 0) < RECENT_MS,
  );
}
