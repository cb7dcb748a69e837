import type { Activity, Span } from '../../../model/simulation.ts';
import { durationText } from '../../../model/time-text.ts';
import { offset } from '../simulation/offset.ts';

import { element, escaped, fitted, roomOf } from './element.ts';
import type { Row } from './rows.ts';
import type { Scale } from './scale.ts';

const LANE_PX = 15;
const BAR_PX = 13;
const STRIP_PX = 5;
const PAD_PX = 4;
const LEAST_PX = 2;
const MARK_PX = 5;
const LABEL_FONT_PX = 12;
const BAR_FONT_PX = 10;
const STRIP_FONT_PX = 8;
const MOST_LANES = 3;

/** Where a row is drawn. `endMs`: of the whole, to which open spans reach. */
export interface RowPlace {
  readonly scale: Scale;
  readonly topPx: number;
  readonly labelPx: number;
  readonly leftPx: number;
  readonly rightPx: number;
  readonly endMs: number;
}

/** A row and its height: acts and waits in lanes, below them what its users notice. */
export function rowSvg(row: Row, place: RowPlace): { readonly svg: string; readonly heightPx: number } {
  const long = row.activities.filter((activity) => !isMoment(activity, place));
  const moments = row.activities.filter((activity) => isMoment(activity, place));
  const lanes = lanesOf(long, place);
  const laneCount = Math.max(row.activities.length === 0 ? 0 : 1, ...lanes.map((lane) => lane + 1));
  const hasStrip = row.away.length + row.cordoned.length > 0 || row.newAtMs !== null || row.goneAtMs !== null;
  const stripTopPx = place.topPx + (laneCount === 0 ? 4 : laneCount * LANE_PX + 2);
  const bottomPx = Math.max(
    place.topPx + LANE_PX,
    hasStrip ? stripTopPx + STRIP_PX + 2 : 0,
    place.topPx + laneCount * LANE_PX,
  );
  const label = fitted(row.label, place.labelPx - 12, LABEL_FONT_PX);
  const parts = [
    element(
      'text',
      { x: 12, y: place.topPx + 11, class: 'p text' },
      element('title', {}, escaped(row.label)),
      escaped(label),
    ),
    ...long.map((activity, index) => bar(row, activity, place.topPx + (lanes[index] ?? 0) * LANE_PX, place)),
    ...moments.map((activity) => moment(activity, place)),
    ...row.cordoned.map((span) => strip(span, 'cordon', 'takes no new pods', stripTopPx, place)),
    ...row.away.map((span) => strip(span, 'away', 'away', stripTopPx, place)),
    ...awayTexts(row, stripTopPx, place),
    ...row.blocks.map((block) => blockMark(`${block.guard}: ${block.reason}`, block, place)),
    ...momentMarks(row, stripTopPx, place),
  ];
  return { svg: parts.join('\n'), heightPx: bottomPx - place.topPx + PAD_PX };
}

/** Shorter than can be drawn. */
function isMoment({ startMs, endMs, outcome }: Activity, { scale }: RowPlace): boolean {
  return outcome !== 'open' && scale.x(endMs ?? startMs) - scale.x(startMs) < LEAST_PX;
}

/** The first lane in which each has room; what does not fit into the last one is drawn over it. */
function lanesOf(activities: readonly Activity[], { scale, endMs }: RowPlace): readonly number[] {
  const taken: number[] = [];
  return activities.map(({ startMs, endMs: ends }) => {
    const from = scale.x(startMs);
    const free = taken.findIndex((until) => until <= from + 0.5);
    const lane = free >= 0 ? free : Math.min(taken.length, MOST_LANES - 1);
    taken[lane] = scale.x(ends ?? endMs);
    return lane;
  });
}

/** An act that is over at once: a stroke over the row's first lane. */
function moment(activity: Activity, { scale, topPx, rightPx }: RowPlace): string {
  const { title, startMs, outcome, detail } = activity;
  const told = `${title} (at ${offset(startMs)}${outcome === 'failed' ? `; failed: ${detail}` : ''})`;
  const x = Math.min(scale.x(startMs), rightPx - LEAST_PX);
  const shape = {
    x: x - 0.5,
    y: topPx - 1,
    width: LEAST_PX + 1,
    height: BAR_PX + 2,
    class: `${lookOf(activity)} edge`,
  };
  return element('rect', shape, element('title', {}, escaped(told)));
}

/** What a bar of this row says: its row's name need not be repeated. */
function shortTitle({ label }: Row, { title, target }: Activity): string {
  const name = target.name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const short = title.replace(new RegExp(`(?: (?:of|on|in))? ${name}(?![\\w-])|^${name} `), '');
  return label.includes(target.name) && short !== '' ? short : title;
}

function bar(row: Row, activity: Activity, topPx: number, { scale, endMs, rightPx }: RowPlace): string {
  const { startMs, endMs: ends, outcome, title, detail } = activity;
  const from = Math.min(scale.x(startMs), rightPx - LEAST_PX);
  const width = Math.max(LEAST_PX, scale.x(ends ?? endMs) - from);
  const tookMs = (ends ?? endMs) - startMs;
  const when = tookMs < 500 ? `at ${offset(startMs)}` : `from ${offset(startMs)}, ${durationText(tookMs)}`;
  const why = detail === '' ? '' : `: ${detail}`;
  const fate = outcome === 'done' ? '' : `; ${outcome === 'failed' ? 'failed' : 'not over'}${why}`;
  const look = lookOf(activity);
  const label = fitted(`${outcome === 'failed' ? '✕ ' : ''}${shortTitle(row, activity)}`, width - 8, BAR_FONT_PX);
  return element(
    'g',
    {},
    element('title', {}, escaped(`${title} (${when}${fate})`)),
    element('rect', { x: from, y: topPx, width, height: BAR_PX, rx: Math.min(2, width / 2), class: look }),
    ...(label === ''
      ? []
      : [
          element(
            'text',
            { x: from + 4, y: topPx + 10, class: `s ${look === 'rest' ? 'text' : 'on'}` },
            escaped(label),
          ),
        ]),
    ...(outcome === 'open'
      ? [element('rect', { x: from, y: topPx, width, height: BAR_PX, rx: Math.min(2, width / 2), class: 'open' })]
      : []),
  );
}

function lookOf({ outcome, disruptive, destructive, kind }: Activity): string {
  if (outcome === 'failed') return 'fail';
  if (disruptive || destructive) return 'disturb';
  return kind === 'wait' ? 'rest' : 'work';
}

function strip(span: Span, look: string, what: string, topPx: number, { scale, endMs, rightPx }: RowPlace): string {
  const from = Math.min(scale.x(span.startMs), rightPx - LEAST_PX);
  const width = Math.max(LEAST_PX, scale.x(span.endMs ?? endMs) - from);
  const tookMs = (span.endMs ?? endMs) - span.startMs;
  const told = `${what} from ${offset(span.startMs)}, ${durationText(tookMs)}${span.endMs === null ? ', still so at the end' : ''}`;
  const inset = look === 'cordon' ? 0.8 : 0;
  return element(
    'rect',
    { x: from, y: topPx + inset, width, height: STRIP_PX - 2 * inset, class: look },
    element('title', {}, escaped(told)),
  );
}

function blockMark(text: string, span: Span, { scale, topPx, rightPx }: RowPlace): string {
  const x = Math.min(rightPx - MARK_PX - 1, Math.max(scale.x(span.startMs), scale.x(0) + MARK_PX));
  const y = topPx + BAR_PX / 2;
  const sides = [
    [-2, -5],
    [2, -5],
    [5, -2],
    [5, 2],
    [2, 5],
    [-2, 5],
    [-5, 2],
    [-5, -2],
  ];
  const points = sides.map(([dx = 0, dy = 0]) => `${Math.round((x + dx) * 10) / 10},${y + dy}`).join(' ');
  return element(
    'g',
    {},
    element('title', {}, escaped(`blocked by ${text} (from ${offset(span.startMs)})`)),
    element('polygon', { points, class: 'fail' }),
    element('rect', { x: x - 3, y: y - 1, width: 6, height: 2, class: 'on' }),
  );
}

/** How long it is away, beside its strips where there is room. */
function awayTexts(
  { away, cordoned }: Row,
  topPx: number,
  { scale, endMs, leftPx, rightPx }: RowPlace,
): readonly string[] {
  return away.flatMap((span, index) => {
    const ends = span.endMs ?? endMs;
    const around = cordoned.find((entry) => entry.startMs <= ends && (entry.endMs ?? endMs) >= ends);
    const fromPx = scale.x(Math.max(ends, around ? (around.endMs ?? endMs) : 0)) + 4;
    const text = durationText(ends - span.startMs);
    const next = [...away.slice(index + 1), ...cordoned.filter((entry) => entry.startMs > ends)];
    const untilPx = Math.min(rightPx, ...next.map((entry) => scale.x(entry.startMs)));
    const at = { y: topPx + STRIP_PX + 1, class: 't away' };
    if (fromPx + roomOf(text, STRIP_FONT_PX) <= untilPx) return [element('text', { x: fromPx, ...at }, escaped(text))];
    const beforePx = scale.x(Math.min(span.startMs, ...cordoned.map((entry) => entry.startMs))) - 4;
    if (index > 0 || beforePx - roomOf(text, STRIP_FONT_PX) < leftPx) return [];
    return [element('text', { x: beforePx, ...at, 'text-anchor': 'end' }, escaped(text))];
  });
}

function momentMarks({ newAtMs, goneAtMs }: Row, topPx: number, { scale }: RowPlace): readonly string[] {
  const mark = (path: string, look: string, text: string, atMs: number): string =>
    element(
      'path',
      { d: path, transform: `translate(${Math.round(scale.x(atMs) * 10) / 10} ${topPx + STRIP_PX / 2})`, class: look },
      element('title', {}, escaped(`${text} at ${offset(atMs)}`)),
    );
  return [
    ...(newAtMs === null ? [] : [mark('M0 -4L4 0L0 4L-4 0Z', 'new', 'there for the first time', newAtMs)]),
    ...(goneAtMs === null ? [] : [mark('M-4 -4L4 4M4 -4L-4 4', 'gone', 'deleted', goneAtMs)]),
  ];
}
