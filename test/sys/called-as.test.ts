import { expect, it } from 'vitest';
import { calledAs } from '../../src/sys/host.ts';

it.each([
  ['/usr/bin/kreconcile', '/root', 'kreconcile'],
  ['/home/me/kreconcile/dist/main.js', '/home/me/kreconcile', 'node dist/main.js'],
  ['/home/me/kreconcile/dist/main.js', '/home/me/site', 'node /home/me/kreconcile/dist/main.js'],
  ['/home/me/my tools/dist/main.js', '/home/me', "node 'my tools/dist/main.js'"],
])('%s is called from %s as %s', (script, cwd, called) => {
  expect(calledAs(script, cwd)).toBe(called);
});
