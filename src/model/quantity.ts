const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};
const QUANTITY = /^(\d+(?:\.\d+)?)(k|M|G|T|Ki|Mi|Gi|Ti)?$/;
const DURATION = /^(?:\d+(?:ms|s|m|h|d))+$/;
const DURATION_UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Bytes of a Kubernetes quantity (`2Gi`, `500M`, a plain number of bytes), or `null` if it is not one. */
export function parseQuantityBytes(quantity: string | number): number | null {
  const match = QUANTITY.exec(String(quantity));
  if (!match) return null;
  const unit = UNITS[match[2] ?? ''];
  return unit === undefined ? null : Math.round(Number(match[1]) * unit);
}

/** Whole MiB of a quantity, rounded up; throws a plain Error on what validation should have refused. */
export function quantityMiB(quantity: string | number): number {
  const bytes = parseQuantityBytes(quantity);
  if (bytes === null) throw new Error(`not a quantity: ${quantity}`);
  return Math.ceil(bytes / 2 ** 20);
}

/** Milliseconds of a duration as Go writes it (`90s`, `1h30m`; also `d` for days), or `null` if it is not one. */
export function parseDurationMs(duration: string): number | null {
  if (!DURATION.test(duration)) return null;
  let total = 0;
  for (const [, amount, unit] of duration.matchAll(/(\d+)(ms|s|m|h|d)/g)) {
    total += Number(amount) * (DURATION_UNITS_MS[unit ?? ''] ?? 0);
  }
  return total;
}
