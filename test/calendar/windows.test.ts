import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openSchedule } from '../../src/calendar/schedule.ts';
import { judgeWindows, type OpenedWindow } from '../../src/calendar/windows.ts';
import type { DesiredWindow } from '../../src/model/desired.ts';

const HOUR_MS = 3_600_000;
const at = (text: string) => Date.parse(text);
const text = (ms: number | null | undefined) => (ms ? new Date(ms).toISOString().slice(0, 16) : null);

async function opened(
  kind: DesiredWindow['kind'],
  schedule: string,
  hours: number,
  timeZone = 'UTC',
  overrunHours = 0,
): Promise<OpenedWindow> {
  const starts = await openSchedule(schedule, timeZone);
  const [durationMs, overrunMs] = [hours * HOUR_MS, overrunHours * HOUR_MS];
  return { kind, schedule, duration: `${hours}h`, durationMs, timeZone, overrunMs, starts };
}

describe('windows', () => {
  it('are open at any time where none allows and none denies', () => {
    expect(judgeWindows([], at('2027-06-01T12:00Z'))).toEqual({
      validUntilMs: expect.any(Number),
      state: expect.objectContaining({ isOpen: true, untilMs: null, nextOpenMs: null }),
    });
  });

  it('open and shut by the clocks of their zone', async () => {
    const nights = await opened('allow', '0 2 * * 6', 4, 'Europe/Berlin');
    const friday = judgeWindows([nights], at('2027-07-09T12:00Z')).state;
    expect([friday.isOpen, text(friday.nextOpenMs)]).toEqual([false, '2027-07-10T00:00']);
    expect(friday.reason).toContain('"0 2 * * 6" for 4h, Europe/Berlin');
    const saturday = judgeWindows([nights], at('2027-07-10T01:00Z')).state;
    expect([saturday.isOpen, text(saturday.untilMs), saturday.nextOpenMs]).toEqual([true, '2027-07-10T04:00', null]);
    expect(judgeWindows([nights], at('2027-07-10T04:00Z')).state.isOpen).toBe(false);
  });

  it('still deny in the night whose clocks skip their start', async () => {
    const closing = await opened('deny', '30 2 * * *', 4, 'Europe/Berlin');
    expect(judgeWindows([closing], at('2027-03-28T03:00Z')).state.isOpen).toBe(false);
  });

  it('that follow one another are one window', async () => {
    const shifts = await opened('allow', '0 */6 * * 1-5', 6);
    const state = judgeWindows([shifts], at('2027-06-02T13:00Z')).state;
    expect([state.isOpen, text(state.untilMs)]).toEqual([true, '2027-06-05T00:00']);
  });

  it('that are denied say when the denial ends, or when after it a window opens', async () => {
    const freeze = await opened('deny', '0 0 20 12 *', 24 * 17);
    const nights = await opened('allow', '0 2 * * 6', 4);
    expect(text(judgeWindows([freeze], at('2026-12-24T18:00Z')).state.nextOpenMs)).toBe('2027-01-06T00:00');
    const both = judgeWindows([nights, freeze], at('2026-12-26T03:00Z')).state;
    expect([both.isOpen, text(both.nextOpenMs)]).toEqual([false, '2027-01-09T02:00']);
    expect(both.reason).toContain('denies');
  });

  it('let a rollout overrun for a while, and never into a denial', async () => {
    const nights = await opened('allow', '0 2 * * *', 2, 'UTC', 1);
    const noon = await opened('deny', '30 4 * * *', 8);
    const overrunAt = (minute: string) =>
      judgeWindows([nights, noon], at(`2027-06-01T${minute}Z`)).state.overrunUntilMs;
    expect([overrunAt('03:30'), text(overrunAt('04:10')), overrunAt('04:40'), overrunAt('05:10')]).toEqual([
      null,
      '2027-06-01T05:00',
      null,
      null,
    ]);
  });

  it('can be such that none ever opens', async () => {
    const always = await opened('deny', '0 * * * *', 1);
    expect(judgeWindows([always], at('2027-06-01T00:30Z')).state).toMatchObject({ isOpen: false, nextOpenMs: null });
  });

  it('deny whatever allows, say the same until they say otherwise, and open when they said', async () => {
    const schedules = fc.constantFrom('0 2 * * *', '30 1 * * 0', '0 */4 * * *', '15 22 * * 1-5', '0 0 1 * *');
    const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York');
    const window = fc.tuple(
      fc.constantFrom('allow' as const, 'deny' as const),
      schedules,
      fc.integer({ min: 1, max: 40 }),
      zones,
    );
    const instants = fc
      .integer({ min: 0, max: 400 * 24 * 60 })
      .map((minute) => at('2026-12-01T00:00Z') + minute * 60_000);
    await fc.assert(
      fc.asyncProperty(fc.array(window, { maxLength: 4 }), instants, fc.nat(999), async (list, nowMs, part) => {
        const windows = await Promise.all(list.map((entry) => opened(...entry)));
        const covers = ({ starts, durationMs }: OpenedWindow, atMs: number) =>
          starts.startsIn(atMs - durationMs, atMs).length > 0;
        const expected = (atMs: number) => {
          const allowing = windows.filter(({ kind }) => kind === 'allow');
          const denies = windows.some((entry) => entry.kind === 'deny' && covers(entry, atMs));
          return !denies && (allowing.length === 0 || allowing.some((entry) => covers(entry, atMs)));
        };
        const { state, validUntilMs } = judgeWindows(windows, nowMs);
        expect(state.isOpen).toBe(expected(nowMs));
        expect(validUntilMs).toBeGreaterThan(nowMs);
        expect(expected(nowMs + Math.floor(((validUntilMs - nowMs) * part) / 1_000))).toBe(state.isOpen);
        if (state.untilMs !== null) {
          expect(expected(state.untilMs)).toBe(!state.isOpen);
          expect(expected(nowMs + Math.floor(((state.untilMs - nowMs) * part) / 1_000))).toBe(state.isOpen);
        }
        expect(state.nextOpenMs).toBe(state.isOpen ? null : state.untilMs);
      }),
      { numRuns: 60 },
    );
  });
});
