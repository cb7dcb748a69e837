import type { DriftEntry, DriftField, MachineDrift } from '../../model/drift.ts';
import { objectKey } from '../../model/mark.ts';
import { plain, type Style } from './style.ts';

const ENDS: Readonly<Record<DriftEntry['end'], string>> = {
  now: 'kreconcile takes it back',
  restart: 'only a restart takes it back, and kreconcile does not restart for it',
  person: 'kreconcile leaves it',
};

/**
 * What somebody changed, by machine: each difference and who takes it back, the patches, and what to write to leave it alone. `correctionOf` says what
 * a correction of a machine waits for.
 */
export function driftText(
  drift: readonly MachineDrift[],
  style: Style,
  correctionOf: (machine: string) => string = () => '',
): string {
  if (drift.length === 0) return `${style.good('No drift')}: every machine is as it was applied.\n`;
  const lines = drift.flatMap((found) => [...machineLines(found, style, correctionOf(found.machine)), '']);
  return `${[...lines, ...ignoreLines(drift, style)].join('\n').trimEnd()}\n`;
}

function machineLines(
  { machine, object, mode, entries, live, next }: MachineDrift,
  style: Style,
  correction: string,
): readonly string[] {
  const patches = [
    { where: 'live', patch: live },
    { where: 'next', patch: next },
  ].filter(({ patch }) => patch.length > 0);
  return [
    `${style.bold(machine)} (${objectKey(object)}, drift.mode ${mode})`,
    ...entries.map((entry) => `  ${entryText(entry, style, correction)}`),
    ...patches.map(({ where, patch }) => `  ${style.dim(`back, ${where}: ${plain(JSON.stringify(patch))}`)}`),
  ];
}

function entryText(
  { where, field, observed, applied, end, isIgnored }: DriftEntry,
  style: Style,
  correction: string,
): string {
  const when = where === 'live' ? 'now' : 'at the next boot';
  const found = `${field} is ${valueText(observed)} ${when}, applied is ${valueText(applied)}`;
  return isIgnored
    ? style.dim(`${found}; ignored`)
    : `${found}; ${end === 'now' ? `${ENDS.now}${correction}` : style.warn(ENDS[end])}`;
}

function valueText(value: unknown): string {
  return plain(JSON.stringify(value) ?? 'none');
}

/** A block for each object, ready to be put into its spec. */
function ignoreLines(drift: readonly MachineDrift[], style: Style): readonly string[] {
  const fields = new Map<string, Set<DriftField>>();
  const modes = new Map<string, string>();
  for (const { object, entries, ignore, mode } of drift) {
    const open = entries.filter((entry) => !entry.isIgnored).map(({ field }) => field);
    if (open.length === 0) continue;
    const key = objectKey(object);
    fields.set(key, new Set([...(fields.get(key) ?? []), ...ignore, ...open]));
    modes.set(key, mode);
  }
  return [...fields].flatMap(([key, list]) => [
    style.dim(`# to leave it as it is: into the spec of ${key}`),
    'drift:',
    `  mode: ${modes.get(key)}`,
    `  ignore: [${[...list].sort().join(', ')}]`,
    '',
  ]);
}
