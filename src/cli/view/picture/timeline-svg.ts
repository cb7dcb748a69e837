import type { Simulation } from '../../../model/simulation.ts';
import { durationText } from '../../../model/time-text.ts';
import { headline } from '../simulation/headline.ts';
import { offset } from '../simulation/offset.ts';
import { createStyle, wrap } from '../style.ts';
import { shortRevision } from '../time.ts';
import { element, escaped, roomOf } from './element.ts';
import { rowSvg } from './row-svg.ts';
import { type Row, rowsOf } from './rows.ts';
import { type Scale, timeScale } from './scale.ts';
import { STYLE } from './theme.ts';

const WIDTH_PX = 1000;
const MARGIN_PX = 12;
const MOST_LABEL_PX = 220;
const LINE_PX = 17;
const HEADING_PX = 20;

interface Line {
  readonly text: string;
  readonly look: string;
}

/**
 * The timeline of a rehearsal as a picture that stands alone: no script, no font, nothing fetched. It says in words what it shows, follows light and
 * dark surroundings, and the same rehearsal gives the same bytes.
 */
export function timelineSvg(simulation: Simulation): string {
  const { rows, left, quiet } = rowsOf(simulation);
  const labelPx = Math.min(MOST_LABEL_PX, 24 + Math.max(60, ...rows.map((row) => roomOf(row.label, 12))));
  const scale = timeScale(timesOf(simulation, rows), simulation.tookMs, labelPx, WIDTH_PX - labelPx - MARGIN_PX);
  const told = headline(simulation, createStyle(false));
  const lines = wrapped(told[0] ?? '', detailsOf(simulation, left, quiet));
  const parts: string[] = lines.map(({ text, look }, index) =>
    element('text', { x: MARGIN_PX, y: 24 + index * LINE_PX, class: look }, escaped(text)),
  );
  const legendPx = 24 + lines.length * LINE_PX;
  parts.push(legend(legendPx));
  const axisPx = legendPx + 34;
  const body = drawRows(rows, scale, axisPx + 8, labelPx, simulation.tookMs);
  const heightPx = body.bottomPx + MARGIN_PX;
  const title = `Rehearsal of revision ${shortRevision(simulation.revision)}`;
  return `${element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${WIDTH_PX} ${Math.ceil(heightPx)}`,
      width: WIDTH_PX,
      height: Math.ceil(heightPx),
      role: 'img',
      'aria-labelledby': 'title desc',
    },
    `\n${element('title', { id: 'title' }, escaped(title))}`,
    `\n${element('desc', { id: 'desc' }, escaped([...told, ...noticedTexts(simulation)].join(' ')))}`,
    `\n<style>${STYLE}</style>`,
    `\n${element('rect', { width: WIDTH_PX, height: Math.ceil(heightPx), class: 'ground' })}`,
    `\n${[...parts, axis(scale, axisPx, body.bottomPx), ...body.parts, ...breakMarks(scale, axisPx, body.bottomPx)].join('\n')}\n`,
  )}\n`;
}

function timesOf({ activities, blocks }: Simulation, rows: readonly Row[]): readonly number[] {
  const spans = [...activities, ...blocks, ...rows.flatMap((row) => [...row.away, ...row.cordoned])];
  return [
    ...spans.flatMap(({ startMs, endMs }) => (endMs === null ? [startMs] : [startMs, endMs])),
    ...rows.flatMap(({ newAtMs, goneAtMs }) => [newAtMs, goneAtMs].filter((ms) => ms !== null)),
  ];
}

/** What stands below the heading. */
function detailsOf({ faults, peak, blocks }: Simulation, left: number, quiet: number): readonly string[] {
  const { memory, disk } = peak;
  const gib = (mib: number): string => `${Math.round((mib / 1024) * 10) / 10} GiB`;
  const grown =
    disk.grownMiB === 0
      ? 'no disk is added'
      : `new disks may grow to ${gib(disk.grownMiB)} (${gib(disk.freeMiB)} are free)`;
  const standing = blocks.filter((block) => block.endMs === null);
  return [
    ...(faults.length === 0 ? [] : [`Asked to fail: ${faults.join(', ')}.`]),
    ...standing.slice(0, 4).map((block) => `${block.guard} on ${block.target.name}: ${block.reason}`),
    ...(standing.length > 4 ? [`and ${standing.length - 4} more blocks.`] : []),
    `Host at its peak: ${gib(memory.peakMiB)} of ${gib(memory.hostMiB)} of memory promised; ${grown}.`,
    ...(quiet === 0 ? [] : [`Not drawn, as nothing happens to them: ${quiet} ${quiet === 1 ? 'row' : 'rows'}.`]),
    ...(left === 0 ? [] : [`${left} more rows are not drawn; \`kreconcile simulate\` tells them.`]),
  ];
}

function wrapped(heading: string, details: readonly string[]): readonly Line[] {
  const room = (fontPx: number): number => Math.floor((WIDTH_PX - 2 * MARGIN_PX) / (fontPx * 0.62));
  return [
    ...wrap(heading, room(16)).map((text) => ({ text, look: 'h1 text' })),
    ...details.flatMap((detail) => wrap(detail, room(12))).map((text) => ({ text, look: 'p soft' })),
  ];
}

/** For who cannot see the picture. */
function noticedTexts({ availability }: Simulation): readonly string[] {
  const away = availability.filter((entry) => entry.awayMs > 0);
  if (away.length === 0) return ['Nothing that runs is taken away.'];
  const told = away
    .slice(0, 20)
    .map(({ kind, name, awayMs }) => `${kind === 'api' ? `API of ${name}` : name} ${durationText(awayMs)}`);
  return [`Away: ${told.join(', ')}${away.length > 20 ? ` and ${away.length - 20} more` : ''}.`];
}

function legend(topPx: number): string {
  const entries = [
    ['work', 'act'],
    ['disturb', 'act that takes a node away'],
    ['rest', 'waiting'],
    ['fail', '✕ failed, or blocked'],
    ['away', 'away'],
    ['cordon', 'takes no new pods'],
    ['new', '◆ new'],
  ] as const;
  let x = MARGIN_PX;
  const parts = entries.map(([look, text]) => {
    const isStrip = look === 'away' || look === 'cordon';
    const box = { x, y: isStrip ? topPx + 4 : topPx, width: 14, height: isStrip ? 5 : 13, class: look };
    const drawn = `${element('rect', box)}${element('text', { x: x + 19, y: topPx + 10, class: 's soft' }, escaped(text))}`;
    x += 19 + roomOf(text, 10) + 18;
    return drawn;
  });
  return element('g', { 'aria-hidden': 'true' }, ...parts);
}

function axis(scale: Scale, topPx: number, bottomPx: number): string {
  const lines = scale.ticks.map(
    ({ ms, x }) =>
      `${element('line', { x1: x, y1: topPx, x2: x, y2: bottomPx, class: 'line' })}${element('text', { x, y: topPx - 5, class: 's soft', 'text-anchor': ms === 0 ? 'start' : x > WIDTH_PX - 40 ? 'end' : 'middle' }, offset(ms))}`,
  );
  return element(
    'g',
    { 'aria-hidden': 'true' },
    ...lines,
    element('line', { x1: MARGIN_PX, y1: topPx, x2: WIDTH_PX - MARGIN_PX, y2: topPx, class: 'line' }),
  );
}

/** Drawn over everything: here time is left out. */
function breakMarks(scale: Scale, topPx: number, bottomPx: number): readonly string[] {
  return scale.breaks.map(({ x, ms }) =>
    element(
      'g',
      {},
      element('title', {}, escaped(`${durationText(ms)} in which nothing begins or ends`)),
      element('rect', { x: x - 5, y: topPx - 2, width: 10, height: bottomPx - topPx + 2, class: 'ground' }),
      element('line', { x1: x - 5, y1: topPx, x2: x - 5, y2: bottomPx, class: 'line', 'stroke-dasharray': '2 3' }),
      element('line', { x1: x + 5, y1: topPx, x2: x + 5, y2: bottomPx, class: 'line', 'stroke-dasharray': '2 3' }),
      element('text', { x, y: topPx - 5, class: 's soft', 'text-anchor': 'middle' }, escaped(durationText(ms))),
    ),
  );
}

function drawRows(
  rows: readonly Row[],
  scale: Scale,
  topPx: number,
  labelPx: number,
  endMs: number,
): { readonly parts: readonly string[]; readonly bottomPx: number } {
  const parts: string[] = [];
  let y = topPx;
  let group = '';
  for (const row of rows) {
    if (row.group !== group) {
      y += group === '' ? 0 : 6;
      group = row.group;
      parts.push(element('text', { x: MARGIN_PX, y: y + 12, class: 'h2 soft' }, escaped(group)));
      y += HEADING_PX;
    }
    const place = { scale, topPx: y, labelPx, leftPx: labelPx, rightPx: WIDTH_PX - MARGIN_PX, endMs };
    const { svg, heightPx } = rowSvg(row, place);
    parts.push(svg);
    y += heightPx;
  }
  return { parts, bottomPx: y };
}
