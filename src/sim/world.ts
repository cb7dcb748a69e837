import type { Clock } from '../model/ports.ts';
import { nextEventAtMs } from './events.ts';
import { faultError, strike } from './fault-error.ts';
import type { SimHand } from './hand.ts';
import type { KubeconfigWriter } from './kubeconfig.ts';
import type { Notice } from './state.ts';
import type { Turns } from './turns.ts';
import { isVirtualClock } from './virtual-clock.ts';
import { keepWatch } from './watch.ts';

/** An act or call of a provider, for faults and hooks. `verb` is what it carries: a guest verb; `node` the node that the verb is about, if it names one. */
export interface SimAct {
  readonly role: 'hypervisor' | 'guest';
  readonly name: string;
  readonly machine: string | null;
  readonly verb?: string;
  readonly node?: string;
}

/** A moment at which an agent may die: nothing done, half done (where an act has halves), all done. */
export type ActPhase = 'before' | 'within' | 'after';

/** The simulated world that the two sim providers share. Its time is that of the clock it was opened with. */
export interface SimWorld {
  readonly uri: string;
  readonly clock: Clock;
  /** Called around each outward act. What it throws ends the act there, as the agent's death would: what was done stays done. */
  onAct: ((act: SimAct, phase: ActPhase) => void) | null;
  /** Reads the world as it is now. Changes nothing that is kept. */
  look<T>(body: (hand: SimHand) => T): Promise<T>;
  /** Reads as a provider does: faults strike. */
  read<T>(act: SimAct, body: (hand: SimHand) => T): Promise<T>;
  /** Carries out an outward act of a provider: faults strike, the hook is called, the outcome is kept. */
  act<T>(act: SimAct, body: (hand: SimHand) => T): Promise<T>;
  /** Changes the world from outside: no faults, no hook. What the body did before it threw is kept. */
  change<T>(body: (hand: SimHand) => T): Promise<T>;
  /** When something happens next without anybody's doing, ms since epoch; `null`: never. */
  nextEventAtMs(): Promise<number | null>;
  /** Calls the listener after changes, other processes' included; on a virtual clock only when somebody looks. */
  watch(listener: (notice: Notice) => void): { stop(): void };
  /** Kubeconfigs of this world's clusters. */
  readonly kubeconfigs: KubeconfigWriter;
}

/** A world over turns at its state. */
export function worldOver(uri: string, clock: Clock, turns: Turns, kubeconfigs: KubeconfigWriter): SimWorld {
  const world: SimWorld = {
    uri,
    clock,
    onAct: null,
    kubeconfigs,
    look: (body) => turns.look(body),
    change: (body) => turns.change(body),
    read: (act, body) =>
      turns.look((hand) => {
        const fault = strike(hand.state, act);
        if (fault) throw faultError(fault, act);
        return body(hand);
      }),
    act: (act, body) =>
      turns.change(
        (hand) => {
          const fault = strike(hand.state, act);
          if (fault && (fault.kind === 'error' || fault.kind === 'hang')) throw faultError(fault, act);
          world.onAct?.(act, 'before');
          const result = body(hand);
          world.onAct?.(act, 'after');
          if (fault) throw faultError(fault, act);
          return result;
        },
        () => world.onAct?.(act, 'within'),
      ),
    nextEventAtMs: () => turns.look((hand) => nextEventAtMs(hand.state)),
    watch(listener) {
      turns.listeners.add(listener);
      const watch = isVirtualClock(clock) ? null : keepWatch(world, clock);
      return {
        stop: () => {
          turns.listeners.delete(listener);
          watch?.stop();
        },
      };
    },
  };
  return world;
}
