import type { Availability, HostPeak, SimulatedBlock, Simulation, UsedDuration } from '../../../model/simulation.ts';
import { durationText } from '../../../model/time-text.ts';
import { plain, type Style, wrap } from '../style.ts';
import { table } from '../table.ts';
import { clockTime } from '../time.ts';
import { type AlikeActivities, activitiesByObject } from './alike.ts';
import { headline } from './headline.ts';
import { offset } from './offset.ts';

export interface SimulationViewOptions {
  readonly style: Style;
  readonly columns: number;
}

/** What the simulated world calls otherwise than people do. */
const NAMES: Readonly<Record<string, string>> = {
  cloudInit: 'cloud-init',
  apiStart: 'start of an API server',
  nodeReady: 'node ready after its kubelet',
  nodeLost: 'node lost after its last heartbeat',
  imageDownload: 'image download',
  copyState: 'copy of a state disk',
};

/** A rehearsal as a colleague would tell it: how it ends, what users notice, what happens when, what forbids the rest, what the host needs, and on what that rests. */
export function simulationText(simulation: Simulation, options: SimulationViewOptions): string {
  const { style } = options;
  const { copiedAtMs, faults, activities, availability, blocks, peak, durations, assumptions } = simulation;
  const copied = `Rehearsed in a copy of this host, as it was at ${clockTime(copiedAtMs, copiedAtMs)}. Nothing was touched.`;
  const sections = [
    [
      ...headline(simulation, style),
      style.dim(copied),
      ...faults.map((fault) => style.warn(`Asked to fail: ${plain(fault)}`)),
    ],
    activities.length === 0 ? [] : noticed(availability, simulation.tookMs, style),
    ...activitiesByObject(activities).map(([object, own]) => timeline(object, own, style)),
    blocks.flatMap((block) => blockLines(block, options)),
    activities.length === 0 ? [] : hostLines(peak, style),
    activities.length === 0 ? [] : basisLines(durations, assumptions, options),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function noticed(availability: readonly Availability[], tookMs: number, style: Style): readonly string[] {
  const rows = availability.flatMap((entry) => noticedRow(entry, tookMs, style));
  const quiet = availability.filter((entry) => noticedRow(entry, tookMs, style).length === 0).map(nameOf);
  if (rows.length === 0) return [style.bold('Nobody who uses a running machine is disturbed.')];
  const rest = quiet.length === 0 ? [] : [style.dim(`  Not disturbed: ${few(quiet)}`)];
  return [style.bold('What users notice'), ...table(rows).map((line) => `  ${line}`), ...rest];
}

function noticedRow(entry: Availability, tookMs: number, style: Style): readonly (readonly string[])[] {
  const { sinceMs, goneMs, away, cordoned, awayMs, longestAwayMs } = entry;
  const parts: string[] = [];
  if (sinceMs === null) parts.push(style.bad(entry.kind === 'api' ? 'never answers' : 'never comes up'));
  else if (sinceMs > 0) parts.push(style.good(`new, there at ${offset(sinceMs)}`));
  const [first] = away;
  if (first) {
    const often =
      away.length === 1
        ? `once, at ${offset(first.startMs)}`
        : `${away.length} times, longest ${durationText(longestAwayMs)}, first at ${offset(first.startMs)}`;
    const isAwayStill = away.some((span) => span.endMs === null) && goneMs === null;
    parts.push(
      style.warn(`away for ${durationText(awayMs)} (${often})${isAwayStill ? ', still away at the end' : ''}`),
    );
  }
  const cordonedMs = cordoned.reduce((sum, span) => sum + (span.endMs ?? tookMs) - span.startMs, 0);
  if (cordonedMs > 0) parts.push(`takes no new pods for ${durationText(cordonedMs)}`);
  if (goneMs !== null) parts.push(style.warn(`deleted at ${offset(goneMs)}`));
  return parts.length === 0 ? [] : [[nameOf(entry), parts.join('; ')]];
}

function nameOf({ kind, name }: Availability): string {
  return kind === 'api' ? `API of ${plain(name)}` : plain(name);
}

function few(names: readonly string[]): string {
  return names.length <= 8 ? names.join(', ') : `${names.slice(0, 7).join(', ')} and ${names.length - 7} more`;
}

function timeline(object: string, activities: readonly AlikeActivities[], style: Style): readonly string[] {
  const rows = activities.map(({ first, more }) => {
    const { startMs, endMs, kind, title, outcome, detail, disruptive, destructive } = first;
    const tookMs = endMs === null ? null : endMs - startMs;
    const took = tookMs === null ? 'open' : tookMs < 500 ? '' : durationText(Math.round(tookMs / 1000) * 1000);
    const text = `${plain(title)}${more === 0 ? '' : `, and ${more} more alike`}`;
    const marks = [
      ...(destructive ? ['replaces or deletes a disk'] : []),
      ...(disruptive ? ['takes the node away'] : []),
    ];
    const mark = marks.length === 0 ? '' : ` ${style.warn(`[${marks.join(', ')}]`)}`;
    const why = detail === '' ? '' : `, ${plain(detail)}`;
    const fate = outcome === 'done' ? '' : `: ${style.bad(`${outcome === 'failed' ? 'failed' : 'not over'}${why}`)}`;
    return [
      style.dim(offset(startMs)),
      style.dim(took),
      `${kind === 'wait' ? style.dim(`until ${text}`) : text}${mark}${fate}`,
    ];
  });
  return [style.bold(plain(object)), ...table(rows).map((line) => `  ${line}`)];
}

function blockLines(block: SimulatedBlock, { style, columns }: SimulationViewOptions): readonly string[] {
  const { guard, target, reason, wayOut, startMs, endMs } = block;
  const when = endMs === null ? `from ${offset(startMs)} on` : `from ${offset(startMs)} to ${offset(endMs)}`;
  const told = wrap(`${target.kind}/${plain(target.name)}, ${when}: ${plain(reason)}`, columns - 2);
  const out = wrap(`way out: ${plain(wayOut)}`, columns - 4);
  return [
    `${style.bad('Blocked')} by ${style.bold(guard)}`,
    ...told.map((line) => `  ${line}`),
    ...out.map((line) => `    ${line}`),
  ];
}

function hostLines({ memory, disk }: HostPeak, style: Style): readonly string[] {
  const share = Math.round((100 * memory.peakMiB) / Math.max(1, memory.hostMiB));
  const rise = memory.peakMiB > memory.startMiB ? ` (${gib(memory.startMiB)} now, most at ${offset(memory.atMs)})` : '';
  const growth =
    disk.grownMiB === 0
      ? 'no disk is added'
      : `new disks may grow to ${gib(disk.grownMiB)} (most at ${offset(disk.atMs)})`;
  return [
    style.bold('What the host needs'),
    `  memory  ${gib(memory.peakMiB)} of ${gib(memory.hostMiB)} promised at the peak, ${share} %${rise}`,
    `  disk    ${growth}; ${gib(disk.freeMiB)} are free`,
  ];
}

function gib(mib: number): string {
  return mib < 1024 ? `${mib} MiB` : `${Math.round((mib / 1024) * 10) / 10} GiB`;
}

function basisLines(
  durations: readonly UsedDuration[],
  assumptions: readonly string[],
  { style, columns }: SimulationViewOptions,
): readonly string[] {
  const told = (from: UsedDuration['from']): readonly string[] =>
    durations
      .filter((entry) => entry.from === from)
      .map(
        ({ what, ms, samples }) =>
          `${NAMES[what] ?? what} ${durationText(ms)}${from === 'history' ? ` (of ${samples})` : ''}`,
      );
  const own = told('history');
  const lines = [
    ...(own.length === 0
      ? ['Nothing was measured on this host yet.']
      : [`Measured on this host, medians: ${own.join(', ')}.`]),
    `Assumed: ${told('default').join(', ')}.`,
    ...assumptions.map(plain),
  ];
  return [
    style.bold('What this rests on'),
    ...lines.flatMap((line) => wrap(line, columns - 2).map((part) => style.dim(`  ${part}`))),
  ];
}
