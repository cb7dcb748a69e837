import type { Path } from './kind.ts';

const maxLength = 60;

/** A value as a message shows it: its first line, shortened, with the credentials of a URL left out. */
export function quote(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'an empty value';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  if (typeof value === 'object') return 'a map';
  if (typeof value !== 'string') return String(value);
  const [line = ''] = value.split(/\r?\n/, 1);
  const safe = line.replaceAll(/:\/\/[^/@\s]*@/g, '://***@');
  const isCut = safe.length > maxLength || line.length < value.length;
  return `${JSON.stringify(safe.slice(0, maxLength))}${isCut ? '…' : ''}`;
}

/** `spec.workers[0].replicas`; keys that are no plain words are quoted. */
export function pathText(path: Path): string {
  return path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`;
      if (!/^[A-Za-z0-9_-]+$/.test(part)) return `[${quote(part)}]`;
      return index === 0 ? part : `.${part}`;
    })
    .join('');
}

/** The path that such a text names; the inverse of `pathText` for plain keys. */
export function parsePathText(text: string): Path {
  return [...text.matchAll(/\[(\d+)\]|([^.[\]]+)/g)].map(([, index, key]) =>
    index === undefined ? (key ?? '') : Number(index),
  );
}
