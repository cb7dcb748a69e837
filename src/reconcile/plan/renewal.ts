import { createHash } from 'node:crypto';
import type { DesiredMachine } from '../../model/desired.ts';
import { type Mark, objectKey } from '../../model/mark.ts';
import type { FieldChange } from '../../model/plan.ts';
import type { ClassifiedChange } from '../../model/report.ts';
import type { AppliedSpec } from '../../model/spec.ts';
import { applyChanges } from './change.ts';
import type { BlockInit, Draft } from './draft.ts';
import { changesOf, type Facts, isConfirmed } from './facts.ts';
import type { Beginning } from './gate.ts';

/** A change that takes a machine down: another definition (`restart`), or a new root disk (`recreate`), which covers a restart too. */
export interface Renewal {
  readonly what: 'recreate' | 'restart';
  /** The fields that force it, and those that it covers beside. */
  readonly fields: readonly FieldChange[];
  /** What it would be quarantined as. */
  readonly digest: string;
  /** What is applied afterwards: all that is desired, with the Kubernetes version that ran before. */
  readonly spec: AppliedSpec;
  /** Why the node gets a new root disk although nothing changed: remediation has decided it. Absent: a commit asks for it. */
  readonly remedies?: string;
}

/** What a machine's pending changes take, or `null` where none of them takes the machine down. Nothing is begun while a field may never change. */
export function renewalOf(facts: Facts, machine: DesiredMachine, mark: Mark): Renewal | null {
  const changes = changesOf(facts, machine.name);
  const forcing = changes.filter((change) => change.class === 'recreate' || change.class === 'restart');
  if (forcing.length === 0 || changes.some((change) => change.class === 'refuse')) return null;
  const what = forcing.some((change) => change.class === 'recreate') ? 'recreate' : 'restart';
  const covered = changes.filter((change) => change.class !== 'in-place');
  const spec = withNewFields(applyChanges(mark.spec, covered), machine.spec);
  const digest = what === 'restart' ? definitionDigest(spec) : rootDigest(mark.spec, spec);
  return { what, fields: forcing.map(plainChange), digest, spec };
}

/** An applied spec with the fields that an older release did not know, as they are desired now. */
export function withNewFields(spec: AppliedSpec, desired: AppliedSpec): AppliedSpec {
  const kubernetes =
    desired.kubernetes && spec.kubernetes ? { ...desired.kubernetes, ...spec.kubernetes } : spec.kubernetes;
  return { ...desired, ...spec, kubernetes };
}

/** What a change from one spec to another is quarantined as: the image where that is another, else all that first boot is made of. */
export function rootDigest(from: AppliedSpec, to: AppliedSpec): string {
  if (from.image.digest !== to.image.digest) return to.image.digest;
  const { kubernetes, cpus: _cpus, diskMiB: _disk, stateDiskMiB: _state, ...root } = to;
  const { version: _version, ...settings } = kubernetes ?? { version: '' };
  return `root:${createHash('sha256')
    .update(JSON.stringify(inOrder({ root, settings })))
    .digest('hex')}`;
}

/** What a definition is quarantined as: all that takes a restart when it changes. */
export function definitionDigest({ cpus, memoryMiB, cpuMode, network }: AppliedSpec): string {
  const hash = createHash('sha256').update(
    JSON.stringify(inOrder({ cpus, memoryMiB, cpuMode, attach: network.attach })),
  );
  return `definition:${hash.digest('hex')}`;
}

/** The order of keys says nothing: a mark may have been written in another. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, inOrder(inner)]));
}

export function plainChange({ path, from, to }: ClassifiedChange): FieldChange {
  return { path, from, to };
}

/** Whether the manifest and a person allow it at all; adds the block. The gate judges the moment. */
export function isRenewalAllowed(
  facts: Facts,
  machine: DesiredMachine,
  mark: Mark,
  renewal: Renewal,
  draft: Draft,
): boolean {
  const refusal = refusalOf(facts, machine, mark, renewal);
  if (refusal) draft.block(refusal);
  return refusal === null;
}

/** What the manifest, or a person who was not asked yet, has against it; `null`: nothing. */
export function refusalOf(facts: Facts, machine: DesiredMachine, mark: Mark, renewal: Renewal): BlockInit | null {
  // A remedy was judged when it was decided.
  if (renewal.what === 'restart' || renewal.remedies !== undefined) return null;
  const forced = renewal.fields.map((field) => field.path).join(', ');
  if (machine.strategy === 'InPlaceOnly') {
    return {
      guard: 'RecreateNeeded',
      changes: renewal.fields,
      reason: `${forced} changed, which takes a new root disk, and spec.upgrade.strategy is InPlaceOnly`,
      wayOut:
        'Take the change back, or set spec.upgrade.strategy to Auto; the state disk is kept when the root disk is replaced.',
    };
  }
  if (mark.spec.stateDiskMiB !== null) return null;
  if (isConfirmed(facts, machine.object, 'recreate')) return null;
  return {
    guard: 'RecreateConfirm',
    changes: renewal.fields,
    reason: `${forced} changed, which takes a new root disk, and ${machine.name} has no state disk: all that was written in it is left behind`,
    wayOut: `kreconcile confirm ${objectKey(machine.object)}, or take the change back; the old root disk is kept for a while`,
  };
}

/** Whether what failed and was taken back is asked for again. */
export function isQuarantined(mark: Mark, digest: string): boolean {
  return mark.quarantined.some((entry) => entry.digest === digest);
}

/** How the gate is asked about it. */
export function beginningOf(
  facts: Facts,
  machine: DesiredMachine,
  renewal: Renewal,
  needs: readonly string[],
): Beginning {
  const cluster = machine.object.kind === 'Cluster' ? (facts.clusters.get(machine.object.name) ?? null) : null;
  return { object: machine.object, cluster, machine, what: renewal.what, digest: renewal.digest, needs };
}
