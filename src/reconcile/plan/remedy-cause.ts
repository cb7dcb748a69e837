import type { Mark } from '../../model/mark.ts';
import type { Ailment } from './ailment.ts';
import { type Facts, freshGuest } from './facts.ts';
import { nodeOf } from './health.ts';
import type { NodeInputs } from './node.ts';
import { isOccupied } from './operation.ts';
import { openVersionQuarantine } from './quarantine.ts';
import { trialMs } from './trial.ts';

/** Operations that take a node's services down for a while; a guest may fall silent in them. */
const HEAVY = ['upgrade', 'rollback', 'restore', 'renew-certificates', 'bootstrap', 'join'];

/**
 * Whether what a node suffers from may be of our own making: it is being taken away, started, or worked in. Then it is left to what goes on there, which
 * has deadlines of its own.
 */
export function isOurDoing(
  facts: Facts,
  { cluster, machine, road }: NodeInputs,
  mark: Mark,
  ailment: Ailment,
): boolean {
  const { name, deadlines } = machine;
  const isTakenAway = nodeOf(facts, cluster, name)?.cordonedByUs || openVersionQuarantine(mark) !== null;
  const isRestoring = facts.records.restorations?.some((entry) => entry.cluster === cluster.name) ?? false;
  const isWorking = freshGuest(facts, name)?.operations.some(({ state }) => state === 'running') ?? false;
  if (isTakenAway || isRestoring || isWorking || isOccupied(road.draft)) return true;
  const startMs = ailment.answers ? trialMs(machine) : deadlines.bootMs;
  if (isWithin(facts, `machine/${name}/start`, startMs)) return true;
  if (isWithin(facts, `machine/${name}/shutdown`, 2 * deadlines.shutdownMs)) return true;
  return !ailment.answers && HEAVY.some((verb) => isWithin(facts, `machine/${name}/${verb}`, deadlines.upgradeMs));
}

function isWithin({ ledger, nowMs }: Facts, step: string, spanMs: number): boolean {
  const attempt = ledger.attempts[step];
  return attempt !== undefined && attempt.error === null && nowMs - attempt.lastAtMs < spanMs;
}
