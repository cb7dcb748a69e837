import type { Desired } from '../model/desired.ts';
import type { KreError } from '../model/error.ts';
import type { Observed } from '../model/observed.ts';
import type { Outcome, Plan } from '../model/plan.ts';
import type { Log } from '../model/ports.ts';
import type { SourceStatus, Status } from '../model/status.ts';
import { logBlocks } from './block-log.ts';
import type { EventFile } from './event-file.ts';
import { eventsOf } from './events.ts';
import type { StatusFile } from './status-file.ts';
import { summarize } from './summarize.ts';

/** A status that says nothing new is written no more often. */
const unchangedMs = 30_000;

export interface PublisherParts {
  readonly host: string;
  readonly statusFile: StatusFile;
  readonly eventFile: EventFile;
  readonly kubeconfigPath: (cluster: string) => string;
  readonly log: Log;
}

/** What one pass found and did; `world` is `null` before the first valid revision. */
export interface PublishedPass {
  readonly source: SourceStatus;
  readonly world: { readonly desired: Desired; readonly observed: Observed; readonly plan: Plan } | null;
  readonly outcomes: readonly Outcome[];
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}

/** Turns passes into status and events. */
export interface Publisher {
  publish(pass: PublishedPass): Promise<void>;
  /** A pass that ended in an error: the status says so until the next one. */
  failed(error: KreError): void;
  /** The status of the latest pass; before the first one that which an earlier run left. */
  status(): Promise<Status | null>;
}

export function createPublisher({ host, statusFile, eventFile, kubeconfigPath, log }: PublisherParts): Publisher {
  let latest: Status | null = null;
  let written: { readonly text: string; readonly atMs: number } | null = null;
  const status = async (): Promise<Status | null> => latest ?? (await statusFile.read());
  return {
    status,
    failed({ code, message, hint }) {
      if (latest) latest = { ...latest, lastPass: { ...latest.lastPass, failures: [`${message} (${code}). ${hint}`] } };
    },
    async publish({ source, world, outcomes, startedAtMs, endedAtMs }) {
      const previous = await status();
      const next = summarize({
        previous,
        host,
        nowMs: endedAtMs,
        source,
        desired: world?.desired ?? null,
        observed: world?.observed ?? null,
        plan: world?.plan ?? null,
        outcomes,
        startedAtMs,
        endedAtMs,
        kubeconfigPath,
      });
      const events = eventsOf(previous, next, world?.plan ?? null, outcomes);
      logBlocks(latest, next, log);
      latest = next;
      if (events.length > 0) await eventFile.append(events);
      const text = withoutTimes(next);
      if (text === written?.text && endedAtMs - written.atMs < unchangedMs) return;
      await statusFile.write(next);
      written = { text, atMs: endedAtMs };
    },
  };
}

/** The status without what differs from pass to pass though nothing has happened. */
function withoutTimes(status: Status): string {
  const { source, machines } = status;
  return JSON.stringify({
    ...status,
    writtenAtMs: 0,
    lastPass: null,
    source: { ...source, checkedAtMs: 0 },
    machines: machines.map((machine) => ({ ...machine, guestReadAtMs: 0 })),
  });
}
