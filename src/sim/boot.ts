import type { GuestStateDisk } from '../model/guest-status.ts';
import { startServices } from './cluster.ts';
import { schedule } from './events.ts';
import { durationMs } from './fault.ts';
import { beginOperation } from './operations.ts';
import { folderOf, hasStateDisk, kubernetesOf, memberOf, rootOf } from './places.ts';
import type { InstalledRoot, SimDomain, SimRoot, WorldState } from './state.ts';

/** Id under which the seed runs the first bootstrap. */
export const firstBootstrap = 'bootstrap-first';

/**
 * The guest is up: the state disk is mounted or refused, the agent answers, and cloud-init does its work of first boot if the seed's instance is
 * new to this root. A node that was a member before starts its services.
 */
export function finishBoot(state: WorldState, domain: SimDomain, atMs: number): void {
  if (!domain.run) return;
  domain.run.agentConnected = true;
  const root = rootOf(state, domain);
  if (!root) return;
  const instanceId = root.seed?.instanceId ?? 'nocloud';
  if (root.installed?.instanceId === instanceId) {
    domain.run.stateDisk = mountState(state, domain, root.installed.stateUuid, false);
    resumeServices(state, domain, root.installed, atMs);
    return;
  }
  root.installed = freshRoot(state, domain, root, instanceId);
  domain.run.stateDisk = mountState(state, domain, root.installed.stateUuid, root.seed?.stateNew ?? true);
  runFirstBoot(state, domain, root.installed, atMs);
}

/** What a first boot finds on the root: what an earlier instance left there, with the new seed's settings. */
function freshRoot(state: WorldState, domain: SimDomain, root: SimRoot, instanceId: string): InstalledRoot {
  const { seed, installed } = root;
  return {
    instanceId,
    stateUuid: seed?.stateUuid ?? domain.uuid,
    version: seed?.version ?? kubernetesOf(domain)?.version ?? null,
    cloudInit: 'running',
    restore: seed?.restore ?? false,
    joins: seed?.joins ?? false,
    program: seed?.program ?? state.program,
    kubernetes: installed?.kubernetes ?? null,
    staged: installed?.staged ?? [],
    operations: installed?.operations ?? [],
    backups: installed?.backups ?? {},
    member: installed?.member ?? null,
  };
}

function runFirstBoot(state: WorldState, domain: SimDomain, installed: InstalledRoot, atMs: number): void {
  if (kubernetesOf(domain)) {
    beginOperation(state, domain, installed, { id: firstBootstrap, verb: 'bootstrap', input: {} }, atMs);
    return;
  }
  const dueMs = atMs + durationMs(state, 'cloudInit', domain.name);
  schedule(state, { atMs: dueMs, kind: 'cloud-init', of: domain.uuid, about: domain.run?.bootId ?? '' });
}

function resumeServices(state: WorldState, domain: SimDomain, installed: InstalledRoot, atMs: number): void {
  installed.cloudInit = 'done';
  const member = memberOf(state, domain);
  if (member && installed.kubernetes !== null) startServices(state, domain, member, atMs);
}

/** Mounts the state disk that the guest was told of, and fails closed: only a blank disk that should be new is formatted. */
function mountState(state: WorldState, domain: SimDomain, wanted: string, isNew: boolean): GuestStateDisk {
  if (!hasStateDisk(domain)) return 'none';
  const disk = folderOf(state, domain)?.stateDisk;
  const serials = domain.live?.disks.map((attached) => attached.serial) ?? [];
  if (!disk || !serials.includes(disk.serial)) return 'missing';
  if (disk.filesystemUuid === null && !isNew) return 'blank-refused';
  disk.filesystemUuid ??= wanted;
  return disk.filesystemUuid === wanted ? 'mounted' : 'foreign';
}

/** cloud-init of a machine without Kubernetes has ended. */
export function finishCloudInit(state: WorldState, domain: SimDomain): void {
  const installed = rootOf(state, domain)?.installed;
  if (installed) installed.cloudInit = 'done';
}
