import { schemaFiles } from '../src/manifest/json-schema.ts';
import { changeOf } from './change-column.ts';
import { manifestDocs } from './manifest-docs.ts';

/** A file of the repository that is computed from the source: its path from the root, and the text it must have. */
export interface GeneratedFile {
  readonly path: string;
  readonly text: string;
}

/** Every generated file with the text its source yields now. */
export async function generatedFiles(): Promise<readonly GeneratedFile[]> {
  const schemas = schemaFiles().map(({ name, schema }) => ({
    path: `schema/${name}`,
    text: `${JSON.stringify(schema, null, 2)}\n`,
  }));
  return [...schemas, { path: 'docs/manifest.md', text: manifestDocs(changeOf) }];
}
