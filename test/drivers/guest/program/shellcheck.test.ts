import { execFileSync, spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { assembleProgram } from '../../../../src/drivers/guest/program/assemble.ts';
import { base } from './guest-root.ts';

describe('the in-guest program', () => {
  it('passes shellcheck as POSIX sh', () => {
    const result = spawnSync('shellcheck', ['-s', 'sh', '-'], { input: assembleProgram(base, null), encoding: 'utf8' });
    expect(result.error, 'shellcheck must be installed').toBeUndefined();
    expect(result.stdout).toBe('');
  });

  it.each([
    ['dash', '-n'],
    ['busybox', 'sh', '-n'],
  ])('parses under %s', (file, ...args) => {
    expect(execFileSync(file, args, { input: assembleProgram(base, null), encoding: 'utf8' })).toBe('');
  });

  it('takes a library in the place of its marker, once', () => {
    const program = assembleProgram(base, 'kube() { echo from-the-library; }\n');
    expect(program.indexOf('from-the-library')).toBeGreaterThan(program.indexOf('kube() { fail'));
    expect(program.indexOf('from-the-library')).toBeLessThan(program.indexOf('call_verb()'));
    expect(() => assembleProgram(program, 'again')).toThrow(/marker/);
  });
});
