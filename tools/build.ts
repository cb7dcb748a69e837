/**
 * `npm run build`: the program and its libraries as a few files in dist, so that a start reads and links a dozen modules
 * instead of hundreds. What is imported dynamically stays a file of its own and is loaded when it is used. Beside them
 * stand the shell programs for guests and the licences of what was taken in. Types are judged by `npm run check`.
 */
import { chmod, cp, readdir, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.ts';
import { noticesOf } from './notices.ts';

const project = fileURLToPath(new URL('..', import.meta.url));
const target = `${project}dist`;

await rm(target, { recursive: true, force: true });
const { inputs } = await bundle({ main: `${project}src/main.ts` }, target);
for (const path of await readdir(`${project}src`, { recursive: true })) {
  if (path.endsWith('.sh')) await cp(`${project}src/${path}`, `${target}/${path}`);
}
await writeFile(`${target}/THIRD-PARTY-NOTICES.txt`, await noticesOf(project, Object.keys(inputs)));
await chmod(`${target}/main.js`, 0o755);
