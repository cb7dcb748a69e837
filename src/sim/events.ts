import type { SimEvent, WorldState } from './state.ts';

/** Adds what will happen; of two events at one time the one scheduled first happens first. */
export function schedule(state: WorldState, event: SimEvent): void {
  const { events } = state;
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const found = events[middle];
    if (found !== undefined && found.atMs <= event.atMs) low = middle + 1;
    else high = middle;
  }
  events.splice(low, 0, event);
}

/** Takes back what will no longer happen. */
export function cancel(state: WorldState, isOff: (event: SimEvent) => boolean): void {
  if (state.events.some(isOff)) state.events = state.events.filter((event) => !isOff(event));
}

/** When something happens next, ms since epoch; `null`: never, unless somebody acts. */
export function nextEventAtMs(state: WorldState): number | null {
  return state.events[0]?.atMs ?? null;
}
