import type { Ledger } from '../model/ledger.ts';
import type { Outlook, PassReport } from '../model/report.ts';
import type { SourceStatus } from '../model/status.ts';
import { planDocument } from './plan/document.ts';
import { verdictOf } from './plan/verdict.ts';
import type { PassResult, World } from './reconcile.ts';

/** What was looked at, as it leaves the program. */
export function outlookOf(source: SourceStatus, world: World | null, ledger: Ledger): Outlook {
  return {
    source,
    plan: world && planDocument(world.desired, world.observed, world.plan),
    verdict: verdictOf(source, world?.plan ?? null, ledger),
  };
}

/** A pass as those see it who follow the agent; `ledger` is what was remembered after it. */
export function passReport(result: PassResult, pass: number, ledger: Ledger): PassReport {
  const { source, world, outcomes, startedAtMs, endedAtMs } = result;
  return { ...outlookOf(source, world, ledger), pass, endedAtMs, tookMs: endedAtMs - startedAtMs, outcomes };
}
