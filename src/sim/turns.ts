import type { Clock } from '../model/ports.ts';
import { advance } from './advance.ts';
import { handOn, type SimHand } from './hand.ts';
import type { Notice, WorldState } from './state.ts';
import type { WorldStore } from './store.ts';

/** Access to a world's state, one visitor at a time: an act may wait for the file, and the next one must find what it left. */
export interface Turns {
  /** Reads the world as it is now. */
  look<T>(body: (hand: SimHand) => T): Promise<T>;
  /** Changes it and keeps what came of it, also when the body throws. */
  change<T>(body: (hand: SimHand) => T, halfway?: () => void): Promise<T>;
  readonly listeners: Set<(notice: Notice) => void>;
}

/** Before each turn the state is read anew if another process changed it, and brought to the clock's time. */
export function takeTurns(
  clock: Clock,
  first: WorldState,
  store: WorldStore,
  adopt: (state: WorldState) => void,
): Turns {
  let state = first;
  let queue: Promise<unknown> = Promise.resolve();
  const listeners = new Set<(notice: Notice) => void>();

  const catchUp = async (notices: Notice[]): Promise<void> => {
    const other = await store.load();
    if (other) {
      state = other;
      adopt(state);
      notices.push({ kind: 'other', machine: null });
    }
    notices.push(...advance(state, clock.now()));
  };
  const inTurn = <T>(work: (notices: Notice[]) => Promise<T>): Promise<T> => {
    const notices: Notice[] = [];
    const turn = queue
      .then(() => catchUp(notices))
      .then(() => work(notices))
      .finally(() => {
        for (const notice of notices) for (const listener of listeners) listener(notice);
      });
    queue = turn.catch(() => undefined);
    return turn;
  };
  return {
    listeners,
    look: (body) => inTurn(async (notices) => body(handOn(state, notices, () => {}))),
    change: (body, halfway = () => {}) =>
      inTurn(async (notices) => {
        try {
          return body(handOn(state, notices, halfway));
        } finally {
          await store.save(state);
        }
      }),
  };
}
