import type { HistoryEntry, HistoryStep, HistoryWait } from '../../model/history.ts';
import type { FieldChange } from '../../model/plan.ts';
import { durationText } from '../../model/time-text.ts';
import { plain, type Style, valueText } from './style.ts';
import { table } from './table.ts';
import { clockTime, shortRevision } from './time.ts';

/** Changes as a table; of one named object each with what was done and what was waited for. */
export function historyText(
  entries: readonly HistoryEntry[],
  object: string | undefined,
  nowMs: number,
  style: Style,
): string {
  if (entries.length === 0)
    return object === undefined ? 'Nothing has been changed yet.\n' : `Nothing is known of ${plain(object)}.\n`;
  if (object === undefined) {
    const rows = entries.map((entry) => row(entry, nowMs, style));
    return `${table([HEAD.map(style.dim), ...rows]).join('\n')}\n`;
  }
  return entries.map((entry) => `${detailed(entry, nowMs, style).join('\n')}\n`).join('\n');
}

const HEAD = ['BEGAN', 'OBJECT', 'REVISION', 'ENDED', 'TOOK', 'PREDICTED', 'WHAT'];

function row(entry: HistoryEntry, nowMs: number, style: Style): readonly string[] {
  return [
    clockTime(entry.beganAtMs, nowMs),
    plain(entry.object),
    revisions(entry),
    outcome(entry, style),
    took(entry, nowMs),
    predicted(entry, nowMs) ?? '-',
    summary(entry),
  ];
}

function revisions({ revisions }: HistoryEntry): string {
  const [first = ''] = revisions;
  const last = revisions.at(-1) ?? first;
  return first === last ? plain(shortRevision(first)) : `${plain(shortRevision(first))}..${plain(shortRevision(last))}`;
}

function outcome(entry: HistoryEntry, style: Style): string {
  if (entry.outcome === 'done') return style.good('done');
  return entry.outcome === 'under-way' ? 'under way' : style.bad(entry.outcome.replace('-', ' '));
}

function took({ beganAtMs, endedAtMs }: HistoryEntry, nowMs: number): string {
  return durationText((endedAtMs ?? nowMs) - beganAtMs);
}

/** What a simulation had said, and since when, where that is not when this entry begins; `null`: none was made. */
function predicted({ predictedMs, predictedFromMs, beganAtMs }: HistoryEntry, nowMs: number): string | null {
  if (predictedMs === null) return null;
  const isSame = predictedFromMs === undefined || predictedFromMs === beganAtMs;
  return `${durationText(predictedMs)}${isSame ? '' : ` from ${clockTime(predictedFromMs, nowMs)}`}`;
}

/** The fields that changed, else the first thing that was done. */
function summary({ changes, steps }: HistoryEntry): string {
  const [change, ...more] = changes;
  if (change) return `${changeText(change)}${more.length === 0 ? '' : ` and ${more.length} more`}`;
  const [step, ...others] = steps;
  return step ? `${plain(step.title)}${others.length === 0 ? '' : `, and ${others.length} steps more`}` : '';
}

function changeText({ path, from, to }: FieldChange): string {
  return `${plain(path)}: ${valueText(from)} → ${valueText(to)}`;
}

function detailed(entry: HistoryEntry, nowMs: number, style: Style): readonly string[] {
  const foretold = predicted(entry, nowMs);
  const began = clockTime(entry.beganAtMs, nowMs);
  const detail = entry.detail === '' ? [] : [`  ${plain(entry.detail)}`];
  const lines = [...entry.steps, ...entry.waits].sort((a, b) => a.atMs - b.atMs);
  return [
    `${style.bold(plain(entry.object))} ${began}, revision ${revisions(entry)}: ${outcome(entry, style)} after ${took(entry, nowMs)}${foretold === null ? '' : `, predicted ${foretold}`}`,
    ...detail,
    ...entry.changes.map((change) => `  ${changeText(change)}`),
    ...lines.map((line) => (line.kind === 'step' ? stepText(line, nowMs, style) : waitText(line, nowMs, style))),
  ];
}

function stepText({ atMs, title, reason, error }: HistoryStep, nowMs: number, style: Style): string {
  const end = error === null ? style.dim(` (${plain(reason)})`) : `: ${style.bad(`failed: ${plain(error)}`)}`;
  return `  ${style.dim(clockTime(atMs, nowMs))} ${plain(title)}${end}`;
}

function waitText({ atMs, what, wait, tookMs }: HistoryWait, nowMs: number, style: Style): string {
  const [, target = ''] = wait.split('/');
  return `  ${style.dim(`${clockTime(atMs, nowMs)} ${plain(what)} of ${plain(target)} took ${durationText(tookMs)}`)}`;
}
