import type { z } from 'zod';
import type { ErrorCode } from '../model/error-codes.ts';
import type { Path } from './kind.ts';
import { didYouMean } from './near.ts';
import { pathText, quote } from './quote.ts';
import { keysAt } from './schema-keys.ts';

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
}

type Issue = z.core.$ZodIssue;

/** What zod found in a document, in words of ours: the path, what stands there, what may stand there. */
export function issueProblems(schema: z.ZodObject, value: unknown, issue: Issue): readonly DocumentProblem[] {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownKey([...path, key], key, keysAt(schema, path)));
  }
  const found = valueAt(value, path);
  const allowed = allowedText(issue);
  if (found === undefined && issue.code !== 'invalid_key') return [missing(path, allowed)];
  const place = pathText(path) || 'the document';
  return [
    {
      code: 'ManifestInvalid',
      path,
      found: quote(found),
      allowed,
      message:
        issue.code === 'invalid_type'
          ? `${place} is ${kindOf(found)} (${quote(found)}), expected is ${allowed}`
          : `${place} is ${quote(found)}, allowed is ${allowed}`,
      hint: hintFor(issue, found, allowed),
    },
  ];
}

function unknownKey(path: Path, key: string, known: readonly string[]): DocumentProblem {
  const parent = pathText(path.slice(0, -1)) || 'the document';
  const allowed = known.length > 0 ? known.join(', ') : 'no key';
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
  };
}

function missing(path: Path, allowed: string): DocumentProblem {
  return {
    code: 'ManifestInvalid',
    path,
    found: 'nothing',
    allowed,
    message: `${pathText(path)} is missing`,
    hint: `Add it: ${allowed}.`,
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
  string: 'a text',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  record: 'a map',
};

function allowedText(issue: Issue): string {
  if (issue.code === 'invalid_type') return typeWords[issue.expected] ?? issue.expected;
  if (issue.code === 'invalid_value') return issue.values.map(String).join(', ');
  if (issue.code === 'too_small') return bound('at least', Number(issue.minimum), issue.origin);
  if (issue.code === 'too_big' && issue.message.startsWith('Too big'))
    return bound('at most', Number(issue.maximum), issue.origin);
  if (issue.code === 'invalid_key') return `as key ${issue.issues[0]?.message ?? 'another text'}`;
  return issue.message;
}

function bound(words: string, limit: number, origin: string): string {
  const unit = origin === 'string' ? ' characters' : origin === 'array' ? ' elements' : '';
  return `${words} ${limit}${unit}`;
}

function kindOf(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  return typeWords[typeof value === 'number' && Number.isInteger(value) ? 'int' : typeof value] ?? typeof value;
}

function hintFor(issue: Issue, found: unknown, allowed: string): string {
  if (issue.code === 'custom' && typeof issue.params?.['hint'] === 'string') return issue.params['hint'];
  if (issue.code === 'invalid_value' && typeof found === 'string') {
    return didYouMean(found, issue.values.map(String), `Allowed are: ${allowed}.`);
  }
  if (issue.code !== 'invalid_type') return `Write ${allowed}.`;
  if (found === null) return 'Give it a value, or remove the key.';
  if (issue.expected === 'string' && typeof found !== 'object') return `Put it in quotes: "${String(found)}".`;
  if (typeof found === 'string' && (issue.expected === 'int' || issue.expected === 'boolean')) {
    return 'Write it without quotes, as YAML has it.';
  }
  return `Write ${allowed}.`;
}
