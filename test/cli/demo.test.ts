import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { beforeAll, expect, it } from 'vitest';
import { ensureBuilt, kreconcile, makeFolder } from './program.ts';

beforeAll(ensureBuilt, 120_000);

it('shows a cluster coming up and being upgraded by a commit, in a plain pipe, and leaves nothing behind', async () => {
  const folder = await makeFolder();
  const { exitCode, stdout, stderr } = await kreconcile(['demo'], { env: { TMPDIR: folder } });
  expect([exitCode, stderr]).toEqual([0, '']);
  expect(stdout).not.toContain('\u001b');
  const inOrder = [
    'done     create dev-cp-1',
    'waits    the guest of dev-cp-1 answers',
    'is so    dev-cp-1 is Ready at v1.35.8+k3s1',
    'done     publish the kubeconfig of dev',
    'Kubeconfig: ',
    'get nodes',
    '+  version: v1.36.4+k3s1',
    'begun    upgrade dev-general-2 from v1.35.8+k3s1 to v1.36.4+k3s1 in place',
    'dev      yes    k3s           v1.36.4+k3s1',
    'Next',
  ];
  let from = 0;
  for (const text of inOrder) {
    from = stdout.indexOf(text, from);
    expect(from, `${text} should come next in:\n${stdout}`).toBeGreaterThan(-1);
  }
  expect(await readdir(folder)).toEqual([]);
}, 60_000);

it('says that it needs git where there is none', async () => {
  const { exitCode, stderr } = await kreconcile(['demo'], { env: { PATH: tmpdir() } });
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/error ProgramMissing: git could not be started/);
});
