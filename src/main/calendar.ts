import { type BlockerReader, createBlockers } from '../calendar/blockers.ts';
import { type CalendarReader, createCalendar } from '../calendar/calendar.ts';
import type { Workshop } from './workshop.ts';

/** The calendar of this host, and its blockers. What runs programs is loaded when a blocker does. */
export function openCalendar(
  { clock, config, files }: Workshop,
  onChange: () => void,
): CalendarReader & Pick<BlockerReader, 'settled'> {
  const exec: Parameters<typeof createBlockers>[0]['exec'] = {
    run: async (request) => (await import('../sys/exec.ts')).systemExec.run(request),
  };
  const blockers = createBlockers({ blockers: config.blockers, exec, files, clock, onChange });
  return { ...createCalendar(blockers), settled: blockers.settled };
}
