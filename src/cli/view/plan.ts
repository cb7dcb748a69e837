import type { Block, FieldChange, Wait } from '../../model/plan.ts';
import type { PlanDocument, ShownLeg, ShownStep } from '../../model/report.ts';
import { durationText } from '../../model/time-text.ts';
import { summariesOf } from './plan-changes.ts';
import { type ObjectRoad, type RoadEntry, roadsOf } from './plan-road.ts';
import { plain, type Style, valueText, wrap } from './style.ts';
import { clockTime, shortRevision } from './time.ts';

export interface PlanViewOptions {
  readonly style: Style;
  readonly columns: number;
}

const LABEL_COLUMNS = 9;
const INDENT = '  ';

/** A plan as a colleague would tell it: by object what will be done and why, what it disturbs, what it waits for, what forbids it. */
export function planText(plan: PlanDocument, options: PlanViewOptions): string {
  const lines = [headline(plan, options.style)];
  lines.push(...summaryLines(plan, options));
  for (const road of roadsOf(plan)) lines.push('', ...roadLines(plan, road, options));
  for (const leg of plan.legs ?? []) lines.push('', ...legLines(leg, options));
  if (plan.notes.length > 0) {
    lines.push('', options.style.bold('Worth knowing'));
    for (const note of plan.notes) lines.push(...labelled('', plain(note.text), options));
  }
  lines.push(...disturbance(plan, options));
  return `${lines.join('\n')}\n`;
}

function headline(plan: PlanDocument, style: Style): string {
  const { steps, waits, blocks } = plan;
  const revision = `revision ${shortRevision(plan.revision)}`;
  if (steps.length + waits.length + blocks.length === 0) {
    return `${style.good('Nothing to do')}: the host is as ${revision} asks.`;
  }
  const now = steps.filter((step) => step.needs.length === 0).length;
  const parts = [
    steps.length === 0
      ? 'no step'
      : `${count(steps.length, 'step')}${now === steps.length ? '' : `, ${now} of them now`}`,
    ...(waits.length === 0 ? [] : [count(waits.length, 'wait')]),
    ...(blocks.length === 0 ? [] : [style.bad(count(blocks.length, 'block'))]),
    ...(plan.legs ?? []).map((leg) => `then ${count(leg.steps.length, 'step')} to ${plain(leg.version)}`),
  ];
  return `For ${revision}: ${parts.join('; ')}.`;
}

/** What each machine takes, and the fields that force it: also where a guard holds it back and no step can be told. */
function summaryLines(plan: PlanDocument, options: PlanViewOptions): readonly string[] {
  const summaries = summariesOf(plan);
  if (summaries.length === 0) return [];
  const { style } = options;
  return [
    '',
    style.bold('What changes'),
    ...summaries.flatMap(({ machines, lines }) => [
      ...wrap(machines.map(plain).join(', '), Math.max(30, options.columns - INDENT.length)).map(
        (line) => `${INDENT}${line}`,
      ),
      ...lines.flatMap((line) => labelled('', line, options)),
    ]),
  ];
}

function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}

function roadLines(plan: PlanDocument, road: ObjectRoad, options: PlanViewOptions): readonly string[] {
  const { style } = options;
  const titles = new Map([
    ...plan.steps.map((step) => [step.id, step.title] as const),
    ...plan.waits.map((wait) => [wait.id, wait.condition] as const),
  ]);
  return [
    style.bold(road.title),
    ...road.entries.flatMap((entry) => entryLines(entry, plan, titles, options)),
    ...road.blocks.flatMap((block) => blockLines(block, options)),
  ];
}

/** A later leg of a chain in its order, a line for each step: it goes as the leg before it, which tells the reasons. */
function legLines(leg: ShownLeg, options: PlanViewOptions): readonly string[] {
  const { style } = options;
  const gate = `when every node is proven at ${leg.from}; planned anew then`;
  return [
    style.bold(`Cluster/${plain(leg.cluster)}, from ${plain(leg.from)} to ${plain(leg.version)}`),
    ...labelled('', style.dim(plain(gate)), options),
    ...roadsOf(leg).flatMap(({ entries, blocks }) => [
      ...entries.flatMap((entry) =>
        entry.kind === 'step'
          ? labelled('then', `${plain(entry.step.title)}${disturbs(entry.step, style)}`, options)
          : [],
      ),
      ...blocks.flatMap((block) => blockLines(block, options)),
    ]),
  ];
}

function blockLines(block: Block, options: PlanViewOptions): readonly string[] {
  return [
    ...labelled(options.style.bad('blocked'), `${block.guard}: ${plain(block.reason)}`, options),
    ...changeLines(block.changes, options),
    ...labelled('', `way out: ${plain(block.wayOut)}`, options),
  ];
}

function entryLines(
  entry: RoadEntry,
  plan: PlanDocument,
  titles: ReadonlyMap<string, string>,
  options: PlanViewOptions,
): readonly string[] {
  if (entry.kind === 'wait') return waitLines(entry.wait, plan, options);
  return stepLines(entry.step, titles, options);
}

function stepLines(step: ShownStep, titles: ReadonlyMap<string, string>, options: PlanViewOptions): readonly string[] {
  const { style } = options;
  const label = step.needs.length === 0 ? style.good('now') : 'then';
  const after = step.needs.map((need) => titles.get(need) ?? need);
  return [
    ...labelled(label, `${style.bold(plain(step.title))}${disturbs(step, style)}`, options),
    ...labelled('', style.dim(`because ${plain(step.reason)}`), options),
    ...(after.length === 0 ? [] : labelled('', style.dim(`after: ${plain(after.join('; '))}`), options)),
    ...changeLines(step.changes, options),
  ];
}

/** A root disk that is replaced, or put back, keeps the one before it for a while. */
function replacesRoot({ action }: ShownStep): boolean {
  return action === 'replace' || action === 'go-back';
}

function disturbs(step: ShownStep, style: Style): string {
  const parts = [
    ...(step.destructive ? [replacesRoot(step) ? 'replaces the root disk' : 'deletes disks'] : []),
    ...(step.disruptive ? ['takes the node away for a while'] : []),
  ];
  return parts.length === 0 ? '' : ` ${style.warn(`[${parts.join(', ')}]`)}`;
}

function waitLines(wait: Wait, plan: PlanDocument, options: PlanViewOptions): readonly string[] {
  const { style } = options;
  const isRunning = wait.needs.length === 0;
  const label = wait.overdue ? style.bad('overdue') : isRunning ? style.busy('waits') : 'then';
  return [
    ...labelled(label, `${isRunning ? '' : 'wait until '}${plain(wait.condition)}${spanOf(wait, plan.atMs)}`, options),
    ...(wait.detail === '' ? [] : labelled('', style.dim(plain(wait.detail)), options)),
  ];
}

function spanOf(wait: Wait, nowMs: number): string {
  if (wait.needs.length > 0) return wait.timeoutMs === null ? '' : `, at most ${durationText(wait.timeoutMs)}`;
  const since = `, since ${clockTime(wait.sinceMs, nowMs)} (${durationText(nowMs - wait.sinceMs)})`;
  return wait.untilMs === null ? since : `${since}, until ${clockTime(wait.untilMs, nowMs)}`;
}

function changeLines(changes: readonly FieldChange[], options: PlanViewOptions): readonly string[] {
  return changes.flatMap(({ path, from, to }) =>
    labelled('', `${path.slice(1).replaceAll('/', '.')}: ${valueText(from)} → ${valueText(to)}`, options),
  );
}

/** What the whole road takes away from those who use the machines. */
function disturbance(plan: PlanDocument, { style }: PlanViewOptions): readonly string[] {
  const names = (steps: readonly ShownStep[]) => [...new Set(steps.map((step) => step.target.name))].join(', ');
  const steps = [...plan.steps, ...(plan.legs ?? []).flatMap((leg) => leg.steps)];
  const away = steps.filter((step) => step.disruptive);
  const replaced = steps.filter(replacesRoot);
  const dropped = steps.filter((step) => step.action === 'drop-generation');
  const deleted = steps.filter((step) => step.destructive && ![...replaced, ...dropped].includes(step));
  const lines = [
    ...(away.length === 0 ? [] : [style.warn(`Taken away for a while: ${names(away)}.`)]),
    ...(replaced.length === 0 ? [] : [style.warn(`Another root disk: ${names(replaced)}. State disks stay.`)]),
    ...(dropped.length === 0 ? [] : [`An earlier root disk is removed: ${names(dropped)}.`]),
    ...(deleted.length === 0 ? [] : [style.warn(`Deleted: ${names(deleted)}.`)]),
  ];
  if (lines.length > 0) return ['', ...lines];
  return plan.steps.length === 0 ? [] : ['', 'Nobody who uses a running machine is disturbed.'];
}

/** A label in its column and a text wrapped beside it. Colours survive only in texts that fit on one line. */
function labelled(label: string, text: string, { columns }: PlanViewOptions): readonly string[] {
  const room = Math.max(30, columns - INDENT.length - LABEL_COLUMNS);
  const visible = plain(label).length;
  const lines = plain(text).length <= room ? [text] : wrap(plain(text), room);
  return lines.map((line, index) =>
    index === 0
      ? `${INDENT}${label}${' '.repeat(Math.max(1, LABEL_COLUMNS - visible))}${line}`
      : `${INDENT}${' '.repeat(LABEL_COLUMNS)}${line}`,
  );
}
