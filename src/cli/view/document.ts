import { stringify } from 'yaml';

/** A value as JSON or YAML, with a line end. */
export function documentText(value: unknown, output: 'json' | 'yaml'): string {
  if (output === 'json') return `${JSON.stringify(value, null, 2)}\n`;
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
}
