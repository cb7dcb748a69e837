/**
 * Writes every generated file of the repository (`npm run schema`), or with `--check` compares and fails on drift.
 * What is generated stands in generated-files.ts.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generatedFiles } from './generated-files.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const isCheck = process.argv.includes('--check');
const drifted: string[] = [];

for (const { path, text } of await generatedFiles()) {
  const file = `${root}/${path}`;
  const present = await readFile(file, 'utf8').catch(() => undefined);
  if (present === text) continue;
  drifted.push(path);
  if (!isCheck) {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
}

for (const path of drifted) console.log(isCheck ? `differs from its source: ${path}` : `wrote ${path}`);
if (isCheck && drifted.length > 0) {
  console.error('Generated files are out of date. Run `npm run schema` and commit what it writes.');
  process.exitCode = 1;
}
