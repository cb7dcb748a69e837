import type { Desired } from '../../model/desired.ts';
import type { GuestNode, GuestStatus } from '../../model/guest-status.ts';
import type { Mark } from '../../model/mark.ts';
import type { Domain, Observed } from '../../model/observed.ts';
import type { Outcome, Plan } from '../../model/plan.ts';
import type { SourceStatus, Status } from '../../model/status.ts';

/** A guest that has been silent for longer is not known to be well. The planner knows the same limit. */
const freshReadingMs = 60_000;

/** What a status is made of. */
export interface StatusInput {
  /** The status before, for since when things are as they are. */
  readonly previous: Status | null;
  readonly host: string;
  readonly nowMs: number;
  readonly source: SourceStatus;
  /** `null`, all three, before the first valid revision. */
  readonly desired: Desired | null;
  readonly observed: Observed | null;
  readonly plan: Plan | null;
  readonly outcomes: readonly Outcome[];
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** Where a cluster's kubeconfig lies in the drop directory. */
  readonly kubeconfigPath: (cluster: string) => string;
}

/** The input of one that has a world to speak of. */
export interface Scene extends StatusInput {
  readonly desired: Desired;
  readonly observed: Observed;
  readonly plan: Plan;
}

/** `null` where the hypervisor could not be read. */
export function domainsOf(scene: Scene): readonly Domain[] | null {
  const { inventory } = scene.observed;
  return inventory.known ? inventory.value.domains : null;
}

/** The mark of a domain that is ours, else `null`. */
export function ownMark(scene: Scene, domain: Domain | undefined): Mark | null {
  const mark = domain?.mark;
  return mark && mark !== 'unreadable' && mark.owner === scene.desired.owner ? mark : null;
}

/** What a guest said last, however long ago. */
export function lastWord(scene: Scene, machine: string): GuestStatus | null {
  const reading = scene.observed.guests[machine];
  return reading?.known ? reading.value : null;
}

/** What a guest said lately; `null` is unknown. */
export function freshWord(scene: Scene, machine: string): GuestStatus | null {
  const reading = scene.observed.guests[machine];
  return reading?.known && scene.nowMs - reading.atMs <= freshReadingMs ? reading.value : null;
}

/** The node of a machine as the first control plane whose API server answers reports it, with the name that Kubernetes has for it. */
export function nodeOf(scene: Scene, cluster: string, machine: string): GuestNode | null {
  const controlPlanes = scene.desired.clusters.find(({ name }) => name === cluster)?.controlPlanes ?? [];
  const words = controlPlanes.map((name) => freshWord(scene, name));
  const word = words.find((entry) => entry?.kubernetes?.apiReady === true) ?? words[0];
  return word?.kubernetes?.nodes.find(({ name }) => name === machine) ?? null;
}
