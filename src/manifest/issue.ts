import type * as z from 'zod';
import type { ErrorCode } from '../model/error-codes.ts';
import type { Path } from './kind.ts';
import { didYouMean, nearest } from './near.ts';
import { pathText, quote } from './quote.ts';
import { keysAt, titleAt } from './schema-keys.ts';

/** A problem of one document before its place in the text is known. */
export interface DocumentProblem {
  readonly code: ErrorCode;
  readonly path: Path;
  readonly found: string;
  readonly allowed: string;
  readonly message: string;
  readonly hint: string;
  readonly related?: Path | undefined;
  /** Whether the key is what is wrong, not its value. */
  readonly isKey?: boolean;
  /** Of a key that is not known: the one that was most likely meant, if any. */
  readonly means?: string;
  /** A required key that is not there. */
  readonly isMissing?: boolean;
}

type Issue = z.core.$ZodIssue;

/** What zod found in a document, in words of ours: the path, what stands there, what may stand there. */
export function issueProblems(schema: z.ZodObject, value: unknown, issue: Issue): readonly DocumentProblem[] {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownKey([...path, key], key, keysAt(schema, path)));
  }
  if (issue.code === 'invalid_key') return [wrongKey(path, issue.issues[0]?.message ?? 'another key')];
  const found = valueAt(value, path);
  const allowed = issue.code === 'invalid_type' ? typeText(issue.expected, titleAt(schema, path)) : allowedText(issue);
  if (found === undefined) return [missing(path, allowed)];
  const place = pathText(path) || 'the document';
  const message =
    issue.code === 'invalid_type'
      ? `${place} is ${typedQuote(found)}; expected: ${allowed}`
      : `${place} is ${quote(found)}; allowed: ${allowed}`;
  return [{ code: 'ManifestInvalid', path, found: quote(found), allowed, message, hint: hintFor(issue, found, path) }];
}

/** A required key that is only misspelt is one problem: the key that is not known, which names the one that was meant. */
export function withoutMisspelt(problems: readonly DocumentProblem[]): readonly DocumentProblem[] {
  const meant = new Set(
    problems.flatMap(({ path, means }) => (means ? [pathText([...path.slice(0, -1), means])] : [])),
  );
  return problems.filter(({ path, isMissing }) => !isMissing || !meant.has(pathText(path)));
}

function unknownKey(path: Path, key: string, known: readonly string[]): DocumentProblem {
  const parent = pathText(path.slice(0, -1)) || 'the document';
  const allowed = known.length > 0 ? known.join(', ') : 'no key';
  const means = key === '<<' ? null : nearest(key, known);
  const hint =
    key === '<<'
      ? 'YAML merge keys are not supported: repeat the fields, or use an alias for the whole value.'
      : didYouMean(key, known, `Allowed are: ${allowed}.`);
  return {
    code: 'ManifestInvalid',
    path,
    found: quote(key),
    allowed,
    message: `unknown key ${quote(key)} in ${parent}`,
    hint,
    isKey: true,
    ...(means === null ? {} : { means }),
  };
}

function wrongKey(path: Path, allowed: string): DocumentProblem {
  const key = quote(path[path.length - 1]);
  const message = `the key ${key} in ${pathText(path.slice(0, -1))} is not allowed; allowed: ${allowed}`;
  return { code: 'ManifestInvalid', path, found: key, allowed, message, hint: 'Rename the key.', isKey: true };
}

function missing(path: Path, allowed: string): DocumentProblem {
  return {
    code: 'ManifestInvalid',
    path,
    found: 'nothing',
    allowed,
    message: `${pathText(path)} is missing`,
    hint: `Add it: ${allowed}.`,
    isMissing: true,
  };
}

/** The value at a path of plain data; `undefined` where there is none. */
export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, part) => {
    if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, part)) return undefined;
    return (inner as Record<string | number, unknown>)[part];
  }, value);
}

const typeWords: Readonly<Record<string, string>> = {
  string: 'text',
  int: 'whole number',
  number: 'number',
  boolean: 'true or false',
  array: 'list',
  object: 'map',
  record: 'map',
};

function typeText(expected: string, title: string | null): string {
  const word = typeWords[expected] ?? expected;
  return title === null || title === word ? word : expected === 'string' ? `${title} (text)` : title;
}

function allowedText(issue: Issue): string {
  if (issue.code === 'invalid_value') return issue.values.map(String).join(', ');
  // The messages of zod begin so where the schema gives none of its own.
  if (issue.code === 'too_small' && issue.message.startsWith('Too'))
    return bound('at least', issue.minimum, issue.origin);
  if (issue.code === 'too_big' && issue.message.startsWith('Too')) return bound('at most', issue.maximum, issue.origin);
  return issue.message;
}

function bound(words: string, limit: number | bigint, origin: string): string {
  const unit = origin === 'string' ? ' characters' : origin === 'array' ? ' elements' : '';
  return `${words} ${limit}${unit}`;
}

function typedQuote(value: unknown): string {
  if (typeof value === 'string') return `the text ${quote(value)}`;
  return typeof value === 'number' ? `the number ${value}` : quote(value);
}

function hintFor(issue: Issue, found: unknown, path: Path): string {
  const seeDocs = `docs/manifest.md describes ${fieldText(path)}.`;
  if (issue.code === 'custom' && typeof issue.params?.['hint'] === 'string') return issue.params['hint'];
  if (issue.code === 'invalid_value' && typeof found === 'string') {
    return didYouMean(found, issue.values.map(String), seeDocs);
  }
  if (issue.code !== 'invalid_type') return seeDocs;
  if (found === null) return 'Give it a value, or remove the key.';
  if (issue.expected === 'string' && typeof found !== 'object') return `Put it in quotes: "${String(found)}".`;
  if (typeof found === 'string' && ['int', 'number', 'boolean'].includes(issue.expected)) {
    return 'Write it without quotes, as YAML has it.';
  }
  return seeDocs;
}

/** The path as the documentation has it, without the indexes of list elements. */
function fieldText(path: Path): string {
  return pathText(path).replaceAll(/\[\d+\]/g, '[]');
}
