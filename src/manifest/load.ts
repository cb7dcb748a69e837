/**
 * Text of a revision to a validated set of manifests. All problems are found at once: a wrong field does not hide a
 * dangling reference, and a broken file does not hide the others. Nothing here knows hosts, drivers or git.
 */
import type { ClusterManifest, ClusterSpec, Manifest, ManifestSet } from '../model/manifest.ts';
import type { Files } from '../model/ports.ts';
import type { Problem } from '../model/problem.ts';
import { addressProblems } from './addresses.ts';
import { attachmentProblems, attachmentsOf } from './attachment.ts';
import { type ManifestFile, type ParsedFile, parseFile, type SourceDocument } from './document.ts';
import { draftDocument, type ManifestDraft, placed } from './draft.ts';
import { readAttachments, readFolder } from './folder.ts';
import { valueAt } from './issue.ts';
import { parsePathText, quote } from './quote.ts';
import { danglingReferences, duplicateNames, machineNameClashes } from './references.ts';

export type { ManifestFile } from './document.ts';

/** What only a distribution can see in a valid cluster; `Distribution.check` has this shape. */
export type ClusterCheck = (
  spec: ClusterSpec,
) => readonly { readonly path: string; readonly message: string; readonly allowed: string }[];

/** `fileCount` and `documentCount` count what was read; an empty folder is valid and counts 0. */
export type LoadResult = { readonly fileCount: number; readonly documentCount: number } & (
  | { readonly ok: true; readonly set: ManifestSet }
  | { readonly ok: false; readonly problems: readonly Problem[] }
);

export interface LoadOptions {
  readonly revision: string;
  readonly checkCluster?: ClusterCheck | undefined;
}

/** Judges files by their text alone. A file that a cluster names as its CNI manifest must be among them. */
export function loadManifests(input: LoadOptions & { readonly files: readonly ManifestFile[] }): LoadResult {
  const texts: Record<string, string> = {};
  for (const { path, content } of input.files) {
    texts[path] = typeof content === 'string' ? content : new TextDecoder().decode(content);
  }
  return judge(input, parseAll(input.files), [], texts);
}

/**
 * Reads every `*.yaml` and `*.yml` below an absolute folder (hidden names aside) and the files that clusters name, and
 * judges them. What is wrong with the folder is a problem like any other (`SourceMissing`, `ManifestUnsafePath`, …).
 */
export async function loadManifestFolder(files: Files, folder: string, options: LoadOptions): Promise<LoadResult> {
  const read = await readFolder(files, folder);
  const parsed = parseAll(read.files);
  const wanted = attachmentsOf(documentsOf(parsed));
  const attached = await readAttachments(files, folder, wanted);
  const unread = read.problems.filter(({ file }) => !wanted.includes(file));
  return judge(options, parsed, [...unread, ...attached.problems], attached.texts);
}

type Parsed = ReadonlyMap<string, ParsedFile>;

function parseAll(files: readonly ManifestFile[]): Parsed {
  const inOrder = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  return new Map(inOrder.map((file) => [file.path, parseFile(file)]));
}

function documentsOf(parsed: Parsed): readonly SourceDocument[] {
  return [...parsed.values()].flatMap(({ documents }) => documents);
}

function judge(
  options: LoadOptions,
  parsed: Parsed,
  unread: readonly Problem[],
  texts: Readonly<Record<string, string>>,
): LoadResult {
  const wanted = attachmentsOf(documentsOf(parsed));
  const own = new Map([...parsed].filter(([path]) => !wanted.includes(path)));
  const unreadable = [...unread, ...[...own.values()].flatMap(({ problems }) => problems)];
  const documents = documentsOf(own);
  const drafted = documents.map(draftDocument);
  const drafts = drafted.flatMap(({ draft }) => draft ?? []);
  // What is missing may stand in a document that could not be read.
  const mayDangle = unreadable.length > 0 || drafts.length < drafted.length;
  const problems = [
    ...unreadable,
    ...drafted.flatMap((document) => document.problems),
    ...duplicateNames(drafts),
    ...machineNameClashes(drafts),
    ...(mayDangle ? [] : danglingReferences(drafts)),
    ...addressProblems(drafts),
    ...attachmentProblems(drafts, texts, unread),
    ...drafts.flatMap((draft) => distributionProblems(draft, options.checkCluster)),
  ];
  const counts = { fileCount: own.size, documentCount: documents.length };
  if (problems.length > 0) return { ok: false, problems: problems.sort(byPlace), ...counts };
  const manifests = drafts.flatMap(({ manifest }) => manifest ?? []).sort(byName);
  const files = Object.fromEntries(wanted.map((path) => [path, texts[path] ?? '']));
  return { ok: true, set: { revision: options.revision, manifests, files }, ...counts };
}

function distributionProblems(draft: ManifestDraft, check: ClusterCheck | undefined): Problem[] {
  if (!check || draft.manifest?.kind !== 'Cluster') return [];
  const manifest: ClusterManifest = draft.manifest;
  return check(manifest.spec).map(({ path, message, allowed }) => {
    const parts = parsePathText(path);
    const found = quote(valueAt(draft.document.value, parts));
    const hint = `Allowed is ${allowed}.`;
    return placed(draft.document, { code: 'ManifestInvalid', path: parts, found, allowed, message, hint });
  });
}

function byPlace(a: Problem, b: Problem): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.line - b.line || a.column - b.column;
}

function byName(a: Manifest, b: Manifest): number {
  const key = ({ kind, metadata }: Manifest) => `${kind}/${metadata.name}`;
  return key(a) < key(b) ? -1 : 1;
}
