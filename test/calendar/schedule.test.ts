import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openSchedule } from '../../src/calendar/schedule.ts';

const at = (text: string) => Date.parse(text);
const text = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString().slice(0, 16));
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

describe('a schedule', () => {
  it('goes by the clocks of its zone, in summer and in winter', async () => {
    const schedule = await openSchedule('0 2 * * 6', 'Europe/Berlin');
    expect(text(schedule.nextAfter(at('2027-01-04T00:00Z')))).toBe('2027-01-09T01:00');
    expect(text(schedule.nextAfter(at('2027-07-05T00:00Z')))).toBe('2027-07-10T00:00');
    expect(text(schedule.latestUntil(at('2027-07-16T00:00Z')))).toBe('2027-07-10T00:00');
  });

  it('starts after the clocks have jumped when they skip its time, and not a day later', async () => {
    const schedule = await openSchedule('30 2 * * *', 'Europe/Berlin');
    expect(schedule.startsIn(at('2027-03-27T12:00Z'), at('2027-03-29T12:00Z')).map(text)).toEqual([
      '2027-03-28T01:30',
      '2027-03-29T00:30',
    ]);
  });

  it('starts once, the first time, when its hour comes twice', async () => {
    const schedule = await openSchedule('30 2 * * *', 'Europe/Berlin');
    expect(schedule.startsIn(at('2027-10-30T12:00Z'), at('2027-11-01T12:00Z')).map(text)).toEqual([
      '2027-10-31T00:30',
      '2027-11-01T01:30',
    ]);
    for (const from of ['2027-10-30T22:00Z', '2027-10-31T00:00Z', '2027-10-31T00:29Z'])
      expect(text(schedule.nextAfter(at(from)))).toBe('2027-10-31T00:30');
    expect(text(schedule.nextAfter(at('2027-10-31T00:45Z')))).toBe('2027-11-01T01:30');
  });

  it('knows zones that change by half an hour', async () => {
    const schedule = await openSchedule('15 2 * * *', 'Australia/Lord_Howe');
    expect(text(schedule.nextAfter(at('2027-10-02T12:00Z')))).toBe('2027-10-02T15:45');
  });

  it('finds a rare day years away, and the last one years ago', async () => {
    const schedule = await openSchedule('0 0 29 2 *', 'UTC');
    expect(text(schedule.nextAfter(at('2025-03-01T00:00Z')))).toBe('2028-02-29T00:00');
    expect(text(schedule.latestUntil(at('2027-03-01T00:00Z')))).toBe('2024-02-29T00:00');
  });

  it('says the same from wherever one asks, over changes of the clocks too', async () => {
    const zones = fc.constantFrom(
      'UTC',
      'Europe/Berlin',
      'America/New_York',
      'Australia/Lord_Howe',
      'Africa/Casablanca',
    );
    const expressions = fc.constantFrom('30 2 * * *', '0 */6 * * *', '15 1-4 * * *', '0 3 * * 0', '45 23 1,15 * *');
    const span = fc.tuple(fc.integer({ min: 0, max: 800 }), fc.integer({ min: 1, max: 24 * 12 }));
    await fc.assert(
      fc.asyncProperty(zones, expressions, span, fc.nat(1_000), async (zone, expression, [day, hours], part) => {
        const schedule = await openSchedule(expression, zone);
        const fromMs = at('2026-01-01T00:00Z') + day * DAY_MS;
        const toMs = fromMs + hours * HOUR_MS;
        const starts = schedule.startsIn(fromMs, toMs);
        const steps: number[] = [];
        for (let ms = schedule.nextAfter(fromMs); ms !== null && ms <= toMs; ms = schedule.nextAfter(ms))
          steps.push(ms);
        expect(steps).toEqual(starts);
        const atMs = fromMs + ((toMs - fromMs) * part) / 1_000;
        const before = starts.filter((ms) => ms <= atMs).at(-1);
        if (before !== undefined) expect(schedule.latestUntil(atMs)).toBe(before);
        expect([...schedule.startsIn(fromMs, atMs), ...schedule.startsIn(atMs, toMs)]).toEqual(starts);
      }),
      { numRuns: 60 },
    );
  });
});
