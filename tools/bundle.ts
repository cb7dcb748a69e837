import { build, type Metafile } from 'esbuild';

/** What CommonJS libraries find in every file of theirs, and a module has not. */
const ofCommonJs = `import { createRequire as requireFor } from 'node:module';
const require = requireFor(import.meta.url), { filename: __filename, dirname: __dirname } = import.meta;`;

/**
 * Bundles TypeScript entry points, by the name of their output, with all that they import, into a folder. The files that several
 * share lie in `chunks/` below it, so that a path relative to a module is the same as in the source, one folder deep.
 */
export async function bundle(entryPoints: Readonly<Record<string, string>>, folder: string): Promise<Metafile> {
  const { metafile } = await build({
    entryPoints: { ...entryPoints },
    outdir: folder,
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    banner: { js: ofCommonJs },
    sourcemap: 'linked',
    // A mapped line is enough for a report; the sources themselves are in the repository.
    sourcesContent: false,
    // Whole texts stand in THIRD-PARTY-NOTICES.txt.
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  });
  return metafile;
}
