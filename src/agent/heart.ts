import { toKreError } from '../model/error.ts';
import { passReport } from '../reconcile/outlook.ts';
import type { Readings } from '../reconcile/readings.ts';
import { type Look, look, type PassResult, reconcile } from '../reconcile/reconcile.ts';
import type { AgentParts } from './agent-parts.ts';
import { aliveNotice } from './alive-notice.ts';
import { cadenceOf, createReadingFilter } from './guest-cadence.ts';
import { createLoop, type Loop } from './loop.ts';
import { createReports, type Reports } from './reports.ts';

/** The loop with what it runs, and with what every pass leaves behind. */
export interface Heart {
  readonly loop: Loop;
  readonly reports: Reports;
  readonly readings: Readings;
  /** Looks and plans beside the passes; changes nothing. */
  look(): Promise<Look>;
  /** Begins to read the guests that are due. */
  readGuests(): void;
}

/** Without a watchdog the loop still looks at itself this often. */
const ALIVE_MS = 60_000;

export function createHeart(parts: AgentParts): Heart {
  const { clock, log, notifier } = parts;
  const reports = createReports();
  const filter = createReadingFilter();
  let lastWorld: PassResult['world'] = null;
  let errors = 0;
  const composition = parts.compose({
    guestRead: (machine) => {
      if (filter.isNews(machine, readings.current()[machine])) loop.request('guest');
    },
    hostChanged: () => loop.request('host operation'),
  });
  const { readings } = composition;
  const onPass = async (result: PassResult, pass: number): Promise<void> => {
    errors = 0;
    lastWorld = result.world ?? lastWorld;
    const cadence = result.world ? cadenceOf(result.world.plan) : {};
    readings.expect(cadence);
    filter.await(Object.keys(cadence));
    const report = passReport(result, pass, await composition.reconcile.readLedger());
    const isNews = report.verdict !== reports.last()?.verdict;
    reports.add(report);
    parts.onReport(report);
    if (isNews) void notifier.status(`${report.verdict}, revision ${report.plan?.revision ?? 'none'}`);
  };
  const loop = createLoop({
    clock,
    log,
    speed: parts.speed,
    pass: (signal) => reconcile(composition.reconcile, signal),
    onPass,
    onError: (thrown) => {
      errors += 1;
      parts.onError(toKreError(thrown), errors);
    },
    onAlive: aliveNotice(notifier),
    aliveMs: notifier.watchdogIntervalMs ?? ALIVE_MS,
  });
  return {
    loop,
    reports,
    readings,
    look: () => look(composition.reconcile),
    readGuests: () => {
      const inventory = lastWorld?.observed.inventory;
      if (inventory?.known) readings.refresh(inventory.value.domains, parts.owner);
    },
  };
}
