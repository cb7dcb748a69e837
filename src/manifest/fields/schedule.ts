import { z } from 'zod';

const NAMES = 'jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat';
const VALUE = `(?:\\*|\\d{1,2}|${NAMES})`;
const PART = `${VALUE}(?:-${VALUE})?(?:/\\d{1,2})?`;
const FIELD = `${PART}(?:,${PART})*`;
const SCHEDULE = new RegExp(`^${FIELD}(?: +${FIELD}){4}$`, 'i');

/** Five fields of cron: minute, hour, day of month, month, day of week. What the calendar cannot make sense of it says itself. */
export const schedule = z
  .string()
  .max(200)
  .regex(SCHEDULE, 'five fields as cron has them: minute, hour, day of month, month, day of week, as in "30 2 * * *"')
  .meta({ title: 'schedule' });

/** A time zone that this machine knows. */
export const timeZone = z
  .string()
  .max(100)
  .refine(isTimeZone, { error: 'a name of the IANA time zone database, such as UTC or Europe/Berlin' })
  .meta({ title: 'time zone' });

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== null;
  } catch {
    return false;
  }
}
