import { stripVTControlCharacters, styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];
const levelStyles: Readonly<Record<string, Style>> = { debug: 'gray', info: 'cyan', warn: 'yellow', error: 'red' };

/** A JSON log line as a person reads it: `12:00:01 info  message  name=value`. Text from outside cannot steer the terminal. */
export function renderLogLine(line: string, useColor: boolean): string {
  const { time, level, message, error, ...fields } = JSON.parse(line);
  const style = (format: Style, text: string): string =>
    useColor ? styleText(format, text, { validateStream: false }) : text;
  const parts = [
    style('gray', String(time).slice(11, 19)),
    style(levelStyles[level] ?? 'reset', String(level).padEnd(5)),
    printable(String(message ?? '')),
    ...Object.entries(fields).map(([name, value]) => `${style('gray', `${printable(name)}=`)}${renderValue(value)}`),
  ];
  const errorText = error === undefined ? '' : `\n         ${renderError(error)}`;
  return `${parts.join(' ')}${errorText}\n`;
}

function renderValue(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /^[^\s"=]+$/.test(text) ? printable(text) : JSON.stringify(printable(text));
}

function renderError(error: unknown): string {
  if (typeof error !== 'object' || error === null) return printable(String(error));
  const { code, message, hint } = error as { code?: unknown; message?: unknown; hint?: unknown };
  return [code, message, hint]
    .filter((part) => typeof part === 'string')
    .map((part) => printable(String(part)))
    .join(': ');
}

function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out here
  return stripVTControlCharacters(text).replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
}
