import { API_VERSION, type Kind, type Manifest, type Metadata } from '../model/manifest.ts';
import type { Problem } from '../model/problem.ts';
import type { SourceDocument } from './document.ts';
import { type DocumentProblem, issueProblems, valueAt, withoutMisspelt } from './issue.ts';
import type { Draft, Finding, KindDefinition, Path } from './kind.ts';
import { isKind, KINDS } from './kinds.ts';
import { didYouMean } from './near.ts';
import { positionOf } from './position.ts';
import { pathText, quote } from './quote.ts';

/**
 * A document of a known kind with what passed its schema, so that names and references are judged though another field
 * is wrong. `manifest` is there when the whole document is valid by itself.
 */
export type ManifestDraft = {
  readonly [K in Kind]: {
    readonly kind: K;
    readonly document: SourceDocument;
    readonly metadata: Draft<Metadata>;
    readonly spec: Draft<Extract<Manifest, { kind: K }>['spec']>;
    readonly manifest: Extract<Manifest, { kind: K }> | null;
  };
}[Kind];

/** A draft, or `null` for a document whose kind is not known, and every problem of the document by itself. */
export interface Drafted {
  readonly draft: ManifestDraft | null;
  readonly problems: readonly Problem[];
}

/** Judges one document against the schema and the rules of its kind. */
export function draftDocument(document: SourceDocument): Drafted {
  const { value } = document;
  const foreign = foreignDocument(value);
  if (foreign) return { draft: null, problems: [placed(document, foreign)] };
  const kind = valueAt(value, ['kind']) as Kind;
  const definition = KINDS[kind] as unknown as KindDefinition<Manifest>;
  const result = definition.schema.safeParse(value);
  const issues = result.success ? [] : result.error.issues;
  const byField = firstPerPlace(issues.flatMap((issue) => issueProblems(definition.schema, value, issue)));
  const sound = issues.length === 0 ? value : without(value, byField);
  const metadata = mapAt(sound, 'metadata');
  const spec = mapAt(sound, 'spec');
  const byRule = definition
    .rules(spec)
    .filter((finding) => isCertain(finding, byField))
    .map((finding) => fromFinding(finding, value));
  const problems = [...withoutMisspelt(byField), ...byRule].map((problem) => placed(document, problem));
  const at = positionOf(document, []);
  const manifest = problems.length === 0 ? { kind, metadata, spec, at } : null;
  return { draft: { kind, document, metadata, spec, manifest } as ManifestDraft, problems };
}

/** A field that is absent only because it was wrong must not be called absent. */
function isCertain(finding: Finding, byField: readonly DocumentProblem[]): boolean {
  const missing = finding.absent ?? [];
  return !byField.some(({ path }) => missing.some((absent) => path.every((part, index) => part === absent[index])));
}

/** A rule's finding as a problem of its document. */
export function fromFinding(finding: Finding, value: unknown): DocumentProblem {
  const { absent: _, ...rest } = finding;
  return { ...rest, code: finding.code ?? 'ManifestInvalid', found: quote(valueAt(value, finding.path)) };
}

/** A problem with its place in the text. */
export function placed(document: SourceDocument, problem: DocumentProblem): Problem {
  const { path, related, isKey, means: _means, isMissing: _missing, ...texts } = problem;
  const at = positionOf(document, path, isKey ? 'key' : 'value');
  return { ...texts, ...at, path: pathText(path), related: related && positionOf(document, related) };
}

/** What makes a document none of ours. */
function foreignDocument(value: unknown): DocumentProblem | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const found = quote(value);
    const allowed = 'a map with apiVersion, kind, metadata and spec';
    return {
      code: 'ManifestInvalid',
      path: [],
      found,
      allowed,
      message: `the document is ${found}`,
      hint: `Write ${allowed}.`,
    };
  }
  const version = valueAt(value, ['apiVersion']);
  const kind = valueAt(value, ['kind']);
  if (typeof version === 'string' && !version.startsWith('kreconcile.dev/')) {
    return {
      code: 'ManifestInvalid',
      path: ['apiVersion'],
      found: quote(version),
      allowed: API_VERSION,
      message: `apiVersion is ${quote(version)}: this is no manifest of kreconcile`,
      hint: didYouMean(
        version,
        [API_VERSION],
        'Move it out of the manifest folder, or into a folder whose name begins with a dot.',
      ),
    };
  }
  if (typeof kind === 'string' && isKind(kind)) return null;
  const allowed = Object.keys(KINDS).join(', ');
  return {
    code: 'ManifestInvalid',
    path: ['kind'],
    found: quote(kind),
    allowed,
    message: kind === undefined ? 'kind is missing' : `kind is ${quote(kind)}, which is not known`,
    hint: didYouMean(String(kind), Object.keys(KINDS), `Allowed are: ${allowed}.`),
  };
}

/** One problem for each place: a text that is too long and of the wrong form is one mistake. */
function firstPerPlace(problems: readonly DocumentProblem[]): DocumentProblem[] {
  const seen = new Set<string>();
  return problems.filter(({ path }) => {
    const key = JSON.stringify(path);
    return seen.has(key) ? false : seen.add(key);
  });
}

/** A copy without what the problems are about; list elements become `undefined`, so that the others keep their index. */
function without(value: unknown, problems: readonly DocumentProblem[]): unknown {
  const copy: unknown = structuredClone(value);
  for (const { path } of problems) {
    const parent = valueAt(copy, path.slice(0, -1));
    const last = path[path.length - 1];
    if (typeof parent !== 'object' || parent === null || last === undefined) continue;
    if (Array.isArray(parent)) parent[Number(last)] = undefined;
    else delete (parent as Record<string, unknown>)[last];
  }
  return copy;
}

function mapAt(value: unknown, key: string): Record<string, unknown> {
  const inner = valueAt(value, [key] satisfies Path);
  return typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>) : {};
}
