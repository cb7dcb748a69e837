import { validateDetailed } from 'node-cron';
import * as z from 'zod';

const scheduleForm =
  'a schedule as cron writes it: minute, hour, day of month, month, day of week, as in "30 2 * * 6"; at most one start a minute';

/** When something begins, in the syntax of node-cron. */
export const schedule = z
  .string()
  .max(200, 'at most 200 characters')
  .refine(isSchedule, { error: scheduleForm })
  .meta({ title: 'schedule' });

/** A time zone that this machine knows. */
export const timeZone = z
  .string()
  .max(100, 'at most 100 characters')
  .refine(isTimeZone, { error: 'a name of the IANA time zone database, such as UTC or Europe/Berlin' })
  .meta({ title: 'time zone' });

function isSchedule(text: string): boolean {
  const { valid, fields } = validateDetailed(text);
  return valid && fields?.second.length === 1;
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== null;
  } catch {
    return false;
  }
}
