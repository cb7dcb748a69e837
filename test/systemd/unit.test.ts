import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** The unit as systemd itself judges it. systemd-analyze is part of Debian's package systemd; without it these tests fail. */
const source = new URL('../../systemd/kreconcile.service', import.meta.url);
let folder = '';
let unit = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kreconcile-unit-'));
  unit = join(folder, 'kreconcile.service');
  // The program is not installed where the tests run; verify asks only that it could be started.
  await writeFile(unit, (await readFile(source, 'utf8')).replace('/usr/bin/kreconcile', '/bin/true'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('kreconcile.service', () => {
  it('is accepted without a word by systemd-analyze verify', async () => {
    const { all, exitCode } = await execa('systemd-analyze', ['verify', '--man=no', unit], {
      all: true,
      reject: false,
    });
    const about = (all ?? '').split('\n').filter((line) => line.includes('kreconcile'));
    expect({ exitCode, about }).toEqual({ exitCode: 0, about: [] });
  });

  it('is exposed below 3.0', async () => {
    const { stdout } = await execa(
      'systemd-analyze',
      ['security', '--offline=true', '--no-pager', '--json=short', unit],
      { reject: false },
    );
    const text = await execa('systemd-analyze', ['security', '--offline=true', '--no-pager', unit], { reject: false });
    const exposure = Number(/Overall exposure level for kreconcile\.service: ([\d.]+)/.exec(text.stdout)?.[1]);
    expect(stdout.length).toBeGreaterThan(0);
    expect(exposure).toBeLessThan(3);
  });

  it('stops before libvirt-guests stops the machines', async () => {
    const after = (await readFile(source, 'utf8')).split('\n').filter((line) => line.startsWith('After='));
    expect(after.join(' ')).toContain('libvirt-guests.service');
  });
});
