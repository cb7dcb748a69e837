import type { ObjectRef } from './mark.ts';
import type { PatchOperation } from './report.ts';

/**
 * What somebody may change in a machine behind kreconcile's back, as JSON pointers: `/autostart` and `/persistent` are of the domain, what was
 * added is listed, all else is a field of the applied spec.
 */
export const DRIFT_FIELDS = [
  '/addedDisks',
  '/addedInterfaces',
  '/autostart',
  '/cpus',
  '/memoryMiB',
  '/network/attach',
  '/persistent',
] as const;
export type DriftField = (typeof DRIFT_FIELDS)[number];

/** `correct`: what can be corrected without disturbing anybody is, the rest is told; `warn`: all is told; `ignore`: nothing is. */
export type DriftMode = 'correct' | 'warn' | 'ignore';

export interface DriftPolicy {
  readonly mode: DriftMode;
  readonly ignore: readonly DriftField[];
}

/**
 * What becomes of a difference. `now`: a step corrects it; `restart`: it is told, and ends when the machine is started next for another reason;
 * `person`: it is told, and only a person can judge it.
 */
export type DriftEnd = 'now' | 'restart' | 'person';

/** One difference between what was applied and what is. */
export interface DriftEntry {
  /** In the definition that runs, or in that of the next boot. */
  readonly where: 'live' | 'next';
  readonly field: DriftField;
  readonly applied: unknown;
  readonly observed: unknown;
  readonly end: DriftEnd;
  /** By the policy of its object. */
  readonly isIgnored: boolean;
}

/** The drift of one machine. The patches turn what is back into what was applied; what is ignored is not in them. */
export interface MachineDrift {
  readonly machine: string;
  readonly object: ObjectRef;
  readonly mode: DriftMode;
  /** What its manifest leaves alone. */
  readonly ignore: readonly DriftField[];
  readonly entries: readonly DriftEntry[];
  readonly live: readonly PatchOperation[];
  readonly next: readonly PatchOperation[];
}
