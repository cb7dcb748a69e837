import type { GuardName, Plan } from '../../model/plan.ts';
import type { Simulation, SimulationEnd } from '../../model/simulation.ts';
import type { PassResult } from '../../reconcile/pass.ts';
import { createActivityLog } from './activities.ts';
import { createAvailabilityLog } from './availability.ts';
import { createBlockLog } from './blocks.ts';
import { createPeakLog } from './peak.ts';
import type { Sample } from './sample.ts';

/** How a rehearsal came to its end, and since when (ms since epoch) nothing has moved, before it is known whether something was rolled back on the way. */
export type Rest = { readonly atMs: number } & (
  | { readonly kind: 'converged' }
  | { readonly kind: 'blocked'; readonly plan: Plan }
  | { readonly kind: 'unsettled'; readonly reason: string }
);

/** Gathers the timeline of a rehearsal. */
export interface Recorder {
  pass(result: PassResult): void;
  sample(sample: Sample): void;
  /** What the whole of it says. */
  finish(rest: Rest): Recorded;
}

export type Recorded = Pick<
  Simulation,
  'end' | 'tookMs' | 'settledMs' | 'activities' | 'availability' | 'blocks' | 'peak'
>;

/** `startMs`: since epoch, from which all times count. */
export function createRecorder(
  startMs: number,
  host: { readonly memoryMiB: number; readonly freeDiskMiB: number },
): Recorder {
  const activities = createActivityLog();
  const availability = createAvailabilityLog(startMs);
  const blocks = createBlockLog();
  const peaks = createPeakLog();
  return {
    pass({ world, outcomes, endedAtMs }) {
      if (!world) return;
      const atMs = endedAtMs - startMs;
      activities.add({ plan: world.plan, observed: world.observed, outcomes }, atMs);
      blocks.add(world.plan.blocks, atMs);
    },
    sample(sample) {
      availability.add(sample);
      peaks.add(sample, sample.atMs - startMs);
    },
    finish(rest) {
      const tookMs = rest.atMs - startMs;
      const shown = blocks.all();
      return {
        end: endOf(rest, activities.rolledBack()),
        tookMs,
        settledMs: Math.min(tookMs, Math.max(activities.lastActMs(), availability.lastChangeMs())),
        activities: activities.all(),
        availability: availability.all(tookMs),
        blocks: shown,
        peak: peaks.peak(host),
      };
    },
  };
}

function endOf(rest: Rest, rolledBack: readonly string[]): SimulationEnd {
  const guards: readonly GuardName[] =
    rest.kind === 'blocked' ? [...new Set(rest.plan.blocks.map((block) => block.guard))].sort() : [];
  if (rolledBack.length > 0) return { kind: 'rolled-back', machines: rolledBack, guards };
  if (rest.kind === 'blocked') return { kind: 'blocked', guards };
  return rest.kind === 'unsettled' ? { kind: 'unsettled', reason: rest.reason } : { kind: 'converged' };
}
