import { objectKey } from '../../../model/mark.ts';
import type { Activity } from '../../../model/simulation.ts';

/** Fewer than this are told one by one. */
const LEAST = 4;

/** One activity, or several machines that did the same at the same time. */
export interface AlikeActivities {
  readonly first: Activity;
  /** How many more did the same. */
  readonly more: number;
}

/** Activities by object, in the order in which they began. */
export function activitiesByObject(
  activities: readonly Activity[],
): readonly (readonly [string, readonly AlikeActivities[]])[] {
  const byObject = new Map<string, Activity[]>();
  for (const activity of activities) {
    const { object, target } = activity;
    const key = object ? objectKey(object) : `${target.kind}/${target.name}`;
    byObject.set(key, [...(byObject.get(key) ?? []), activity]);
  }
  return [...byObject].map(([key, own]) => [key, gathered(own)] as const);
}

function gathered(activities: readonly Activity[]): readonly AlikeActivities[] {
  const groups = new Map<string, Activity[]>();
  for (const activity of activities) {
    const { title, target, startMs, endMs, outcome, detail } = activity;
    const key = [title.replaceAll(target.name, '*'), second(startMs), second(endMs), outcome, detail].join('\n');
    groups.set(key, [...(groups.get(key) ?? []), activity]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    return group.length < LEAST
      ? group.map((activity) => ({ first: activity, more: 0 }))
      : [{ first, more: group.length - 1 }];
  });
}

function second(ms: number | null): string {
  return ms === null ? 'open' : String(Math.round(ms / 1000));
}
