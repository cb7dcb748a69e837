import type { Clock } from '../../../model/ports.ts';
import { unavailable } from './failures.ts';

/** Who takes turns: calls of one guest run one after the other, at most so many guests at once. */
export interface Lanes {
  /** Runs `act` when it is the guest's turn. */
  take<T>(uuid: string, act: () => Promise<T>): Promise<T>;
}

/** At most `atOnce` guests at once. libvirt itself lets commands of one guest queue behind one that hangs. */
export function createLanes(atOnce: number): Lanes {
  const tails = new Map<string, Promise<unknown>>();
  const waiting: (() => void)[] = [];
  let running = 0;
  const enter = async (): Promise<void> => {
    if (running < atOnce) running += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
  };
  const leave = (): void => {
    const next = waiting.shift();
    if (next) next();
    else running -= 1;
  };
  return {
    take: (uuid, act) => {
      const before = tails.get(uuid) ?? Promise.resolve();
      const turn = before.then(async () => {
        await enter();
        try {
          return await act();
        } finally {
          leave();
        }
      });
      const tail = turn
        .catch(() => undefined)
        .then(() => {
          if (tails.get(uuid) === tail) tails.delete(uuid);
        });
      tails.set(uuid, tail);
      return turn;
    },
  };
}

/** Leaves a guest alone that has been silent several times in a row: each call to it costs its whole timeout. */
export interface Breaker {
  /** Throws `GuestUnavailable` while the guest is left alone. */
  check(machine: { readonly uuid: string; readonly name: string }): void;
  /** `answered`: anything definite, an error included. */
  note(uuid: string, what: 'answered' | 'silent'): void;
}

const silencesToOpen = 3;
const firstPauseMs = 5_000;
const longestPauseMs = 60_000;

export function createBreaker(clock: Clock): Breaker {
  const guests = new Map<string, { silences: number; untilMs: number }>();
  return {
    check: (machine) => {
      const guest = guests.get(machine.uuid);
      const leftMs = (guest?.untilMs ?? 0) - clock.now();
      if (guest && leftMs > 0) {
        throw unavailable(
          machine.name,
          `silent ${guests.get(machine.uuid)?.silences} times, asked again in ${Math.ceil(leftMs / 1000)} s`,
        );
      }
    },
    note: (uuid, what) => {
      if (what === 'answered') {
        guests.delete(uuid);
        return;
      }
      const silences = (guests.get(uuid)?.silences ?? 0) + 1;
      const pauseMs = silences < silencesToOpen ? 0 : firstPauseMs * 2 ** (silences - silencesToOpen);
      guests.set(uuid, { silences, untilMs: clock.now() + Math.min(pauseMs, longestPauseMs) });
    },
  };
}
