import { type Document, isAlias, isMap, isNode, isScalar, type Range, visit, type YAMLError, type YAMLMap } from 'yaml';
import type { Problem } from '../model/problem.ts';
import { quote } from './quote.ts';

/** A problem before its place is known. */
export type Trouble = Pick<Problem, 'code' | 'found' | 'allowed' | 'message' | 'hint'>;

/** Offsets are characters from the beginning of the file. */
export interface PlacedTrouble {
  readonly offset: number;
  readonly trouble: Trouble;
  readonly relatedOffset?: number | undefined;
}

/** Expansions of one anchor, counted as the yaml package does: nested aliases multiply. */
const maxExpansions = 100;
/** Aliases of one document: expanding takes time with their square. */
const maxAliases = 1000;

type ReadNodes = { readonly value: unknown } | { readonly troubles: readonly PlacedTrouble[] };

/** The document as plain data, or what keeps it from being read so: syntax, tags, keys, aliases without end or measure. */
export function readNodes(yaml: Document): ReadNodes {
  const offset = yaml.range?.[0] ?? 0;
  const syntax = [...yaml.errors, ...yaml.warnings];
  const directives = yaml.directives?.yaml;
  const isOld = directives?.explicit && directives.version !== '1.2';
  const troubles = [...syntax.map(syntaxTrouble), ...(isOld ? [{ offset, trouble: oldVersion }] : [])];
  const all = troubles.length > 0 ? troubles : nodeTroubles(yaml);
  return all.length > 0 ? { troubles: all } : expand(yaml);
}

export const tooDeep: Trouble = {
  code: 'ManifestLimit',
  found: 'very deep nesting',
  allowed: 'at most 100 levels',
  message: 'the text is nested too deeply',
  hint: 'Remove superfluous brackets and levels.',
};

const oldVersion: Trouble = {
  code: 'ManifestSyntax',
  found: 'a %YAML directive',
  allowed: 'YAML 1.2',
  message: 'the document asks for an older YAML, in which `no` and `12:30` mean something else',
  hint: 'Remove the %YAML line.',
};

function syntaxTrouble(error: YAMLError): PlacedTrouble {
  return {
    offset: error.pos[0],
    trouble: {
      code: 'ManifestSyntax',
      found: 'text that is not YAML',
      allowed: 'YAML 1.2',
      message: error.message,
      hint: syntaxHint(error.code),
    },
  };
}

function syntaxHint(code: string): string {
  if (code === 'TAB_AS_INDENT') return 'Indent with spaces; YAML allows no tabs there.';
  if (code === 'TAG_RESOLVE_FAILED') return 'Remove the tag: manifests use plain YAML values.';
  if (code === 'NON_STRING_KEY') return 'Write the key as plain text.';
  return 'Correct the YAML here or just before: quotes, indentation and colons are the usual causes.';
}

function nodeTroubles(yaml: Document): PlacedTrouble[] {
  const found: PlacedTrouble[] = [];
  // Kept here because Alias.resolve searches the whole document each time.
  const anchors = new Map<string, Range>();
  let aliasCount = 0;
  visit(yaml, (_, node) => {
    if (isMap(node)) found.push(...keyTroubles(node));
    if (!isAlias(node)) {
      if (isNode(node) && node.anchor && node.range) anchors.set(node.anchor, node.range);
      return undefined;
    }
    const offset = node.range?.[0] ?? 0;
    if (++aliasCount > maxAliases) {
      found.push({ offset, trouble: bomb });
      return visit.BREAK;
    }
    const target = anchors.get(node.source);
    if (!target) found.push({ offset, trouble: unknownAnchor(node.source) });
    // An alias inside its own anchor would never end.
    else if (target[0] <= offset && offset < target[2]) found.push({ offset, trouble: circle(node.source) });
    return undefined;
  });
  return found;
}

function keyTroubles(map: YAMLMap): PlacedTrouble[] {
  const first = new Map<string, number>();
  return map.items.flatMap(({ key }): PlacedTrouble[] => {
    if (!isScalar(key)) return [];
    const name = String(key.value);
    const offset = key.range?.[0] ?? 0;
    // An object of JavaScript has its prototype there: such a key would vanish without a word.
    if (name === '__proto__') return [{ offset, trouble: protoKey }];
    const relatedOffset = first.get(name);
    if (relatedOffset === undefined) first.set(name, offset);
    return relatedOffset === undefined ? [] : [{ offset, relatedOffset, trouble: twice(name) }];
  });
}

function twice(key: string): Trouble {
  const found = quote(key);
  const hint = 'Remove one of the two.';
  return {
    code: 'ManifestSyntax',
    found,
    allowed: 'each key once',
    message: `the key ${found} stands twice in one map`,
    hint,
  };
}

function unknownAnchor(anchor: string): Trouble {
  const message = `no anchor &${anchor} stands before its alias`;
  const hint = 'Put the text in quotes if no alias is meant.';
  return { code: 'ManifestSyntax', found: quote(`*${anchor}`), allowed: 'the name of an anchor', message, hint };
}

function circle(anchor: string): Trouble {
  const allowed = 'an alias of something that ends before it';
  const message = `the alias *${anchor} contains itself`;
  return { code: 'ManifestSyntax', found: quote(`*${anchor}`), allowed, message, hint: 'Write the value out instead.' };
}

const protoKey: Trouble = {
  code: 'ManifestInvalid',
  found: '"__proto__"',
  allowed: 'any other key',
  message: 'the key "__proto__" is not allowed',
  hint: 'Remove it.',
};

function expand(yaml: Document): ReadNodes {
  try {
    return { value: yaml.toJS({ maxAliasCount: maxExpansions }) };
  } catch (thrown) {
    // The yaml package throws this when it has counted too many aliases while it expands them.
    if (!(thrown instanceof ReferenceError)) throw thrown;
    return { troubles: [{ offset: firstAlias(yaml), trouble: bomb }] };
  }
}

const bomb: Trouble = {
  code: 'ManifestLimit',
  found: 'aliases that multiply',
  allowed: `at most ${maxExpansions} expansions of an anchor and ${maxAliases} aliases a document`,
  message: 'the aliases of the document expand to too much',
  hint: 'Write the values out instead.',
};

function firstAlias(yaml: Document): number {
  let offset = yaml.range?.[0] ?? 0;
  visit(yaml, {
    Alias: (_, node) => {
      offset = node.range?.[0] ?? offset;
      return visit.BREAK;
    },
  });
  return offset;
}
