import jsonPatch from 'fast-json-patch';
import type { Mark } from '../../model/mark.ts';
import type { FieldChange } from '../../model/plan.ts';
import type { ChangeClass, ClassifiedChange } from '../../model/report.ts';
import type { AppliedSpec } from '../../model/spec.ts';
import { wasNeverProven } from './mark.ts';

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
  // kubeadm's: an upgrade brings today's along, and the other two are read once, when a node is made.
  '/kubernetes/config/UpgradeConfiguration': 'live',
  '/kubernetes/config/InitConfiguration': 'live',
  '/kubernetes/config/JoinConfiguration': 'live',
  '/kubernetes/cni': 'recreate',
  '/kubernetes/keepPaths': 'recreate',
};

/** Classes that a grown value has instead: disks grow live, vCPUs up to the maximum of the running definition. */
const GROWS_LIVE = new Set(['/diskMiB', '/stateDiskMiB']);

/** What only the making of a node reads: one that was never proven may need the other value to come about at all. */
const MAKES_NODE = new Set(['/kubernetes/config/InitConfiguration', '/kubernetes/config/JoinConfiguration']);

/**
 * The fields in which desired differs from what the mark says is applied, each with its class. `maxCpus` is the vCPU maximum of the running
 * definition, `null` when the machine is off. A field that the applied spec does not know (an older release wrote it) is no change.
 */
export function classifyChanges(mark: Mark, desired: AppliedSpec, maxCpus: number | null): readonly ClassifiedChange[] {
  const isNew = wasNeverProven(mark);
  return changedFields(mark.spec, desired).map((change) => ({
    ...change,
    class: isNew && MAKES_NODE.has(change.path) ? 'recreate' : classOf(change, maxCpus),
  }));
}

/** Field by field difference. Lists and some maps count as one field; of `config` each key is one, which may be absent on either side. */
export function changedFields(applied: AppliedSpec, desired: AppliedSpec): readonly FieldChange[] {
  return diffAt('', applied, desired).sort((a, b) => (a.path < b.path ? -1 : 1));
}

const WHOLE = new Set(['/kubernetes/mirrors', '/kubernetes/cni', '/network/addressing']);

/** Maps whose keys the manifests choose: one that only one side has is a change. */
const FREE = new Set(['/kubernetes/config']);

function diffAt(path: string, from: unknown, to: unknown): FieldChange[] {
  if (from === undefined) return [];
  if (isPlain(from) && isPlain(to) && FREE.has(path)) return diffKeys(path, from, to);
  if (isPlain(from) && isPlain(to) && !WHOLE.has(path)) {
    return Object.keys(to).flatMap((key) => diffAt(`${path}/${key}`, from[key], to[key]));
  }
  return isSame(from, to) ? [] : [{ path, from, to }];
}

function diffKeys(path: string, from: Record<string, unknown>, to: Record<string, unknown>): FieldChange[] {
  return [...new Set([...Object.keys(from), ...Object.keys(to)])].flatMap((key) => {
    const at = `${path}/${jsonPatch.escapePathComponent(key)}`;
    return isSame(from[key], to[key]) ? [] : [{ path: at, from: from[key], to: to[key] }];
  });
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
  if (changes.length === 0) return applied;
  const copy = structuredClone(applied);
  jsonPatch.applyPatch(
    copy,
    changes.map(({ path, to }) =>
      to === undefined ? { op: 'remove' as const, path } : { op: 'replace' as const, path, value: structuredClone(to) },
    ),
  );
  return copy;
}
