import type { Outcome, Wait } from '../../model/plan.ts';
import type { PassReport, PlanDocument, ShownStep } from '../../model/report.ts';
import { durationText } from '../../model/time-text.ts';
import { plain, type Style } from './style.ts';
import { shortRevision } from './time.ts';

/** What a report adds to what was shown before. */
export interface ProgressUpdate {
  /** Lines that stay: what was done, what has come true, what went wrong. */
  readonly lines: readonly string[];
  /** The state of this moment, for a terminal that can draw it over; shorter than a screen. */
  readonly frame: readonly string[];
}

/** Follows reports and tells what is new in each. */
export interface Progress {
  add(report: PassReport): ProgressUpdate;
}

const MOST_FRAME_LINES = 12;

/** `startedAtMs` is where the time at the left counts from. */
export function createProgress(style: Style, startedAtMs: number): Progress {
  let revision: string | null = null;
  let problem: string | null = null;
  let waits: ReadonlyMap<string, Wait> = new Map();
  let told = new Set<string>();

  const linesOf = (report: PassReport): readonly string[] => {
    const { plan, source } = report;
    const lines: string[] = [];
    const say = (mark: string, text: string) =>
      lines.push(`${style.dim(stamp(report.endedAtMs - startedAtMs))}  ${mark}  ${text}`);
    const presentProblem = source.problem ? `${source.problem.code}: ${source.problem.message}` : null;
    if (presentProblem !== null && presentProblem !== problem) {
      say(style.bad('source '), plain(presentProblem));
      for (const detail of source.problem?.details ?? []) say('       ', plain(detail));
    }
    problem = presentProblem;
    if (!plan) return lines;
    if (plan.revision !== revision) say(style.bold('commit '), `revision ${shortRevision(plan.revision)} is enforced`);
    revision = plan.revision;
    const present = activeWaits(plan.waits);
    for (const [id, wait] of waits) {
      if (present.has(id) || !isCondition(wait)) continue;
      const mark = hasFailed(wait, plan) ? style.bad('not so ') : style.good('is so  ');
      const took = style.dim(`(${durationText(report.endedAtMs - wait.sinceMs)})`);
      say(mark, `${plain(wait.condition)} ${took}`);
    }
    const steps = new Map(plan.steps.map((step) => [step.id, step]));
    for (const outcome of report.outcomes)
      sayOutcome(outcome, steps.get(outcome.step), isLong(outcome.step, plan), style, say);
    for (const [id, wait] of present) {
      if (!waits.has(id) && isCondition(wait)) say(style.busy('waits  '), `${plain(wait.condition)}${limitOf(wait)}`);
    }
    const blocks = new Set(plan.blocks.map((block) => `${block.id} ${block.reason}`));
    for (const block of plan.blocks) {
      if (told.has(`${block.id} ${block.reason}`)) continue;
      say(
        style.bad('blocked'),
        `${block.target.name}: ${plain(block.reason)} (${block.guard}). ${plain(block.wayOut)}`,
      );
    }
    told = blocks;
    waits = present;
    return lines;
  };
  return { add: (report) => ({ lines: linesOf(report), frame: frameOf(report, style, startedAtMs) }) };
}

function sayOutcome(
  outcome: Outcome,
  step: ShownStep | undefined,
  isBegun: boolean,
  style: Style,
  say: (mark: string, text: string) => void,
): void {
  const title = plain(step?.title ?? outcome.step);
  if (outcome.state === 'done') say(isBegun ? style.busy('begun  ') : style.good('done   '), title);
  if (outcome.state === 'failed')
    say(style.bad('failed '), `${title}: ${plain(outcome.message)} (${outcome.code}). ${plain(outcome.hint)}`);
}

/** Whether a step only begins what takes its time: its end is a condition of its own. */
function isLong(step: string, { waits }: PlanDocument): boolean {
  const ends = [`${step}/done`, step.replace(/^(image\/.*)\/fetch$/, '$1/present')];
  return waits.some(({ id, needs }) => ends.includes(id) && id !== step && needs.includes(step));
}

/** Whether a condition is not waited for any more because it did not come true: what was to bring it about is begun anew, or taken back. */
function hasFailed({ id, target }: Wait, { steps, waits, blocks }: PlanDocument): boolean {
  const act = id.replace(/\/done$/, '');
  const owner = id.split('/').slice(0, 2).join('/');
  const ways = [`${owner}/quarantine`, `${owner}/taken-back`, `${owner}/go-back`, ...(act === id ? [] : [act])];
  return (
    [...steps, ...waits].some((entry) => ways.includes(entry.id) || entry.id === `${act}/pause`) ||
    blocks.some((block) => block.guard === 'OperationFailed' && block.target.name === target.name)
  );
}

/** A pause before the next attempt is no condition of its own: the failure before it was told. */
function isCondition(wait: Wait): boolean {
  return !/\/(?:backoff|pause)$/.test(wait.id);
}

function activeWaits(waits: readonly Wait[]): ReadonlyMap<string, Wait> {
  return new Map(waits.filter((wait) => wait.needs.length === 0).map((wait) => [wait.id, wait]));
}

function limitOf(wait: Wait): string {
  return wait.timeoutMs === null ? '' : `, at most ${durationText(wait.timeoutMs)}`;
}

function frameOf(report: PassReport, style: Style, startedAtMs: number): readonly string[] {
  const { plan } = report;
  if (!plan) return [];
  const active = [...activeWaits(plan.waits).values()];
  const shown = active.slice(0, MOST_FRAME_LINES).map((wait) => {
    const detail = wait.detail === '' ? '' : style.dim(` ${plain(wait.detail)}`);
    return `  ${style.busy('…')} ${plain(wait.condition)} ${style.dim(durationText(report.endedAtMs - wait.sinceMs))}${detail}`;
  });
  const more = active.length > MOST_FRAME_LINES ? [`    and ${active.length - MOST_FRAME_LINES} more`] : [];
  const left = `${count(plan.steps.length, 'step')} and ${count(plan.waits.length, 'wait')} left, ${durationText(report.endedAtMs - startedAtMs)} so far`;
  return plan.steps.length + plan.waits.length === 0 ? [] : [style.dim(left), ...shown, ...more];
}

function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}

/** Minutes and seconds since the start, in a column. */
function stamp(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return `${String(Math.floor(seconds / 60)).padStart(2, ' ')}:${String(seconds % 60).padStart(2, '0')}`;
}
