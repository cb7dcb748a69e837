import type { ErrorCode } from '../model/error-codes.ts';
import { DEFAULT_DURATIONS, type Durations } from './durations.ts';
import type { WorldState } from './state.ts';

/**
 * Something that goes wrong.
 * - `error`: the act or call is refused, nothing is done.
 * - `hang`: no answer in time, nothing is done.
 * - `silent`: no answer, though an act was carried out; on `shutdown` the guest does not follow it.
 * - `garbage`: the answer makes no sense; an act was carried out.
 * - `slow`: what takes time (`boot`, `shutdown`, `imageDownload`, `copyState`, verbs) takes `factor` times as long.
 * - `fail`: what takes time ends badly: an operation fails, a boot or a node never gets ready.
 */
export interface SimFault {
  /**
   * A method of the role (`start`, `inventory`, `status`…), a verb (`upgrade`, `kubeconfig`…), a phase (`boot`, `nodeReady`, `imageDownload`,
   * …), or all methods of a role: `hypervisor`, `guest`.
   */
  readonly on: string;
  /** Machine name (image digest on image acts); without it any. */
  readonly machine?: string;
  readonly kind: 'error' | 'hang' | 'silent' | 'garbage' | 'slow' | 'fail';
  /** How often it strikes; without it for ever. */
  times?: number;
  readonly code?: ErrorCode;
  readonly message?: string;
  /** Of `slow`; default 10. */
  readonly factor?: number;
  /** Version of Kubernetes, digest of an image, or on `boot` the memory (`4096 MiB`) that alone is struck: of `fail` on `boot`, `apiStart`, `nodeReady`, `upgrade`. */
  readonly only?: string;
  /** Of `fail` on `upgrade`: a control plane runs the new API server by then, and the kubelet is the one before. */
  readonly halfway?: boolean;
}

/** The first fault that fits, counted as having struck; `null` if none. */
export function takeFault(
  state: WorldState,
  names: readonly string[],
  machine: string | null,
  kinds: readonly SimFault['kind'][],
  about: readonly string[] = [],
): SimFault | null {
  if (state.faults.length === 0) return null;
  const fault = state.faults.find(
    (candidate) =>
      names.includes(candidate.on) &&
      kinds.includes(candidate.kind) &&
      (candidate.machine === undefined || candidate.machine === machine) &&
      (candidate.only === undefined || about.includes(candidate.only)) &&
      candidate.times !== 0,
  );
  if (!fault) return null;
  if (fault.times !== undefined) fault.times -= 1;
  return fault;
}

/** How long something takes here and now, ms: its duration at the world's speed, longer where a fault slows it. */
export function durationMs(state: WorldState, what: keyof Durations, machine: string | null): number {
  const slow = takeFault(state, [what], machine, ['slow']);
  const usualMs = state.durations[what] ?? DEFAULT_DURATIONS[what];
  return Math.round((usualMs * (slow?.factor ?? (slow ? 10 : 1))) / state.speed);
}

/** Why it ends badly, or `null` when it does not. `about`: the version and the image that it is done with. */
export function failureOf(
  state: WorldState,
  what: string,
  machine: string | null,
  about: readonly string[] = [],
): string | null {
  const fault = takeFault(state, [what], machine, ['fail'], about);
  return fault && messageOf(fault);
}

/** What the guest or the host would say. */
export function messageOf(fault: SimFault): string {
  return fault.message ?? `simulated failure of ${fault.on}`;
}
