import { plain } from '../style.ts';

/** One XML element as text; attributes in the order given, numbers with one decimal at most. Children are elements or escaped text. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  ...children: readonly string[]
): string {
  const told = Object.entries(attributes).map(
    ([key, value]) => ` ${key}="${typeof value === 'number' ? number(value) : escaped(value)}"`,
  );
  return children.length === 0
    ? `<${name}${told.join('')}/>`
    : `<${name}${told.join('')}>${children.join('')}</${name}>`;
}

/** Text from outside, fit to stand in XML. */
export function escaped(text: string): string {
  const names: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return plain(text).replace(/[&<>"']/g, (character) => names[character] ?? '');
}

function number(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** Room that a text takes at most, whatever the font: letters of a sans-serif are seldom wider than this. */
export function roomOf(text: string, fontPx: number): number {
  return [...text].length * fontPx * 0.62;
}

/** A text cut to the room that there is, with a mark where something is missing; empty where not even three letters fit. */
export function fitted(text: string, roomPx: number, fontPx: number): string {
  const characters = [...plain(text)];
  const most = Math.floor(roomPx / (fontPx * 0.62));
  if (characters.length <= most) return characters.join('');
  return most < 4 ? '' : `${characters.slice(0, most - 1).join('')}…`;
}
