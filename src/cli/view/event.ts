import { plain, type Style } from './style.ts';

/** One event on one line. What is not an event of a known form is left out. */
export function eventText(event: unknown, style: Style): string {
  if (typeof event !== 'object' || event === null) return '';
  const { atMs, type, object, reason, message } = event as Readonly<Record<string, unknown>>;
  if (typeof atMs !== 'number') return '';
  const time = new Date(atMs).toISOString().replace(/\.\d+Z$/, 'Z');
  const kind = type === 'Warning' ? style.warn(String(reason)) : style.good(String(reason));
  return `${style.dim(time)} ${plain(String(object))} ${kind}: ${plain(String(message))}\n`;
}
