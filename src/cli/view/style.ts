import { stripVTControlCharacters, styleText } from 'node:util';

/** Colours by meaning, or none at all. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  warn(text: string): string;
  bad(text: string): string;
  busy(text: string): string;
}

type Format = Parameters<typeof styleText>[0];

export function createStyle(useColor: boolean): Style {
  const as = (format: Format) => (text: string) =>
    useColor && text !== '' ? styleText(format, text, { validateStream: false }) : text;
  return { bold: as('bold'), dim: as('gray'), good: as('green'), warn: as('yellow'), bad: as('red'), busy: as('cyan') };
}

/** Text from outside on one line, without anything that could steer a terminal. */
export function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out here
  return stripVTControlCharacters(text).replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
}

/** Columns that a text takes on a terminal, colours left out. */
export function widthOf(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}

/** Cut to at most `columns`, with a mark where something is missing. Only for text without colours. */
export function cut(text: string, columns: number): string {
  const characters = [...text];
  return characters.length <= columns ? text : `${characters.slice(0, Math.max(0, columns - 1)).join('')}…`;
}

/** A value of a changed field on part of a line. */
export function valueText(value: unknown): string {
  const text = plain(typeof value === 'string' ? value : (JSON.stringify(value) ?? 'none'));
  // A digest is told apart by its beginning.
  return cut(text.replaceAll(/(sha(?:256|512):[0-9a-f]{12})[0-9a-f]+/g, '$1…'), 60);
}

/** Words wrapped to lines of at most `columns`; a longer word stands alone on its line. */
export function wrap(text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= columns) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
