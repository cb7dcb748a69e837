import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadManifestFolder } from '../../src/manifest/load.ts';
import { systemFiles } from '../../src/sys/files.ts';
import { setOf } from './documents.ts';

const examples = fileURLToPath(new URL('../../cluster.d', import.meta.url));
const load = async (folder: string) =>
  setOf(await loadManifestFolder(systemFiles, folder, { revision: 'r1' })).manifests;

describe('the example environments', () => {
  it.each([
    ['development', ['Cluster/dev', 'Cluster/lab', 'Machine/toolbox']],
    ['staging', ['Cluster/staging']],
    ['production', ['Cluster/production']],
  ])('%s is valid by itself', async (environment, objects) => {
    const names = (await load(join(examples, environment))).map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    expect(names).toEqual(expect.arrayContaining(objects));
  });

  it('can stand on one host together', async () => {
    expect((await load(examples)).filter(({ kind }) => kind === 'Cluster')).toHaveLength(4);
  });

  // yaml-language-server heeds the comment for the document that it stands in, not for the whole file.
  it('tell the editor in every document where the schema is', async () => {
    for (const file of new Set((await load(examples)).map(({ at }) => at.file))) {
      const documents = (await readFile(join(examples, file), 'utf8')).split('---\n');
      for (const text of documents) {
        expect(text.split('\n')[0], file).toBe('# yaml-language-server: $schema=../../schema/kreconcile.schema.json');
      }
    }
  });
});
