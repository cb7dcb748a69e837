/** Where times lie on the picture. Stretches in which nothing begins or ends are drawn short, with a break. */
export interface Scale {
  x(ms: number): number;
  readonly ticks: readonly { readonly ms: number; readonly x: number }[];
  readonly breaks: readonly { readonly x: number; readonly ms: number }[];
}

const BREAK_PX = 44;
const LEAST_BREAK_MS = 15 * 60_000;
/** Of the whole time that a stretch must take to be drawn short. */
const LEAST_BREAK_SHARE = 0.2;
const TICK_ROOM_PX = 74;
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const STEPS: readonly number[] = [
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 6, 12, 24, 48, 168].map((hours) => hours * HOUR),
];

interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
  readonly fromPx: number;
  readonly toPx: number;
  readonly isBreak: boolean;
}

/** `times`: all at which something begins or ends. */
export function timeScale(times: readonly number[], endMs: number, leftPx: number, widthPx: number): Scale {
  const stretches = stretchesOf(times, Math.max(1, endMs), leftPx, widthPx);
  const x = (ms: number): number => {
    const found = stretches.find((entry) => ms <= entry.toMs) ?? stretches.at(-1);
    if (!found) return leftPx;
    const share = Math.max(0, ms - found.fromMs) / Math.max(1, found.toMs - found.fromMs);
    return found.fromPx + Math.min(1, share) * (found.toPx - found.fromPx);
  };
  return {
    x,
    ticks: ticksOf(stretches, x),
    breaks: stretches
      .filter((entry) => entry.isBreak)
      .map(({ fromPx, toPx, fromMs, toMs }) => ({ x: (fromPx + toPx) / 2, ms: toMs - fromMs })),
  };
}

function stretchesOf(times: readonly number[], endMs: number, leftPx: number, widthPx: number): readonly Stretch[] {
  const edges = [...new Set([0, ...times.filter((ms) => ms > 0 && ms < endMs), endMs])].sort((a, b) => a - b);
  const gaps = edges.slice(1).map((toMs, index) => ({ fromMs: edges[index] ?? 0, toMs }));
  const isBreak = ({ fromMs, toMs }: { fromMs: number; toMs: number }): boolean =>
    toMs - fromMs > Math.max(LEAST_BREAK_MS, endMs * LEAST_BREAK_SHARE);
  const breaks = gaps.filter(isBreak);
  const drawnMs = endMs - breaks.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
  const pxPerMs = (widthPx - breaks.length * BREAK_PX) / Math.max(1, drawnMs);
  let px = leftPx;
  return gaps.map((gap) => {
    const fromPx = px;
    px += isBreak(gap) ? BREAK_PX : (gap.toMs - gap.fromMs) * pxPerMs;
    return { ...gap, fromPx, toPx: px, isBreak: isBreak(gap) };
  });
}

function ticksOf(stretches: readonly Stretch[], x: (ms: number) => number): Scale['ticks'] {
  const drawn = stretches.filter((entry) => !entry.isBreak);
  const ms = drawn.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
  const px = drawn.reduce((sum, { fromPx, toPx }) => sum + toPx - fromPx, 0);
  const step = STEPS.find((candidate) => (candidate / Math.max(1, ms)) * px >= TICK_ROOM_PX) ?? STEPS.at(-1) ?? HOUR;
  const ticks: { ms: number; x: number }[] = [];
  const breaks = stretches.filter((entry) => entry.isBreak);
  for (const { fromMs, toMs } of drawn) {
    for (let at = Math.ceil(fromMs / step) * step; at <= toMs; at += step) {
      const place = x(at);
      const isCrowded = ticks.some((tick) => Math.abs(tick.x - place) < TICK_ROOM_PX * 0.8);
      const isAtBreak = breaks.some((entry) => place > entry.fromPx - 30 && place < entry.toPx + 30);
      if (!isCrowded && !isAtBreak) ticks.push({ ms: at, x: place });
    }
  }
  return ticks;
}
