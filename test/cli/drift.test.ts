import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { openSimWorld } from '../../src/sim/open.ts';
import { editDomain } from '../../src/sim/outside.ts';
import { systemClock } from '../../src/sys/clock.ts';
import { systemFiles } from '../../src/sys/files.ts';
import { ensureBuilt, kreconcile, machineYaml, makeFolder, smallSite, write } from './program.ts';

beforeAll(ensureBuilt, 120_000);

it('shows what somebody changed, what would leave it alone, and ends with 2; apply takes it back', async () => {
  const folder = await makeFolder();
  const uri = `sim://${folder}/host`;
  const site = join(folder, 'site');
  const on = ['--dir', site, '-c', uri];
  await write(site, { ...smallSite, 'tool.yaml': machineYaml('tool') });
  expect((await kreconcile(['apply', ...on, '--speed', '100'])).exitCode).toBe(0);
  expect(await kreconcile(['drift', ...on, '--detailed-exitcode'])).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('No drift'),
  });
  const world = await openSimWorld(uri, { clock: systemClock, files: systemFiles });
  await editDomain(world, 'tool', { memoryMiB: 12_345 });
  const shown = await kreconcile(['drift', 'machine/tool', ...on, '--detailed-exitcode', '-o', 'json']);
  expect(shown.exitCode).toBe(2);
  expect(JSON.parse(shown.stdout)).toMatchObject({
    schema: 1,
    drift: [{ machine: 'tool', live: [], next: [{ op: 'replace', path: '/memoryMiB' }] }],
  });
  expect((await kreconcile(['drift', ...on])).stdout).toContain('ignore: [/memoryMiB]');
  expect((await kreconcile(['suspend', 'tool', '--reason', 'looking', ...on])).exitCode).toBe(0);
  expect((await kreconcile(['drift', ...on, '--detailed-exitcode'])).exitCode).toBe(2);
  expect((await kreconcile(['apply', ...on, '--speed', '100'])).exitCode).toBe(24);
  expect((await kreconcile(['resume', 'tool', ...on])).exitCode).toBe(0);
  expect((await kreconcile(['apply', ...on, '--speed', '100'])).exitCode).toBe(0);
  expect((await kreconcile(['drift', ...on, '--detailed-exitcode'])).exitCode).toBe(0);
});
