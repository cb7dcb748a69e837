import type { ObjectRef } from './mark.ts';
import type { GuardName, Target } from './plan.ts';

/**
 * A rollout that was rehearsed in a copy of the host: `kreconcile simulate -o json`. Times are ms after the moment that was copied, unless they are
 * named otherwise. Stable within a schema number.
 */
export interface Simulation {
  readonly schema: 1;
  readonly revision: string;
  /** Digest of what is desired, without the revision's name: two commits that ask for the same have the same. */
  readonly desired: string;
  /** When the host was as it was copied, ms since epoch. */
  readonly copiedAtMs: number;
  readonly end: SimulationEnd;
  /** Until everything was at rest. */
  readonly tookMs: number;
  /** Until the last act that somebody could notice: what comes after is waiting and clearing away. */
  readonly settledMs: number;
  /** Acts and waits in the order in which they began. */
  readonly activities: readonly Activity[];
  /** What users notice: the API of each cluster, then each node and machine. */
  readonly availability: readonly Availability[];
  readonly blocks: readonly SimulatedBlock[];
  readonly peak: HostPeak;
  readonly durations: readonly UsedDuration[];
  /** Faults that were asked for, as they were asked for. */
  readonly faults: readonly string[];
  /** What could not be read and was assumed, as sentences. */
  readonly assumptions: readonly string[];
}

/**
 * - `converged`: everything is as desired.
 * - `blocked`: guards forbid all that is left.
 * - `rolled-back`: something failed and went back to what ran before, wherever the rest ended.
 * - `unsettled`: neither within the bound.
 */
export type SimulationEnd =
  | { readonly kind: 'converged' }
  | { readonly kind: 'blocked'; readonly guards: readonly GuardName[] }
  | { readonly kind: 'rolled-back'; readonly machines: readonly string[]; readonly guards: readonly GuardName[] }
  | { readonly kind: 'unsettled'; readonly reason: string };

/** A step with the wait for what it began, or a wait that nothing of ours began. */
export interface Activity {
  readonly id: string;
  readonly kind: 'step' | 'wait';
  readonly target: Target;
  readonly object: ObjectRef | null;
  readonly title: string;
  readonly reason: string;
  readonly startMs: number;
  /** `null`: goes on at the end. */
  readonly endMs: number | null;
  readonly outcome: 'done' | 'failed' | 'open';
  /** Why it failed, or what an open one waits for; else empty. */
  readonly detail: string;
  readonly disruptive: boolean;
  readonly destructive: boolean;
}

export interface Span {
  readonly startMs: number;
  /** `null`: goes on at the end. */
  readonly endMs: number | null;
}

export interface Availability {
  /** `api`: some API server of the cluster answers. `node`: its kubelet serves. `machine`: it runs and its guest answers. */
  readonly kind: 'api' | 'node' | 'machine';
  /** Name of the cluster or of the machine. */
  readonly name: string;
  /** The cluster of a node. */
  readonly cluster: string | null;
  /** When it was there for the first time; 0 if it was from the start, `null` if it never was. */
  readonly sinceMs: number | null;
  /** When it was deleted; `null` if it was not. */
  readonly goneMs: number | null;
  /** After it was there for the first time. */
  readonly away: readonly Span[];
  /** A node that takes no new pods, away or not. */
  readonly cordoned: readonly Span[];
  /** Sum and longest of `away`, an open one counted to the end. */
  readonly awayMs: number;
  readonly longestAwayMs: number;
}

export interface SimulatedBlock extends Span {
  readonly guard: GuardName;
  readonly target: Target;
  readonly object: ObjectRef | null;
  readonly reason: string;
  readonly wayOut: string;
}

/** What is promised to machines at the worst moment. */
export interface HostPeak {
  readonly memory: {
    readonly startMiB: number;
    readonly peakMiB: number;
    readonly atMs: number;
    readonly hostMiB: number;
  };
  /** Growth if every new disk were filled to its size; real disks are thin. */
  readonly disk: { readonly grownMiB: number; readonly atMs: number; readonly freeMiB: number };
}

export interface UsedDuration {
  /** `boot`, `upgrade`… */
  readonly what: string;
  readonly ms: number;
  readonly from: 'history' | 'default';
  /** How many of this host's own it is the median of; 0 for a default. */
  readonly samples: number;
}
