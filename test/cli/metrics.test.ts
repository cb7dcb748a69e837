import { appendFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { scene } from './agent-scene.ts';
import { ensureBuilt, machineYaml, smallSite, until } from './program.ts';

beforeAll(ensureBuilt, 120_000);

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

it('the agent serves metrics and its health where agent.yaml says, on loopback for a port alone', async () => {
  const { folder, commit, start } = await scene();
  const port = await freePort();
  await appendFile(join(folder, 'agent.yaml'), `listen: ${port}\n`);
  await commit({ ...smallSite, 'tool.yaml': machineYaml('tool') });
  const agent = await start();
  const read = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).text();
  const text = await until(async () => {
    const found = await read('/metrics');
    return found.includes('kreconcile_machine_ready{machine="tool",cluster="",role="machine"} 1') ? found : undefined;
  });
  expect(text).toMatch(/^kreconcile_steps_total\{action="create",result="done"\} 1$/m);
  expect(await read('/healthz')).toBe('ok\n');
  agent.signal('SIGTERM');
  expect(await agent.ended).toBe(0);
  await expect(read('/healthz')).rejects.toThrow();
});

it('a port that is taken costs the machines nothing', async () => {
  const { folder, commit, start, run } = await scene();
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const address = taken.address();
  await appendFile(join(folder, 'agent.yaml'), `listen: ${typeof address === 'object' ? address?.port : 0}\n`);
  await commit({ ...smallSite, 'tool.yaml': machineYaml('tool') });
  const agent = await start();
  expect((await run('reconcile', '--wait')).exitCode).toBe(0);
  expect(agent.stderr()).toMatch(/metrics cannot be served/);
  taken.close();
});
