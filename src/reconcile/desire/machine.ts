import { DEFAULTS } from '../../model/defaults.ts';
import type { DesiredMachine } from '../../model/desired.ts';
import type { SkipPolicy } from '../../model/guard.ts';
import type { Access, ChangePolicy, MachineClassSpec, MachineManifest, ObjectPolicies } from '../../model/manifest.ts';
import type { ObjectRef } from '../../model/mark.ts';
import { quantityMiB } from '../../model/quantity.ts';
import type { AppliedSpec, KubernetesSpec, NetworkRef } from '../../model/spec.ts';
import { machineMac, machineUuid, stateDiskIdentity, textDigest } from './identity.ts';
import { deadlines, desiredWindow, durationMs, imageRef, type Lookup } from './resolve.ts';
import { skipsOf } from './skips.ts';

/** What every machine is made from, node or plain. */
export interface MachineParts {
  readonly owner: string;
  readonly name: string;
  readonly object: ObjectRef;
  readonly machineClass: MachineClassSpec;
  readonly image: string;
  readonly network: NetworkRef;
  readonly address: string | null;
  readonly access: Access | undefined;
  readonly userData: string | null;
  readonly kubernetes: KubernetesSpec | null;
  readonly stableAddress: boolean;
  readonly needsGuestAgent: boolean;
  readonly policies: ObjectPolicies & { readonly upgrade?: ChangePolicy | undefined };
  readonly skips: SkipPolicy;
}

const NODE_STATE_DISK = '20Gi';
const DEFAULT_KEEP_FOR_MS = 24 * 3_600_000;

/** One machine with its identity and its spec resolved. */
export function desiredMachine(parts: MachineParts, lookup: Lookup): DesiredMachine {
  const uuid = machineUuid(parts.owner, parts.name);
  const spec = machineSpec(parts, lookup);
  return {
    name: parts.name,
    object: parts.object,
    uuid,
    mac: machineMac(uuid),
    spec,
    stateDisk: spec.stateDiskMiB === null ? null : stateDiskIdentity(uuid),
    stableAddress: parts.stableAddress,
    userData: parts.userData,
    needsGuestAgent: parts.needsGuestAgent,
    powerState: parts.policies.powerState ?? 'On',
    suspended: parts.policies.suspend ?? false,
    prune: parts.policies.prune?.mode ?? 'Confirm',
    deletionPolicy: parts.policies.deletionPolicy ?? 'Retain',
    deadlines: deadlines(parts.policies.timeouts),
    strategy: parts.policies.upgrade?.strategy ?? 'Auto',
    keepForMs: durationMs(parts.policies.upgrade?.keepFor, DEFAULT_KEEP_FOR_MS),
    windows: (parts.policies.windows ?? []).map(desiredWindow),
    drift: { mode: parts.policies.drift?.mode ?? DEFAULTS.driftMode, ignore: parts.policies.drift?.ignore ?? [] },
    skips: parts.skips,
  };
}

function machineSpec(parts: MachineParts, lookup: Lookup): AppliedSpec {
  const { machineClass } = parts;
  const stateDisk = machineClass.stateDisk ?? (parts.kubernetes ? NODE_STATE_DISK : undefined);
  return {
    image: imageRef(lookup.image(parts.image)),
    cpus: machineClass.cpus,
    memoryMiB: quantityMiB(machineClass.memory),
    diskMiB: quantityMiB(machineClass.disk),
    stateDiskMiB: stateDisk === undefined ? null : quantityMiB(stateDisk),
    cpuMode: machineClass.cpuMode ?? 'host-passthrough',
    firmware: machineClass.firmware ?? 'bios',
    network: parts.network,
    address: parts.address,
    access: { user: parts.access?.user ?? null, sshAuthorizedKeys: parts.access?.sshAuthorizedKeys ?? [] },
    userDataDigest: parts.userData === null ? null : textDigest(parts.userData),
    kubernetes: parts.kubernetes,
  };
}

/** A Machine document as a machine. */
export function plainMachine(owner: string, manifest: MachineManifest, lookup: Lookup): DesiredMachine {
  const { spec, metadata } = manifest;
  const network = lookup.network(spec.network ?? 'default');
  return desiredMachine(
    {
      owner,
      name: metadata.name,
      object: { kind: 'Machine', name: metadata.name },
      machineClass: lookup.get('MachineClass', spec.machineClass).spec,
      image: spec.image,
      network,
      address: spec.address ?? null,
      access: spec.access,
      userData: spec.userData ?? null,
      kubernetes: null,
      stableAddress: spec.address !== undefined || network.addressing !== null,
      needsGuestAgent: spec.guestAgent ?? true,
      policies: spec,
      skips: skipsOf(manifest, lookup),
    },
    lookup,
  );
}
