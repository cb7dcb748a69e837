import type { HypervisorReader } from '../drivers/hypervisor/hypervisor.ts';
import type { KreError } from '../model/error.ts';
import type { HistoryEntry } from '../model/history.ts';
import type { Http, HttpAddress } from '../model/http.ts';
import type { Backup } from '../model/observed.ts';
import type { Clock, Log } from '../model/ports.ts';
import type { AgentIdentity, PassReport } from '../model/report.ts';
import type { Status } from '../model/status.ts';
import type { Decisions } from '../reconcile/decide.ts';
import type { Readings } from '../reconcile/readings.ts';
import type { Look, ReconcileParts } from '../reconcile/reconcile.ts';
import type { SourceKeeper } from '../source/keeper.ts';
import type { Source } from '../source/source.ts';
import type { Foretold } from './predictions.ts';

/** What the parts of a pass call when something happened beside the passes. */
export interface Pokes {
  readonly guestRead: (machine: string) => void;
  readonly hostChanged: () => void;
}

/** Tells the service manager how the agent is; `src/sys/notify.ts`. */
export interface Notifier {
  readonly watchdogIntervalMs: number | null;
  ready(): Promise<void>;
  stopping(): Promise<void>;
  watchdog(): Promise<void>;
  status(text: string): Promise<void>;
}

/** What the agent is made of; the composition root hands it in. */
export interface AgentParts {
  readonly clock: Clock;
  /** How fast that clock runs: what is timed by the wall clock is shortened by it. */
  readonly speed: number;
  readonly log: Log;
  readonly http: Http;
  readonly notifier: Notifier;
  readonly identity: AgentIdentity;
  readonly owner: string;
  readonly hypervisor: HypervisorReader;
  readonly source: Source;
  readonly keeper: SourceKeeper;
  /** Where the control socket is to be; `null`: nowhere. */
  readonly control: HttpAddress | null;
  readonly compose: (pokes: Pokes) => Composition;
  /** `look`: by the agent's own readings. */
  readonly decisions: (look: () => Promise<Look>) => Decisions;
  readonly accepted: () => Promise<readonly string[]>;
  readonly status: () => Promise<Status | null>;
  readonly events: (limit: number) => Promise<readonly unknown[]>;
  readonly history: (object?: string) => Promise<readonly HistoryEntry[]>;
  readonly predict: (predictions: readonly Foretold[]) => Promise<void>;
  readonly backups: () => Promise<readonly Backup[]>;
  readonly random: () => number;
  /** Called after each pass. */
  readonly onReport: (report: PassReport) => void;
  /** Called after each pass that ended in an error; `inARow` counts from 1. */
  readonly onError: (error: KreError, inARow: number) => void;
}

export interface Composition {
  readonly reconcile: ReconcileParts;
  readonly readings: Readings;
  /** Resolves when nothing runs beside the passes: no reading, no copy of a backup. */
  readonly settled: () => Promise<void>;
}
