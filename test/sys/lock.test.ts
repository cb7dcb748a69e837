import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { takeLock } from '../../src/sys/lock.ts';

it('refuses a second holder and names the first', async () => {
  const key = `sim:///${randomUUID()}`;
  const lock = await takeLock(key);
  await expect(takeLock(key)).rejects.toMatchObject({
    code: 'AgentRunning',
    message: expect.stringContaining(`pid ${process.pid}`),
  });
  await lock.release();
  await (await takeLock(key)).release();
});

it('lets holders of other keys stand side by side', async () => {
  const locks = await Promise.all([takeLock(`sim:///${randomUUID()}`), takeLock(`sim:///${randomUUID()}`)]);
  for (const lock of locks) await lock.release();
});

it('is free at once when its holder was killed', async () => {
  const key = `sim:///${randomUUID()}`;
  const module = fileURLToPath(new URL('../../src/sys/lock.ts', import.meta.url));
  const script = `const { takeLock } = await import(${JSON.stringify(module)});
    await takeLock(${JSON.stringify(key)}); console.log('held'); setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((resolve) => holder.stdout.once('data', resolve));
  await expect(takeLock(key)).rejects.toMatchObject({ message: expect.stringContaining(`pid ${holder.pid}`) });
  const gone = new Promise((resolve) => holder.once('exit', resolve));
  holder.kill('SIGKILL');
  await gone;
  await (await takeLock(key)).release();
});
