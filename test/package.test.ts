import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

interface LockedPackage {
  readonly integrity?: string;
  readonly resolved?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}
const lockFile = readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8');
const locked: Readonly<Record<string, LockedPackage>> = JSON.parse(lockFile).packages;
const entries = Object.entries(locked).filter(([path]) => path !== '');

it('locks the packages of every platform, or `npm ci` refuses the lock file there', () => {
  const names = entries.flatMap(([, entry]) => Object.keys(entry.optionalDependencies ?? {}));
  const isLocked = (name: string) => entries.some(([path]) => path.endsWith(`node_modules/${name}`));
  expect(names.filter((name) => !isLocked(name))).toEqual([]);
});

it('locks contents and no place to load them from', () => {
  expect(entries.filter(([, entry]) => !entry.integrity).map(([path]) => path)).toEqual([]);
  expect(entries.filter(([, entry]) => entry.resolved).map(([path]) => path)).toEqual([]);
});
