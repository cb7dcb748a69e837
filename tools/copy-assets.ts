/**
 * Second half of `npm run build`: brings what tsc does not carry (the guest's shell program and other non-TypeScript
 * files that stand beside the code reading them) from src into dist, and makes the entry point executable.
 */
import { chmod, cp } from 'node:fs/promises';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('../src', import.meta.url));
const target = fileURLToPath(new URL('../dist', import.meta.url));

await cp(source, target, { recursive: true, filter: (path) => extname(path) !== '.ts' });
await chmod(`${target}/main.js`, 0o755);
