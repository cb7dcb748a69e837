import { type Document, isMap, parse, parseDocument, type YAMLSeq } from 'yaml';
import { KreError } from '../model/error.ts';
import type { Files } from '../model/ports.ts';

const lists = ['clusters', 'users', 'contexts'] as const;

export interface MergeRequest {
  readonly files: Files;
  /** The kubeconfig to merge into, absolute; made if missing. A link is followed, its target is changed. */
  readonly path: string;
  /** A kubeconfig as we publish it. */
  readonly kubeconfig: string;
  /** Make its context the current one, even where there is another. */
  readonly setCurrent: boolean;
}

export interface MergeResult {
  /** The file as it was before; `null` if there was none. */
  readonly backup: string | null;
  readonly context: string;
  /** Whether entries of these names were there and were replaced. */
  readonly replaced: boolean;
  readonly isCurrent: boolean;
}

/**
 * Merges a published kubeconfig into a person's own, in one act: other contexts, comments and the file's mode stay, and the
 * file as it was stays beside it. `StateUnreadable` if the file is no kubeconfig; then nothing is written.
 */
export async function mergeKubeconfigFile({ files, path, kubeconfig, setCurrent }: MergeRequest): Promise<MergeResult> {
  const target = (await files.realPath(path)) ?? path;
  const present = await files.read(target);
  const merged = mergeKubeconfig(present, kubeconfig, { setCurrent, path });
  const mode = (await files.stat(target))?.mode ?? 0o600;
  let backup: string | null = null;
  if (present === null) await files.ensureFolder(target.slice(0, target.lastIndexOf('/')) || '/', 0o700);
  else {
    backup = `${target}.before-kreconcile`;
    await files.write(backup, present, { mode });
  }
  await files.write(target, merged.text, { mode });
  const { context, replaced, isCurrent } = merged;
  return { backup, context, replaced, isCurrent };
}

/** The merge itself. Pure; `path` is for messages. */
export function mergeKubeconfig(
  present: string | null,
  published: string,
  { setCurrent, path }: { readonly setCurrent: boolean; readonly path: string },
): { readonly text: string; readonly context: string; readonly replaced: boolean; readonly isCurrent: boolean } {
  const own = parse(published) as Readonly<Record<string, unknown>>;
  const context = String(own['current-context']);
  if (present === null || present.trim() === '') return { text: published, context, replaced: false, isCurrent: true };
  const document = readDocument(present, path);
  let replaced = false;
  for (const name of lists) {
    const [entry] = own[name] as readonly { readonly name: string }[];
    if (entry) replaced = putEntry(document, name, entry, path) || replaced;
  }
  const isCurrent = setCurrent || !document.get('current-context') || document.get('current-context') === context;
  if (isCurrent) document.set('current-context', context);
  return { text: document.toString({ lineWidth: 0 }), context, replaced, isCurrent };
}

function readDocument(text: string, path: string): Document {
  const document = parseDocument(text, { uniqueKeys: true });
  if (document.errors.length > 0 || !isMap(document.contents)) throw notAKubeconfig(path);
  return document;
}

/** Replaces the entry of that name, or adds it; whether there was one. */
function putEntry(document: Document, list: string, entry: { readonly name: string }, path: string): boolean {
  const node: unknown = document.get(list, true);
  if (node === undefined || node === null || (node as { value?: unknown }).value === null) {
    document.set(list, document.createNode([entry]));
    return false;
  }
  const { items } = node as YAMLSeq;
  if (!Array.isArray(items) || isMap(node)) throw notAKubeconfig(path);
  const index = items.findIndex((item) => isMap(item) && item.get('name') === entry.name);
  if (index === -1) items.push(document.createNode(entry));
  else items[index] = document.createNode(entry);
  return index !== -1;
}

function notAKubeconfig(path: string): KreError {
  return new KreError({
    code: 'StateUnreadable',
    message: `${path} is not a kubeconfig that can be merged into`,
    hint: 'Nothing was changed. Correct the file, or use the published kubeconfig by itself with KUBECONFIG.',
    disposition: 'stalled',
  });
}
