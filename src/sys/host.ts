/** What the operating system says about this host, this user and this program. */
import { readFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { homedir, hostname, tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fileError } from './file-errors.ts';

export function hostName(): string {
  return hostname();
}

export function homeFolder(): string {
  return homedir();
}

/** A new folder of one's own; whoever makes it removes it. */
export async function makeTemporaryFolder(prefix: string): Promise<string> {
  const folder = join(tmpdir(), prefix);
  return mkdtemp(folder).catch((thrown: unknown) => {
    throw fileError('make a folder beside', folder, thrown);
  });
}

/** Where this program is installed. */
export function packageFolder(): string {
  return fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
}

/** What a person types here to run this program again: its name where it was called by that, else Node.js with its file as seen from `cwd`. */
export function calledAs(script: string | undefined, cwd: string): string {
  if (script === undefined || basename(script) === 'kreconcile') return 'kreconcile';
  const path = relative(cwd, script);
  const shown = path.startsWith('..') ? script : path;
  return `node ${/^[\w./-]+$/.test(shown) ? shown : `'${shown}'`}`;
}

/** The release that this is. */
export function packageVersion(): string {
  const text = readFileSync(join(packageFolder(), 'package.json'), 'utf8');
  return String((JSON.parse(text) as { version?: unknown }).version);
}
