const DAY_MS = 86_400_000;

/** Clocks of one time zone. A wall time is what they show, in ms as if it were UTC. */
export interface Zone {
  /** What the clocks show at an instant. */
  wallAt(instantMs: number): number;
  /**
   * When they show it. A wall time that the clocks skip is when they would have shown it without the change (02:30 is 03:30); one that comes twice
   * is its first time.
   */
  instantOf(wallMs: number): number;
  /** Whether clocks are not changed in the day before and after. */
  isSteady(instantMs: number): boolean;
}

/** A `RangeError` of Intl for a name that this machine does not know. */
export function openZone(name: string): Zone {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const readOffset = (instantMs: number): number => {
    const seconds = Math.floor(instantMs / 1000) * 1000;
    const parts = format.formatToParts(seconds);
    const part = (type: string) => Number(parts.find((entry) => entry.type === type)?.value);
    const day = Date.UTC(part('year'), part('month') - 1, part('day'));
    return day + ((part('hour') * 60 + part('minute')) * 60 + part('second')) * 1000 - seconds;
  };
  /** By UTC day: the offset at its beginning. Asking Intl is what costs. */
  const ofDays = new Map<number, number>();
  const offsetOfDay = (day: number): number => {
    const offset = ofDays.get(day) ?? readOffset(day * DAY_MS);
    ofDays.set(day, offset);
    return offset;
  };
  const offsetAt = (instantMs: number): number => {
    const day = Math.floor(instantMs / DAY_MS);
    const offset = offsetOfDay(day);
    return offset === offsetOfDay(day + 1) ? offset : readOffset(instantMs);
  };
  return {
    wallAt: (instantMs) => instantMs + offsetAt(instantMs),
    isSteady: (instantMs) => offsetAt(instantMs - DAY_MS) === offsetAt(instantMs + DAY_MS),
    instantOf(wallMs) {
      // No zone changes twice within two days, so these are the offsets before and after the change, if there is one.
      const before = offsetAt(wallMs - DAY_MS);
      const after = offsetAt(wallMs + DAY_MS);
      const isAfter = offsetAt(wallMs - before) !== before && offsetAt(wallMs - after) === after;
      return isAfter ? wallMs - after : wallMs - before;
    },
  };
}
