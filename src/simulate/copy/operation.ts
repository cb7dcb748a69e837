import type { GuestOperation, GuestStatus } from '../../model/guest-status.ts';
import type { GuestVerb } from '../../model/plan.ts';
import { operationPrefix } from '../../reconcile/plan/operation.ts';
import type { Durations } from '../../sim/durations.ts';
import { schedule } from '../../sim/events.ts';
import { nextToken } from '../../sim/identity.ts';
import { programDigest } from '../../sim/seed-facts.ts';
import type { InstalledRoot, SimDomain, SimOperation } from '../../sim/state.ts';
import { standInBackup } from './backup.ts';
import type { CopyScene, OwnMachine } from './source.ts';

/** What is as good as over is still given a moment. */
const leastLeftMs = 1_000;
const assumedMs = 60_000;

/** The operations that a guest remembers. One that runs goes on to its end, by what is left of its usual time. */
export function copyOperations(
  scene: CopyScene,
  machine: OwnMachine,
  domain: SimDomain,
  installed: InstalledRoot,
  status: GuestStatus,
): void {
  const { world, nowMs } = scene;
  for (const operation of status.operations) {
    const copy: SimOperation = { ...operation, input: {} };
    if (operation.state === 'running') {
      installed.operations.push({ ...copy, input: inputOf(scene, machine, operation) });
      const usualMs = world.durations[operation.verb as keyof Durations] ?? assumedMs;
      // The guest's clock may be wrong: what is left is between a moment and all of it.
      const leftMs = Math.min(usualMs, Math.max(leastLeftMs, operation.startedAtMs + usualMs - nowMs));
      schedule(world, { atMs: nowMs + leftMs, kind: 'operation', of: domain.uuid, about: operation.id });
    } else if (operation.verb === 'backup' && operation.state === 'succeeded') {
      installed.operations.push(withStandIn(scene, machine, copy, installed));
    } else installed.operations.push(copy);
  }
}

/** The bytes of a real backup stay where they are; the copy holds others, and tells of those. */
function withStandIn(
  { world }: CopyScene,
  { mark }: OwnMachine,
  operation: SimOperation,
  installed: InstalledRoot,
): SimOperation {
  const version = installed.kubernetes ?? mark.spec.kubernetes?.version ?? '';
  const text = standInBackup(world, { cluster: mark.object.name, version });
  installed.backups[operation.id] = text;
  const sha256 = programDigest(text).slice('sha256:'.length);
  return { ...operation, result: { ...operation.result, sha256, size: String(Buffer.byteLength(text)) } };
}

/** A guest does not tell what an operation was given; its id tells which of the possible subjects it is about. */
function inputOf(
  scene: CopyScene,
  machine: OwnMachine,
  { id, verb }: GuestOperation,
): Readonly<Record<string, string>> {
  const { mark, wanted, name } = machine;
  if (verb === 'join') return { token: mintToken(scene, mark.object.name) };
  const versions = [wanted, mark]
    .map((entry) => entry?.spec.kubernetes?.version)
    .concat(machine.status?.kubernetes?.staged ?? [])
    .filter((version) => version !== undefined);
  const isAbout = (subject: string): boolean => id.startsWith(operationPrefix(verb as GuestVerb, subject));
  const version = versions.find(isAbout) ?? versions[0] ?? '';
  if (verb !== 'drain') return { version, from: mark.spec.kubernetes?.version ?? '' };
  const node = scene.desired.machines.find((entry) => versions.some((found) => isAbout(`${entry.name}/${found}`)));
  return { node: node?.name ?? name };
}

function mintToken({ world, nowMs }: CopyScene, cluster: string): string {
  const token = nextToken(world);
  const found = Object.values(world.clusters).find((entry) => entry.name === cluster);
  found?.tokens.push({ token, expiresAtMs: nowMs + world.durations.tokenLife });
  return token;
}
