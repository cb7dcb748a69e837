import type { Clock } from '../model/ports.ts';
import { advance } from './advance.ts';
import { nextEventAtMs } from './events.ts';
import { faultError, strike } from './fault-error.ts';
import { handOn, type SimHand } from './hand.ts';
import type { KubeconfigWriter } from './kubeconfig.ts';
import type { Notice, WorldState } from './state.ts';
import type { WorldStore } from './store.ts';
import { isVirtualClock } from './virtual-clock.ts';
import { keepWatch } from './watch.ts';

/** An act or call of a provider, for faults and hooks. `verb` is what it carries: a guest verb. */
export interface SimAct {
  readonly role: 'hypervisor' | 'guest';
  readonly name: string;
  readonly machine: string | null;
  readonly verb?: string;
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

/** A world over a state and the place where it is kept. */
export function worldOver(
  uri: string,
  clock: Clock,
  first: WorldState,
  store: WorldStore,
  kubeconfigs: KubeconfigWriter,
  adopt: (state: WorldState) => void,
): SimWorld {
  let state = first;
  let queue: Promise<unknown> = Promise.resolve();
  const listeners = new Set<(notice: Notice) => void>();

  const tell = (notices: readonly Notice[]): void => {
    for (const notice of notices) for (const listener of listeners) listener(notice);
  };
  const catchUp = async (notices: Notice[]): Promise<void> => {
    const other = await store.load();
    if (other) {
      state = other;
      adopt(state);
      notices.push({ kind: 'other', machine: null });
    }
    notices.push(...advance(state, clock.now()));
  };
  /** One at a time: an act may wait for the file, and the next one must find what it left. */
  const inTurn = <T>(work: (notices: Notice[]) => Promise<T>): Promise<T> => {
    const notices: Notice[] = [];
    const turn = queue.then(() => work(notices)).finally(() => tell(notices));
    queue = turn.catch(() => undefined);
    return turn;
  };
  const change = <T>(body: (hand: SimHand) => T, halfway = (): void => {}): Promise<T> =>
    inTurn(async (notices) => {
      await catchUp(notices);
      try {
        return body(handOn(state, notices, halfway));
      } finally {
        await store.save(state);
      }
    });
  const look = <T>(body: (hand: SimHand) => T): Promise<T> =>
    inTurn(async (notices) => {
      await catchUp(notices);
      return body(handOn(state, notices, () => {}));
    });

  const world: SimWorld = {
    uri,
    clock,
    onAct: null,
    kubeconfigs,
    look,
    change,
    read: (act, body) =>
      look((hand) => {
        const fault = strike(hand.state, act);
        if (fault) throw faultError(fault, act);
        return body(hand);
      }),
    act: (act, body) =>
      change(
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
    nextEventAtMs: () => look((hand) => nextEventAtMs(hand.state)),
    watch(listener) {
      listeners.add(listener);
      const watch = isVirtualClock(clock) ? null : keepWatch(world, clock);
      return {
        stop: () => {
          listeners.delete(listener);
          watch?.stop();
        },
      };
    },
  };
  return world;
}
