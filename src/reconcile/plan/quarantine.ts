import type { DesiredMachine } from '../../model/desired.ts';
import type { Mark, Quarantine } from '../../model/mark.ts';
import type { Draft } from './draft.ts';
import { type Facts, retriedAtMs } from './facts.ts';
import { fallbackOf, quarantinedMark } from './mark.ts';
import { definitionDigest, rootDigest } from './renewal.ts';

/** Writes down that a change has failed, before anything is taken back: it is not tried again until a commit or a person says so. */
export function planQuarantine(
  facts: Facts,
  machine: DesiredMachine,
  mark: Mark,
  digest: string,
  reason: string,
  draft: Draft,
): readonly string[] {
  return draft.step({
    id: `machine/${machine.name}/quarantine`,
    title: `quarantine ${digestName(digest)} on ${machine.name}`,
    reason: `${reason}; it is not tried again until a commit changes it or a person says retry`,
    action: {
      kind: 'write-mark',
      machine: machine.name,
      mark: quarantinedMark(mark, { digest, atMs: facts.nowMs, reason }),
    },
  });
}

/** A digest as people tell it apart: `version v1.36.4`, `image sha256:0123456789ab`. */
export function digestName(digest: string): string {
  const [kind = '', rest = ''] = digest.split(':');
  if (kind === 'version') return `version ${rest}`;
  if (kind === 'definition') return `definition ${rest.slice(0, 12)}`;
  return kind === 'root' ? `first-boot settings ${rest.slice(0, 12)}` : `image ${kind}:${rest.slice(0, 12)}`;
}

/** What the root disk or definition that is on trial now is quarantined as, if it fails. */
export function presentDigest(mark: Mark): string | null {
  const fallback = fallbackOf(mark);
  if (!fallback) return null;
  return mark.isSettling ? definitionDigest(mark.spec) : rootDigest(fallback.spec, mark.spec);
}

/** The quarantine that condemns the root disk or definition that is on trial now: going back has been decided. */
export function condemnation(mark: Mark): Quarantine | null {
  const digest = presentDigest(mark);
  return mark.quarantined.find((entry) => entry.digest === digest) ?? null;
}

/** The version that is being taken back on a node, if one is. */
export function openVersionQuarantine(mark: Mark): (Quarantine & { readonly version: string }) | null {
  for (const entry of mark.quarantined) {
    const version = /^version:(.+)$/.exec(entry.digest)?.[1];
    if (version !== undefined && entry.endedAtMs === undefined && version !== mark.spec.kubernetes?.version)
      return { ...entry, version };
  }
  return null;
}

/** Lifts the quarantines of a machine that stood when a person said `retry`. What is being taken back now is taken back first. */
export function planRetry(
  facts: Facts,
  machine: DesiredMachine,
  mark: Mark,
  needs: readonly string[],
  draft: Draft,
): readonly string[] {
  const saidAtMs = retriedAtMs(facts, machine.object);
  if (saidAtMs === 0 || condemnation(mark) || openVersionQuarantine(mark)) return [];
  const kept = mark.quarantined.filter((entry) => entry.atMs > saidAtMs);
  if (kept.length === mark.quarantined.length) return [];
  const lifted = mark.quarantined.filter((entry) => !kept.includes(entry));
  return draft.step({
    id: `machine/${machine.name}/retry`,
    title: `lift the quarantine of ${lifted.map((entry) => digestName(entry.digest)).join(', ')} on ${machine.name}`,
    reason: 'a person asked for another try',
    needs,
    action: { kind: 'write-mark', machine: machine.name, mark: { ...mark, quarantined: kept } },
  });
}
