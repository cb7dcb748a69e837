import type { Problem } from '../model/problem.ts';
import type { SourceDocument } from './document.ts';
import { type ManifestDraft, placed } from './draft.ts';
import { isRepositoryPath } from './fields/path.ts';
import { valueAt } from './issue.ts';
import type { Path } from './kind.ts';
import { quote } from './quote.ts';

const manifestPath: Path = ['spec', 'cni', 'manifest'];

/**
 * Files of the manifest folder that clusters name as their CNI manifest: attachments, which are not read as manifests
 * of kreconcile although they end in `.yaml`. Sorted, each once.
 */
export function attachmentsOf(documents: readonly SourceDocument[]): readonly string[] {
  const paths = documents.flatMap(({ value }) => {
    const path = valueAt(value, ['kind']) === 'Cluster' ? valueAt(value, manifestPath) : undefined;
    return typeof path === 'string' && isRepositoryPath(path) ? [path] : [];
  });
  return [...new Set(paths)].sort();
}

/** Clusters whose CNI manifest is not there; what could not be read is reported where it stands. */
export function attachmentProblems(
  drafts: readonly ManifestDraft[],
  texts: Readonly<Record<string, string>>,
  unread: readonly Problem[],
): Problem[] {
  return drafts.flatMap((draft) => {
    const cni = draft.kind === 'Cluster' ? draft.spec.cni : undefined;
    const path = cni?.plugin === 'manifest' ? cni.manifest : undefined;
    if (path === undefined || !isRepositoryPath(path)) return [];
    if (Object.hasOwn(texts, path) || unread.some(({ file }) => file === path)) return [];
    return [
      placed(draft.document, {
        code: 'ManifestReference',
        path: manifestPath,
        found: quote(path),
        allowed: 'a file below the manifest folder, or a URL',
        message: `spec.cni.manifest names the file ${quote(path)}, which does not exist`,
        hint: 'Add the file, or correct the path: it begins at the manifest folder, not at the file that names it.',
      }),
    ];
  });
}
