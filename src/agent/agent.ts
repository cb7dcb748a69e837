import type { HypervisorEvent } from '../drivers/hypervisor/hypervisor.ts';
import type { HttpListener } from '../model/http.ts';
import type { PassReport } from '../model/report.ts';
import type { Decisions } from '../reconcile/decide.ts';
import { outlookOf } from '../reconcile/outlook.ts';
import type { AgentParts } from './agent-parts.ts';
import { createControl } from './control.ts';
import { followSource, type SourceFollower } from './follow-source.ts';
import { createHeart, type Heart } from './heart.ts';

export interface Agent {
  /** Runs until `signal` aborts and what was begun has ended. Rejects only if it cannot start. */
  run(signal: AbortSignal): Promise<void>;
  /** Looks at the source and runs a pass, as a signal from outside asks; resolves when both have ended. */
  reconcile(): Promise<PassReport | null>;
}

/** How often it is judged whether a guest is due to be read. */
const READER_MS = 1_000;

/** The agent: one loop, and everything that asks it for a pass. */
export function createAgent(parts: AgentParts): Agent {
  const { log, notifier, keeper } = parts;
  const heart = createHeart(parts);
  const { loop, reports } = heart;
  let following: SourceFollower | null = null;
  const reconcileNow = async (): Promise<PassReport | null> => {
    await following?.look();
    const pass = await loop.requested('asked for');
    return pass === null ? null : reports.last();
  };
  const onDecision = (): void => {
    void following?.look();
    loop.request('decision');
  };
  return {
    reconcile: reconcileNow,
    async run(signal) {
      await keeper.restore();
      const listener = await listen(parts, heart, reconcileNow, onDecision);
      const watch = parts.hypervisor.watch((event) => onEvent(heart, event));
      const reader = setInterval(heart.readGuests, READER_MS / parts.speed);
      signal.addEventListener('abort', () => void notifier.stopping(), { once: true });
      following = followSource({
        source: parts.source,
        keeper,
        log,
        accepted: parts.accepted,
        onChange: () => loop.request('source'),
        random: parts.random,
      });
      void following.look();
      await notifier.ready();
      log.info({ ...parts.identity }, 'agent runs');
      try {
        await loop.run(signal);
      } finally {
        clearInterval(reader);
        watch.stop();
        await following.stop();
        await listener?.close();
        log.info({}, 'agent has stopped');
      }
    },
  };
}

function onEvent({ loop, readings }: Heart, event: HypervisorEvent): void {
  if (event.kind === 'agent-connected' && event.machine !== null) readings.outdate(event.machine);
  loop.request('hypervisor');
}

async function listen(
  parts: AgentParts,
  heart: Heart,
  reconcileNow: () => Promise<PassReport | null>,
  onDecision: () => void,
): Promise<HttpListener | null> {
  if (!parts.control) return null;
  const outlook = async () => {
    const { source, world, ledger } = await heart.look();
    return outlookOf(source, world, ledger);
  };
  const handle = createControl({
    identity: parts.identity,
    status: parts.status,
    events: parts.events,
    history: parts.history,
    predict: parts.predict,
    backups: parts.backups,
    outlook,
    readings: () => heart.readings.current(),
    reconcile: reconcileNow,
    reportAfter: heart.reports.after,
    decisions: afterwards(parts.decisions(heart.look), onDecision),
  });
  return parts.http.listen(parts.control, handle);
}

function afterwards(decisions: Decisions, poke: () => void): Decisions {
  const poked = async <T>(decided: Promise<T>): Promise<T> => {
    const result = await decided;
    poke();
    return result;
  };
  return {
    suspend: (scope, reason) => poked(decisions.suspend(scope, reason)),
    resume: (scope) => poked(decisions.resume(scope)),
    confirm: (what) => poked(decisions.confirm(what)),
    retry: (object) => poked(decisions.retry(object)),
    backup: (cluster) => poked(decisions.backup(cluster)),
    restore: (cluster, backup, replace) => poked(decisions.restore(cluster, backup, replace)),
    cancelRestore: (object) => poked(decisions.cancelRestore(object)),
  };
}
