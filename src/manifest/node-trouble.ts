import { type Document, isAlias, isPair, isScalar, visit, type YAMLError } from 'yaml';
import type { Problem } from '../model/problem.ts';
import { quote } from './quote.ts';

/** A problem before its place is known. */
export type Trouble = Pick<Problem, 'code' | 'found' | 'allowed' | 'message' | 'hint'>;

export interface PlacedTrouble {
  readonly offset: number;
  readonly trouble: Trouble;
}

/** Expansions of one anchor, counted as the yaml package does: nested aliases multiply. */
const maxAliases = 100;

/** The document as plain data, or what keeps it from being read so: syntax, tags, aliases without end or measure. */
export function readNodes(
  yaml: Document,
): { readonly value: unknown } | { readonly troubles: readonly PlacedTrouble[] } {
  const syntax = [...yaml.errors, ...yaml.warnings].map(syntaxTrouble);
  const directives = yaml.directives?.yaml;
  if (directives?.explicit && directives.version !== '1.2')
    syntax.push({ offset: yaml.range?.[0] ?? 0, trouble: oldVersion });
  const troubles = syntax.length > 0 ? syntax : unsafeNodes(yaml);
  return troubles.length > 0 ? { troubles } : expand(yaml);
}

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
  if (code === 'DUPLICATE_KEY') return 'Remove one of the two keys.';
  if (code === 'TAG_RESOLVE_FAILED') return 'Remove the tag: manifests use plain YAML values.';
  if (code === 'NON_STRING_KEY') return 'Write the key as plain text.';
  return 'Correct the YAML here or just before: quotes, indentation and colons are the usual causes.';
}

/** Aliases that contain themselves, which would never end, and the one key that JavaScript objects do not hold. */
function unsafeNodes(yaml: Document): PlacedTrouble[] {
  const found: PlacedTrouble[] = [];
  visit(yaml, (_, node) => {
    if (isAlias(node)) {
      const offset = node.range?.[0] ?? 0;
      const target = node.resolve(yaml)?.range;
      if (target && target[0] <= offset && offset < target[2]) found.push({ offset, trouble: circle(node.source) });
    }
    if (isPair(node) && isScalar(node.key) && node.key.value === '__proto__') {
      found.push({ offset: node.key.range?.[0] ?? 0, trouble: protoKey });
    }
  });
  return found;
}

function circle(anchor: string): Trouble {
  return {
    code: 'ManifestSyntax',
    found: quote(`*${anchor}`),
    allowed: 'an alias of something that ends before it',
    message: `the alias *${anchor} contains itself`,
    hint: 'Write the value out instead.',
  };
}

const protoKey: Trouble = {
  code: 'ManifestInvalid',
  found: '"__proto__"',
  allowed: 'any other key',
  message: 'the key "__proto__" is not allowed',
  hint: 'Remove it.',
};

function expand(yaml: Document): ReturnType<typeof readNodes> {
  try {
    return { value: yaml.toJS({ maxAliasCount: maxAliases }) };
  } catch (thrown) {
    // The yaml package throws this when it has counted too many aliases while it expands them.
    if (!(thrown instanceof ReferenceError)) throw thrown;
    return { troubles: [{ offset: firstAlias(yaml), trouble: bomb }] };
  }
}

const bomb: Trouble = {
  code: 'ManifestLimit',
  found: 'aliases that multiply',
  allowed: `at most ${maxAliases} expansions of an anchor`,
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
