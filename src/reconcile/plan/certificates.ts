import { minuteText } from '../../model/time-text.ts';
import { attemptOf, type Facts, freshGuest, operationsOf } from './facts.ts';
import { nodeOf } from './health.ts';
import type { NodeInputs } from './node.ts';
import { isOccupied, operationPrefix, planOperation } from './operation.ts';

const DAY_MS = 86_400_000;
/** Certificates of a year are renewed this long before they expire; as early as upstream's own renewal with every upgrade allows. */
export const RENEW_BEFORE_MS = 30 * DAY_MS;
/** From then on no window is waited for. */
const LAST_CHANCE_MS = 7 * DAY_MS;
/** Attempts that failed have counted on from the day of the first; further ahead lies only what a clock said that was set back since. */
const MOST_ATTEMPTS_A_DAY = 10;

/**
 * Renews the certificates of a control plane in time, as its distribution does it. The API server is away for a moment and no node is: no drain and no
 * backup comes before it, and a window is waited for only while there is plenty of time. The kubeconfig changes with it, and is published for that.
 * Returns whether it is renewing them.
 */
export function planCertificates(facts: Facts, inputs: NodeInputs): boolean {
  const { cluster, machine, road } = inputs;
  const guest = freshGuest(facts, machine.name);
  const expireAtMs = guest?.kubernetes?.certificatesExpireAtMs ?? null;
  if (guest?.kubernetes?.phase !== 'initialised' || expireAtMs === null) return false;
  const leftMs = expireAtMs - facts.nowMs;
  if (leftMs > RENEW_BEFORE_MS) return false;
  const told = `the certificates of ${cluster.name} ${leftMs > 0 ? `expire on ${dateOf(expireAtMs)}` : `expired on ${dateOf(expireAtMs)}`}`;
  const hindrance = hindranceOf(facts, inputs, leftMs);
  if (hindrance !== null) {
    road.draft.note(`${told}; they are renewed ${hindrance}`);
    return false;
  }
  if (isRenewedToday(facts, machine.name)) {
    road.draft.note(
      `${told}, though they were renewed today: look at the clocks of host and guest, and how long they are made for`,
    );
    return false;
  }
  planOperation(facts, road.draft, {
    machine: machine.name,
    verb: 'renew-certificates',
    subject: machine.name,
    // The host's day, so that when it was done stands in its id.
    leastAttempt: Math.floor(facts.nowMs / DAY_MS),
    needs: [],
    timeoutMs: cluster.deadlines.upgradeMs,
    title: `renew the certificates of ${machine.name}`,
    reason: told,
    condition: `the certificates of ${machine.name} are renewed`,
  });
  return true;
}

/**
 * New certificates that seem to expire soon as well, by a clock that was set or because they are made for a few days only, are not renewed again and
 * again: the API server is away for a moment each time.
 */
function isRenewedToday(facts: Facts, name: string): boolean {
  const past = operationsOf(freshGuest(facts, name), operationPrefix('renew-certificates', name));
  const last = past.at(-1);
  if (last?.state !== 'succeeded') return false;
  const daysAhead = attemptOf(last.id) - Math.floor(facts.nowMs / DAY_MS);
  return daysAhead >= 0 && daysAhead <= MOST_ATTEMPTS_A_DAY;
}

/** Why not now, in words that follow "they are renewed"; `null`: now. */
function hindranceOf(facts: Facts, { cluster, machine, road }: NodeInputs, leftMs: number): string | null {
  const guest = freshGuest(facts, machine.name);
  const isOthers = ({ state, verb }: { state: string; verb: string }) =>
    state === 'running' && verb !== 'renew-certificates';
  const isUsed = guest?.operations.some(isOthers) || isOccupied(road.draft);
  if (road.up === null || road.up.length > 0 || isUsed) return 'when its machine is at rest';
  if (nodeOf(facts, cluster, machine.name)?.cordonedByUs) return 'when its node takes pods again';
  const others = cluster.controlPlanes.filter((name) => name !== machine.name);
  const isAway = (name: string) => {
    const other = freshGuest(facts, name);
    const isRenewing = other?.operations.some(
      ({ verb, state }) => verb === 'renew-certificates' && state === 'running',
    );
    return other?.kubernetes?.apiReady !== true || isRenewing;
  };
  const isAnotherAway = others.some(isAway);
  if (isAnotherAway) return 'when the other control planes serve';
  const window = facts.calendar?.windows[`Cluster/${cluster.name}`];
  if (!window || window.isOpen || leftMs <= LAST_CHANCE_MS) return null;
  const next = window.nextOpenMs === null ? '' : ` (${minuteText(window.nextOpenMs)})`;
  return `in the next window${next}, or 7 days before at the latest`;
}

function dateOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}
