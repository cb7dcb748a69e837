import type { Simulation } from '../../../model/simulation.ts';
import { durationText } from '../../../model/time-text.ts';
import { plain, type Style } from '../style.ts';
import { shortRevision } from '../time.ts';

/** How it ends, in one sentence, and in a second one what still follows when the work is done. */
export function headline(simulation: Simulation, style: Style): readonly string[] {
  const { end, settledMs, tookMs, activities } = simulation;
  const revision = `revision ${plain(shortRevision(simulation.revision))}`;
  const follows = tookMs - settledMs > 60_000 && end.kind !== 'unsettled';
  const last = follows
    ? [
        style.dim(
          `After that, until ${durationText(tookMs)} have passed, it only waits and clears away what is no longer used.`,
        ),
      ]
    : [];
  switch (end.kind) {
    case 'converged':
      return activities.length === 0
        ? [`${style.good('Nothing to do')}: the host is as ${revision} asks.`]
        : [`${style.good('Converges')}: the host is as ${revision} asks after ${durationText(settledMs)}.`, ...last];
    case 'blocked':
      if (settledMs === 0)
        return [`${style.bad('Blocked')}: guards forbid all that ${revision} asks (${end.guards.join(', ')}).`];
      return [
        `${style.bad('Blocked')}: after ${durationText(settledMs)} of ${revision}, guards forbid all that is left (${end.guards.join(', ')}).`,
      ];
    case 'rolled-back':
      return [
        `${style.bad('Rolled back')}: ${revision} fails on ${end.machines.map(plain).join(', ')}, which went back to what ran before; at rest after ${durationText(settledMs)}${end.guards.length === 0 ? '' : ` (${end.guards.join(', ')})`}.`,
        ...last,
      ];
    case 'unsettled':
      return [
        `${style.bad('Does not come to rest')}: given up after ${durationText(tookMs)} of ${revision}: ${plain(end.reason)}.`,
      ];
  }
}
