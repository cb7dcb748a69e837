import { mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HttpHandler, HttpListener, HttpRequest } from '../../src/model/http.ts';
import { createHttp } from '../../src/sys/http.ts';
import { createLog } from '../../src/sys/log.ts';

const logged: string[] = [];
const systemHttp = createHttp(createLog({ level: 'info', format: 'json', write: (line) => logged.push(line) }));
let folder: string;
let socketPath: string;
const open: HttpListener[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kreconcile-http-'));
  socketPath = join(folder, 'agent.sock');
});
afterEach(async () => {
  for (const listener of open.splice(0)) await listener.close();
  rmSync(folder, { recursive: true, force: true });
});

async function serve(handle: HttpHandler, address = { kind: 'socket' as const, path: socketPath }) {
  const listener = await systemHttp.listen(address, handle);
  open.push(listener);
  return listener;
}
const ask = (path = '/', more = {}) => systemHttp.call({ socketPath, method: 'GET', path, timeoutMs: 10_000, ...more });
const ok: HttpHandler = async () => ({ status: 200, body: 'ok' });

describe('a unix socket', () => {
  it('carries request and reply', async () => {
    const seen: HttpRequest[] = [];
    await serve(async (request) => {
      seen.push(request);
      return { status: 201, body: '{"done":true}' };
    });
    const reply = await ask('/v1/plan?target=dev', { method: 'POST', body: '{"a":1}' });
    expect(reply).toEqual({ status: 201, body: '{"done":true}' });
    expect(seen[0]).toMatchObject({ method: 'POST', path: '/v1/plan', query: { target: 'dev' }, body: '{"a":1}' });
  });

  it('is private from its first moment and gone after closing', async () => {
    const listener = await serve(ok);
    expect(statSync(socketPath).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['agent.sock']);
    await listener.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('takes over from an owner that died, not from one that lives', async () => {
    await serve(ok);
    await expect(serve(ok)).rejects.toMatchObject({ code: 'AgentRunning' });
    expect((await ask()).body).toBe('ok');
  });

  it('replaces what a dead owner left behind', async () => {
    const dead = createServer();
    await new Promise<void>((resolve) => dead.listen(join(folder, 'x'), resolve));
    renameSync(join(folder, 'x'), socketPath);
    await new Promise((resolve) => dead.close(resolve));
    await serve(ok);
    expect((await ask()).body).toBe('ok');
  });

  it('does not replace a file, and names a path that is too long', async () => {
    writeFileSync(socketPath, 'precious');
    await expect(serve(ok)).rejects.toMatchObject({ code: 'ConfigInvalid' });
    const path = join(folder, 'x'.repeat(100));
    await expect(serve(ok, { kind: 'socket', path })).rejects.toMatchObject({ code: 'ConfigInvalid' });
  });

  it('says that no agent is there', async () => {
    await expect(ask()).rejects.toMatchObject({ code: 'AgentNotRunning' });
  });

  it('gives up at the deadline and tells the handler', async () => {
    let aborted = false;
    await serve(async ({ signal }) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      aborted = true;
      return { status: 200, body: '' };
    });
    await expect(ask('/', { timeoutMs: 50 })).rejects.toMatchObject({ code: 'WaitTimeout' });
    await expect.poll(() => aborted).toBe(true);
  });

  it('tells the cause of a failure to the log alone, and goes on', async () => {
    await serve(async ({ path }) => {
      if (path === '/bad') throw new Error('hunter2');
      return { status: 200, body: 'ok' };
    });
    const reply = await ask('/bad');
    expect(reply.status).toBe(500);
    expect(reply.body).not.toContain('hunter2');
    expect(logged.join()).toContain('hunter2');
    expect((await ask()).body).toBe('ok');
  });

  it('refuses a request larger than anybody needs', async () => {
    await serve(ok);
    const sent = ask('/', { method: 'POST', body: 'x'.repeat(3_000_000) });
    await expect(sent.then((reply) => reply.status).catch((error) => error.code)).resolves.toSatisfy(
      (outcome) => outcome === 413 || outcome === 'AgentNotRunning',
    );
    expect((await ask()).body).toBe('ok');
  });

  it('sends pieces as they come', async () => {
    await serve(async () => ({
      status: 200,
      body: (async function* () {
        yield 'a';
        yield 'b'.repeat(1_000_000);
      })(),
    }));
    expect((await ask()).body).toHaveLength(1_000_001);
  });
});

describe('a port', () => {
  it('serves on loopback, and says when it is taken', async () => {
    const address = { kind: 'tcp' as const, host: '127.0.0.1', port: 0 };
    const listener = await systemHttp.listen(address, ok);
    open.push(listener);
    const reply = await fetch(`http://127.0.0.1:${listener.port}/metrics`);
    expect(await reply.text()).toBe('ok');
    const second = systemHttp.listen({ ...address, port: listener.port }, ok);
    await expect(second).rejects.toMatchObject({ code: 'ConfigInvalid' });
  });
});
