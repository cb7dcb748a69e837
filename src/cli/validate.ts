import { resolve } from 'node:path';
import type { LoadResult } from '../manifest/load.ts';
import type { Manifest } from '../model/manifest.ts';
import { type Invocation, outStyle, print, type Run } from './command.ts';
import { EXIT, exitCodeOf } from './exit-code.ts';
import { problemsView } from './view/problems.ts';

/** `kreconcile validate [folder]`: judges the manifests of a folder, or the newest revision of the source. */
export const run: Run = async (invocation) => {
  const { context, options, args } = invocation;
  const [folder] = args;
  if (folder !== undefined) {
    return tell(invocation, folder, await context.loadFolder(resolve(context.cwd, folder)));
  }
  const host = await context.openHost(options);
  const result = await host.newest();
  return tell(invocation, host.sourceUrl ?? '', result);
};

function tell(invocation: Invocation, where: string, result: LoadResult): number {
  const counts = { files: result.fileCount, documents: result.documentCount };
  if (result.ok) {
    print(invocation, { valid: true, ...counts, problems: [] }, () => validText(where, result.set.manifests, counts));
    return EXIT.done;
  }
  const { problems } = result;
  print(invocation, { valid: false, ...counts, problems }, () => problemsView(problems, outStyle(invocation)));
  return problems[0] ? exitCodeOf(problems[0]) : EXIT.invalid;
}

function validText(
  where: string,
  manifests: readonly Manifest[],
  counts: { files: number; documents: number },
): string {
  const names = manifests.map((manifest) => `  ${manifest.kind}/${manifest.metadata.name}`);
  const { documents, files } = counts;
  if (documents === 0)
    return `${where} holds no manifest: nothing is desired. \`kreconcile init\` writes a first one.\n`;
  const head = `${where} is valid: ${documents} document${documents === 1 ? '' : 's'} in ${files} file${files === 1 ? '' : 's'}.`;
  return `${[head, ...names].join('\n')}\n`;
}
