const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `0.4 s`, `12 s`, `3 min 5 s`, `2 h 5 min`, `3 d 4 h`. */
export function durationText(ms: number): string {
  if (ms < 0) return '0 s';
  if (ms < SECOND) return `${Math.round(ms / 100) / 10} s`;
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`;
  if (ms < HOUR) return two(ms, MINUTE, 'min', SECOND, 's');
  return ms < DAY ? two(ms, HOUR, 'h', MINUTE, 'min') : two(ms, DAY, 'd', HOUR, 'h');
}

function two(ms: number, unitMs: number, unit: string, restMs: number, restUnit: string): string {
  const rest = Math.floor((ms % unitMs) / restMs);
  return `${Math.floor(ms / unitMs)} ${unit}${rest === 0 ? '' : ` ${rest} ${restUnit}`}`;
}

/** The minute of a time, UTC whatever the reader's zone: `2026-11-21T08:38Z`. */
export function minuteText(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 16)}Z`;
}
