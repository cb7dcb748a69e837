import type { LoadResult } from '../manifest/load.ts';
import type { AgentConfig } from '../model/agent-config.ts';
import type { KreError } from '../model/error.ts';
import type { GuestStatus } from '../model/guest-status.ts';
import type { HistoryEntry, HistoryPrediction } from '../model/history.ts';
import type { Http } from '../model/http.ts';
import type { Backup, Reading } from '../model/observed.ts';
import type { Clock, Exec, Files } from '../model/ports.ts';
import type { PassReport } from '../model/report.ts';
import type { Simulation } from '../model/simulation.ts';
import type { Status } from '../model/status.ts';
import type { Decisions } from '../reconcile/decide.ts';
import type { Look } from '../reconcile/reconcile.ts';

/** Options that every command takes. */
export interface CommonOptions {
  readonly config?: string;
  /** Folder of manifests, instead of the configured source. */
  readonly dir?: string;
  /** Address of the hypervisor, as virsh writes it, or `sim:///folder`. */
  readonly connect?: string;
  readonly stateDir?: string;
  readonly output: 'text' | 'json' | 'yaml';
  readonly color: boolean;
}

/** Where a command writes: results to `out`, progress and everything else to `err`. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  readonly isOutTerminal: boolean;
  readonly isErrTerminal: boolean;
  readonly columns: number;
  readonly outHasColor: boolean;
  readonly errHasColor: boolean;
}

/** What commands get from `main.ts`. */
export interface CliContext {
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly files: Files;
  readonly exec: Pick<Exec, 'run'>;
  readonly http: Pick<Http, 'call'>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute. */
  readonly cwd: string;
  readonly home: string;
  /** What a person types to run this program again: `kreconcile`, or in a checkout `node dist/main.js`. */
  readonly calledAs: string;
  /** Where this program is installed, with its examples. */
  readonly packageFolder: string;
  readonly version: string;
  /** Aborts at Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
  openHost(options: HostOptions): Promise<Host>;
  /** Judges a folder by what manifests and distributions allow. */
  loadFolder(folder: string): Promise<LoadResult>;
  makeTemporaryFolder(prefix: string): Promise<string>;
}

export type HostOptions = Pick<CommonOptions, 'config' | 'dir' | 'connect' | 'stateDir'> & {
  /** How fast a simulated host's time runs; default 1. */
  readonly speed?: number;
  readonly logLevel?: 'debug' | 'info' | 'warn' | 'error' | 'silent';
};

/** A host as the configuration and options name it. Opening it touches nothing. */
export interface Host {
  readonly config: AgentConfig;
  /** The source as shown; `null` when none is named anywhere. */
  readonly sourceUrl: string | null;
  /** The newest revision, asked once and not kept. */
  newest(): Promise<LoadResult & { readonly revision: string }>;
  /**
   * Looks without an agent. `guests`: readings that somebody else has taken; without them guests are read. `evenWithoutSource`: a source
   * that cannot be read is told in the status, instead of as an error.
   */
  look(
    guests?: Readonly<Record<string, Reading<GuestStatus>>>,
    how?: { readonly evenWithoutSource?: boolean },
  ): Promise<OwnLook>;
  /** Decisions kept in the state folder directly; only without an agent. */
  decisions(): Promise<Decisions>;
  kubeconfigPath(cluster: string): string;
  /** Clusters whose kubeconfig lies in the drop directory. */
  kubeconfigs(): Promise<readonly string[]>;
  /** Backups on this host, by cluster and age. */
  backups(): Promise<readonly Backup[]>;
  events(limit: number): Promise<readonly unknown[]>;
  /** Changes, oldest first; of one object where it is named. */
  history(object?: string): Promise<readonly HistoryEntry[]>;
  /** Rehearses the newest revision in a copy of this host; touches nothing. `guests` as for `look`. */
  simulate(request: SimulateRequest): Promise<{ readonly simulation: Simulation; readonly caveats: readonly string[] }>;
  /** Keeps what a rehearsal foretold, to stand beside what will happen. */
  predict(predictions: readonly Omit<HistoryPrediction, 'kind'>[]): Promise<void>;
  /** Runs the agent until the signal aborts. `AgentRunning` if another holds the host. */
  runAgent(options: RunOptions): Promise<void>;
  /** The clock that the host lives by: faster than the wall clock on a simulated host with a speed. */
  readonly clock: Clock;
}

export interface SimulateRequest {
  readonly guests: Readonly<Record<string, Reading<GuestStatus>>> | undefined;
  /** `upgrade:dev-cp-1`. */
  readonly faults: readonly string[];
  readonly signal: AbortSignal;
}

export interface OwnLook extends Look {
  readonly status: Status;
  /** What could not be read and was left out, as sentences. */
  readonly caveats: readonly string[];
}

export interface RunOptions {
  readonly signal: AbortSignal;
  /** Whether a control socket is offered. A socket that cannot be made is an error only when it must be. */
  readonly control: 'required' | 'if possible';
  readonly onReport?: (report: PassReport) => void;
  /** A pass ended in an error; `inARow` counts from 1. */
  readonly onError?: (error: KreError, inARow: number) => void;
  /** Called once when the agent can be asked to look again from outside. */
  readonly onReady?: (agent: { reconcile(): Promise<PassReport | null> }) => void;
}
