import * as z from 'zod';
import { parseDurationMs, parseQuantityBytes } from '../../model/quantity.ts';

const QUANTITY = /^\d+(?:\.\d+)?(?:k|M|G|T|Ki|Mi|Gi|Ti)?$/;
const DURATION = /^(?:\d+(?:ms|s|m|h|d))+$/;
const YEAR_MS = 366 * 86_400_000;
const MAX_BYTES = 64 * 2 ** 40;

/** A quantity of bytes from `minimum` (itself a quantity, inclusive) to 64Ti. */
export function byteQuantity(minimum: string): z.ZodUnion<readonly [z.ZodString, z.ZodNumber]> {
  const allowed = `a quantity such as 512Mi, 4Gi or 20G, from ${minimum} to 64Ti`;
  const least = parseQuantityBytes(minimum) ?? 0;
  return z
    .union([z.string().regex(QUANTITY, allowed), z.number().min(1, allowed).max(MAX_BYTES, allowed)], {
      error: allowed,
    })
    .refine(
      (quantity) => {
        const bytes = parseQuantityBytes(quantity);
        return bytes !== null && bytes >= least && bytes <= MAX_BYTES;
      },
      { error: allowed, params: { hint: 'Write the unit; a number without one counts bytes.' } },
    )
    .meta({ title: 'quantity' });
}

const durationForm = 'a duration such as 90s, 15m or 1h30m, more than zero and at most a year';

export const duration = z
  .string()
  .regex(DURATION, durationForm)
  .refine(
    (text) => {
      const ms = parseDurationMs(text);
      return ms !== null && ms > 0 && ms <= YEAR_MS;
    },
    { error: durationForm },
  )
  .meta({ title: 'duration' });

/** A whole number in a range, both ends included. */
export function wholeNumber(minimum: number, maximum: number): z.ZodInt {
  return z.int().min(minimum).max(maximum).meta({ title: 'whole number' });
}
