import type { MachineDrift } from './drift.ts';
import type { ObjectRef } from './mark.ts';
import type { ActionKind, Block, FieldChange, Leg, Note, Outcome, Step, Wait } from './plan.ts';
import type { SourceStatus } from './status.ts';

/** One operation of RFC 6902. */
export interface PatchOperation {
  readonly op: 'add' | 'remove' | 'replace';
  readonly path: string;
  readonly value?: unknown;
}

/**
 * What a change of a field takes.
 * - `live`: at once, nothing is disturbed.
 * - `in-place`: by the distribution's upgrade, the domain stays.
 * - `restart`: a new definition and a restart of the machine.
 * - `recreate`: a new root disk.
 * - `refuse`: never; the object has to be made anew under another name.
 */
export type ChangeClass = 'live' | 'in-place' | 'restart' | 'recreate' | 'refuse';

/** A field that differs, and what that takes. */
export interface ClassifiedChange extends FieldChange {
  readonly class: ChangeClass;
}

/** What separates a machine's applied spec from its desired one. `patch` turns the former into the latter. */
export interface MachineChange {
  readonly machine: string;
  readonly object: ObjectRef;
  readonly change: 'create' | 'update' | 'delete';
  readonly patch: readonly PatchOperation[];
  /** Of an update: each field with its class; a document of an earlier release has none. */
  readonly fields?: readonly ClassifiedChange[];
}

/** A step as plans are shown: of its action only the kind. */
export type ShownStep = Omit<Step, 'action'> & { readonly action: ActionKind };

/** A later part of a chain of versions, as plans are shown. */
export type ShownLeg = Omit<Leg, 'steps'> & { readonly steps: readonly ShownStep[] };

/** How old what is known of a guest is. */
export interface ReadingAge {
  readonly known: boolean;
  readonly atMs: number | null;
  /** Why it is not known; empty when it is. */
  readonly reason: string;
}

/** A plan as it leaves the program: `kreconcile plan -o json`, and what the control socket answers. Stable within a schema number. */
export interface PlanDocument {
  readonly schema: 1;
  readonly revision: string;
  readonly atMs: number;
  readonly steps: readonly ShownStep[];
  readonly waits: readonly Wait[];
  readonly blocks: readonly Block[];
  readonly notes: readonly Note[];
  /** What follows `steps` on a chain of versions, in order; absent: nothing. Nothing of it is begun before it is planned as `steps`. */
  readonly legs?: readonly ShownLeg[];
  readonly changes: readonly MachineChange[];
  readonly drift: readonly MachineDrift[];
  /** By machine. */
  readonly readings: Readonly<Record<string, ReadingAge>>;
}

/**
 * Where things stand after a plan was made.
 * - `converged`: nothing to do.
 * - `working`: steps are ready, or a wait runs that can end well by itself.
 * - `blocked`, `suspended`: guards, or a person, forbid all that is left.
 * - `failed`: a deadline has passed, attempts failed again and again, or a change was rolled back, and nothing else moves.
 * - `invalid`, `unreachable`: the newest desired state is not valid, or the source cannot be read.
 */
export type Verdict = 'converged' | 'working' | 'blocked' | 'suspended' | 'failed' | 'invalid' | 'unreachable';

/** What is asked, what it would take, and where that stands. */
export interface Outlook {
  readonly source: SourceStatus;
  /** `null` while no valid revision was ever seen. */
  readonly plan: PlanDocument | null;
  readonly verdict: Verdict;
}

/** One pass as those see it who follow the agent. */
export interface PassReport extends Outlook {
  /** Counts from 1 since the agent started. */
  readonly pass: number;
  readonly endedAtMs: number;
  readonly tookMs: number;
  readonly outcomes: readonly Outcome[];
}

/** Who answers on a control socket. */
export interface AgentIdentity {
  readonly version: string;
  readonly pid: number;
  /** Address of the hypervisor, as `--connect` takes it. */
  readonly uri: string;
  readonly source: string;
}
