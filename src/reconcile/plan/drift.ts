import jsonPatch from 'fast-json-patch';
import type { DesiredMachine } from '../../model/desired.ts';
import { DRIFT_FIELDS, type DriftEnd, type DriftEntry, type DriftField, type MachineDrift } from '../../model/drift.ts';
import type { Mark } from '../../model/mark.ts';
import type { Domain, DomainShape } from '../../model/observed.ts';
import type { PatchOperation } from '../../model/report.ts';

type Fields = Readonly<Partial<Record<DriftField, unknown>>>;

/** Where a machine's definitions, the one in force and that of the next boot, are not what was applied; `null`: nowhere. */
export function driftOf(machine: DesiredMachine, domain: Domain, mark: Mark): MachineDrift | null {
  const next = sideOf(machine, domain, mark, 'next', domain.next);
  const live = domain.live ? sideOf(machine, domain, mark, 'live', domain.live) : [];
  const entries = [...live, ...next];
  if (entries.length === 0) return null;
  return {
    machine: machine.name,
    object: machine.object,
    mode: machine.drift.mode,
    ignore: machine.drift.ignore,
    entries,
    live: patchOf(live),
    next: patchOf(next),
  };
}

function sideOf(
  machine: DesiredMachine,
  domain: Domain,
  mark: Mark,
  where: DriftEntry['where'],
  shape: DomainShape,
): readonly DriftEntry[] {
  const applied = appliedFields(machine, mark, where);
  const observed = observedFields(machine, domain, where, shape);
  return DRIFT_FIELDS.filter((field) => field in applied && !isSame(applied[field], observed[field])).map((field) => ({
    where,
    field,
    applied: applied[field],
    observed: observed[field],
    end: endOf(machine, mark, where, field, shape),
    isIgnored: machine.drift.mode === 'ignore' || machine.drift.ignore.includes(field),
  }));
}

function appliedFields(machine: DesiredMachine, { spec }: Mark, where: DriftEntry['where']): Fields {
  const fields: Fields = {
    '/addedDisks': [],
    '/addedInterfaces': [],
    '/cpus': spec.cpus,
    '/memoryMiB': spec.memoryMiB,
    '/network/attach': spec.network.attach,
  };
  return where === 'live' ? fields : { ...fields, '/autostart': machine.powerState === 'On', '/persistent': true };
}

function observedFields(
  machine: DesiredMachine,
  domain: Domain,
  where: DriftEntry['where'],
  shape: DomainShape,
): Fields {
  const isOwn = ({ mac }: DomainShape['interfaces'][number]) => mac.toLowerCase() === machine.mac;
  const own = shape.interfaces.find(isOwn);
  const fields: Fields = {
    '/addedDisks': shape.disks.flatMap(({ path }) => (path === '' || path.includes(`/${machine.name}/`) ? [] : [path])),
    '/addedInterfaces': shape.interfaces.filter((entry) => !isOwn(entry)),
    '/cpus': shape.cpus,
    '/memoryMiB': shape.memoryMiB,
    '/network/attach': own ? { kind: own.kind, name: own.source } : null,
  };
  if (where === 'live') return fields;
  return { ...fields, '/autostart': domain.autostart, '/persistent': domain.persistent };
}

/** The definition of the next boot can be written at any time; what runs only takes more vCPUs. What somebody added may hold data. */
function endOf(
  machine: DesiredMachine,
  mark: Mark,
  where: DriftEntry['where'],
  field: DriftField,
  shape: DomainShape,
): DriftEnd {
  if (machine.drift.mode !== 'correct' || field === '/addedDisks' || field === '/addedInterfaces') return 'person';
  if (where === 'next') return 'now';
  const canRaise = shape.cpus < mark.spec.cpus && mark.spec.cpus <= shape.maxCpus;
  return field === '/cpus' && canRaise ? 'now' : 'restart';
}

function patchOf(entries: readonly DriftEntry[]): readonly PatchOperation[] {
  return entries.flatMap(({ field, applied, observed, isIgnored }): PatchOperation[] => {
    if (isIgnored) return [];
    if (!Array.isArray(applied) || !Array.isArray(observed))
      return [{ op: 'replace' as const, path: field, value: applied }];
    return jsonPatch
      .compare(observed, applied)
      .flatMap(({ op, path }) => (op === 'remove' ? [{ op, path: `${field}${path}` }] : []));
  });
}

function isSame(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  return jsonPatch.compare(a, b).length === 0;
}
