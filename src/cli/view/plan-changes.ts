import type { ChangeClass, ClassifiedChange, MachineChange, PlanDocument } from '../../model/report.ts';
import { plain, valueText } from './style.ts';

/** What one or several machines take that differ in the same way. */
export interface ChangeSummary {
  readonly machines: readonly string[];
  /** One line for each class, the hardest first, with the fields that force it. */
  readonly lines: readonly string[];
}

/** What a change of each class is, and what it disturbs. The order is the order in which they are carried out. */
const CLASSES: readonly (readonly [ChangeClass, string])[] = [
  ['refuse', 'not possible, holds back all that disturbs'],
  ['recreate', 'new root disk, takes it away for a while'],
  ['restart', 'restart, takes it away for a while'],
  ['in-place', 'upgrade in place, takes it away for a while'],
  ['live', 'at once, disturbs nobody'],
];

/** What separates the machines from what is desired, whether it may be done now or not. */
export function summariesOf(plan: PlanDocument): readonly ChangeSummary[] {
  const summaries = new Map<string, { machines: string[]; lines: readonly string[] }>();
  for (const change of plan.changes) {
    const lines = linesOf(change);
    if (lines.length === 0) continue;
    const key = lines.join('\n');
    const summary = summaries.get(key) ?? { machines: [], lines };
    summary.machines.push(change.machine);
    summaries.set(key, summary);
  }
  return [...summaries.values()];
}

function linesOf({ fields = [] }: MachineChange): readonly string[] {
  const takesRoot = fields.some((field) => field.class === 'recreate');
  return CLASSES.flatMap(([name, what]) => {
    const own = fields.filter((field) => field.class === name);
    if (own.length === 0) return [];
    const isCovered = name === 'restart' && takesRoot;
    return [`${isCovered ? 'with it' : what}: ${own.map(fieldText).join('; ')}`];
  });
}

function fieldText({ path, from, to }: ClassifiedChange): string {
  return `${plain(path.slice(1).replaceAll('/', '.'))} ${valueText(from)} → ${valueText(to)}`;
}
