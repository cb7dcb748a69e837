import { Composer, type CST, type Document, type LineCounter, Parser } from 'yaml';

/**
 * Levels of maps and lists in one document. Composing recurses, and where text of a commit takes the stack to its end,
 * Node does not throw but may die: the engine compiles regular expressions there and gives up without them.
 */
const maxDepth = 100;

const options = {
  version: '1.2',
  // Numbers and dates as keys stay text, and a map as a key is an error instead of a made-up text.
  stringKeys: true,
  // readNodes reports both places of a key that stands twice.
  uniqueKeys: false,
  // !!binary, !!timestamp and !!set yield values that are no JSON.
  resolveKnownTags: false,
  prettyErrors: false,
  logLevel: 'silent',
} as const;

/** A document, or the offset at which one is nested too deeply; nothing follows that. */
export type Composed = { readonly yaml: Document } | { readonly tooDeepAt: number };

/** The documents of a text, one by one, so that the reader may stop; `lines` learns where lines begin. */
export function* composeDocuments(text: string, lines: LineCounter): Generator<Composed> {
  const composer = new Composer(options);
  for (const token of new Parser(lines.addNewLine).parse(text)) {
    const tooDeepAt = token.type === 'document' ? deepOffset(token) : null;
    if (tooDeepAt !== null) {
      yield { tooDeepAt };
      return;
    }
    for (const yaml of composer.next(token)) yield { yaml };
  }
  for (const yaml of composer.end()) yield { yaml };
}

/** Where a document exceeds the depth, or `null`. A walk with a list of its own, because recursion is what it guards. */
function deepOffset(document: CST.Document): number | null {
  const open: { readonly token: CST.Token | null | undefined; readonly depth: number }[] = [
    { token: document.value, depth: 0 },
  ];
  for (let next = open.pop(); next; next = open.pop()) {
    const { token, depth } = next;
    if (!token || !('items' in token)) continue;
    if (depth >= maxDepth) return token.offset;
    for (const { key, value } of token.items)
      open.push({ token: key, depth: depth + 1 }, { token: value, depth: depth + 1 });
  }
  return null;
}
