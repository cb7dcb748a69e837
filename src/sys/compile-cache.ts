import { lstatSync, mkdirSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { userInfo } from 'node:os';
import { join } from 'node:path';

/** Since Node 22.8; the types are of the oldest Node that is supported. */
const enable: unknown = Reflect.get(nodeModule, 'enableCompileCache');

/**
 * Lets Node keep compiled code from one start to the next, where it can. Only in a folder that nobody else can write:
 * what lies there is run. Node's own default is a folder below /tmp; NODE_COMPILE_CACHE names another one.
 */
export function keepCompiledCode(env: Readonly<Record<string, string | undefined>>): void {
  if (typeof enable !== 'function' || env['NODE_COMPILE_CACHE'] !== undefined) return;
  try {
    const folder = ownFolder();
    if (folder !== null) enable(folder);
  } catch {
    // No home, a full disk, a sandbox: it starts as fast as without.
  }
}

/** Below the home of the user whose rights this process has, which `sudo` and `$HOME` do not change. */
function ownFolder(): string | null {
  const { homedir, uid } = userInfo();
  const folder = join(homedir, '.cache', 'kreconcile');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const stat = lstatSync(folder);
  const isOurs = stat.isDirectory() && stat.uid === uid && (stat.mode & 0o022) === 0;
  return isOurs ? folder : null;
}
