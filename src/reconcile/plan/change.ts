import jsonPatch from 'fast-json-patch';
import type { FieldChange } from '../../model/plan.ts';
import type { ChangeClass, ClassifiedChange } from '../../model/report.ts';
import type { AppliedSpec } from '../../model/spec.ts';

/** The one table of classes: path in the applied spec → class. The longest prefix counts. docs/manifest.md shows it. */
export const CHANGE_CLASSES: Readonly<Record<string, ChangeClass>> = {
  '/image': 'recreate',
  '/cpus': 'restart',
  '/memoryMiB': 'restart',
  '/diskMiB': 'refuse',
  '/stateDiskMiB': 'refuse',
  '/cpuMode': 'restart',
  '/firmware': 'recreate',
  '/network/name': 'live',
  '/network/attach': 'restart',
  '/network/addressing': 'recreate',
  '/address': 'recreate',
  '/access': 'recreate',
  '/userDataDigest': 'recreate',
  '/kubernetes': 'refuse',
  '/kubernetes/version': 'in-place',
  '/kubernetes/mirrors': 'live',
  '/kubernetes/registries': 'recreate',
  '/kubernetes/config': 'recreate',
  '/kubernetes/cni': 'recreate',
  '/kubernetes/keepPaths': 'recreate',
};

/** Classes that a grown value has instead: disks grow live, vCPUs up to the maximum of the running definition. */
const GROWS_LIVE = new Set(['/diskMiB', '/stateDiskMiB']);

/**
 * The fields in which desired differs from applied, each with its class. `maxCpus` is the vCPU maximum of the running definition, `null` when
 * the machine is off. A field that the applied spec does not know (an older release wrote it) is no change.
 */
export function classifyChanges(
  applied: AppliedSpec,
  desired: AppliedSpec,
  maxCpus: number | null,
): readonly ClassifiedChange[] {
  return changedFields(applied, desired).map((change) => ({ ...change, class: classOf(change, maxCpus) }));
}

/** Field by field difference; lists and free-form maps (`config`) count as one field. */
export function changedFields(applied: AppliedSpec, desired: AppliedSpec): readonly FieldChange[] {
  return diffAt('', applied, desired).sort((a, b) => (a.path < b.path ? -1 : 1));
}

const WHOLE = new Set(['/kubernetes/config', '/kubernetes/mirrors', '/kubernetes/cni', '/network/addressing']);

function diffAt(path: string, from: unknown, to: unknown): FieldChange[] {
  if (from === undefined) return [];
  if (isPlain(from) && isPlain(to) && !WHOLE.has(path)) {
    return Object.keys(to).flatMap((key) => diffAt(`${path}/${key}`, from[key], to[key]));
  }
  return isSame(from, to) ? [] : [{ path, from, to }];
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSame(from: unknown, to: unknown): boolean {
  if (typeof from !== 'object' || typeof to !== 'object' || from === null || to === null) return from === to;
  return jsonPatch.compare(from, to).length === 0 && Array.isArray(from) === Array.isArray(to);
}

function classOf(change: FieldChange, maxCpus: number | null): ChangeClass {
  const { path, from, to } = change;
  if (typeof from === 'number' && typeof to === 'number' && to > from) {
    if (GROWS_LIVE.has(path)) return 'live';
    if (path === '/cpus' && maxCpus !== null && to <= maxCpus) return 'live';
  }
  if (path === '/stateDiskMiB' && from === null) return 'recreate';
  const prefix = Object.keys(CHANGE_CLASSES)
    .filter((key) => path === key || path.startsWith(`${key}/`))
    .sort((a, b) => b.length - a.length)[0];
  return prefix === undefined ? 'recreate' : (CHANGE_CLASSES[prefix] ?? 'recreate');
}

/** The applied spec with only the changes of the given classes carried over: what may be written into the mark after them. */
export function applyChanges(applied: AppliedSpec, changes: readonly FieldChange[]): AppliedSpec {
  const copy = structuredClone(applied);
  jsonPatch.applyPatch(
    copy,
    changes.map((change) => ({ op: 'replace' as const, path: change.path, value: structuredClone(change.to) })),
  );
  return copy;
}
