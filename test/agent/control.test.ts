import { expect, it } from 'vitest';
import { type ControlParts, createControl } from '../../src/agent/control.ts';
import { createReports } from '../../src/agent/reports.ts';
import { KreError } from '../../src/model/error.ts';
import type { PassReport } from '../../src/model/report.ts';

const nobody = new AbortController().signal;

function controlOf(parts: Partial<ControlParts> = {}) {
  const handle = createControl({
    identity: { version: '1', pid: 1, uri: 'sim://memory', source: 'x' },
    status: async () => null,
    outlook: async () => ({ source: {} as never, plan: null, verdict: 'working' }),
    readings: () => ({}),
    events: async () => [],
    history: async () => [],
    predict: async () => undefined,
    backups: async () => [],
    reconcile: async () => null,
    reportAfter: async () => null,
    decisions: {
      suspend: async (scope) => ({ scope }),
      retry: async (what) => ({ what, revision: 'r' }),
      restore: async (cluster, backup, replace) => ({ cluster, backup, replace, machine: 'm', atMs: 1 }),
      cancelRestore: async (object) => ({ object, from: 'b' }),
      backup: async (cluster) => ({ cluster, atMs: 1 }),
      resume: async (scope) => ({ scope, wasSuspended: true }),
      confirm: async () => {
        throw new KreError({ code: 'NotFound', message: 'nothing waits', hint: 'look', disposition: 'stalled' });
      },
    },
    ...parts,
  });
  return async (method: string, path: string, body = '', query: Record<string, string> = {}) => {
    const reply = await handle({ method, path, query, headers: {}, body, signal: nobody });
    return { status: reply.status, body: JSON.parse(String(reply.body)) as unknown };
  };
}

it('tells who it is', async () => {
  expect(await controlOf()('GET', '/about')).toMatchObject({ status: 200, body: { uri: 'sim://memory' } });
});

it('gives an error on with code and hint', async () => {
  expect(await controlOf()('POST', '/confirm', '{"what":"dev"}')).toEqual({
    status: 409,
    body: { code: 'NotFound', message: 'nothing waits', hint: 'look', disposition: 'stalled' },
  });
});

it.each([
  '',
  '{',
  '[]',
  '{"scope":7,"reason":"x"}',
  '{"scope":"","reason":"x"}',
  `{"scope":"a","reason":"${'x'.repeat(501)}"}`,
])('refuses the body %j', async (body) => {
  expect((await controlOf()('POST', '/suspend', body)).status).toBe(400);
});

it('knows no other path, and no other method', async () => {
  expect((await controlOf()('GET', '/shell')).status).toBe(404);
  expect((await controlOf()('DELETE', '/status')).status).toBe(404);
});

it('takes what is no number for the default', async () => {
  const limits: number[] = [];
  const ask = controlOf({ events: async (limit) => [limits.push(limit)] });
  await ask('GET', '/events', '', { limit: '5' });
  await ask('GET', '/events', '', { limit: '-1; drop' });
  expect(limits).toEqual([5, 100]);
});

it('hands over the latest report at once to who missed it, and the next one to who waits', async () => {
  const reports = createReports();
  const report = (pass: number) => ({ pass }) as PassReport;
  const first = reports.after(0, nobody);
  reports.add(report(1));
  expect(await first).toEqual({ pass: 1 });
  expect(await reports.after(0, nobody)).toEqual({ pass: 1 });
  const stop = new AbortController();
  const never = reports.after(1, stop.signal);
  stop.abort();
  expect(await never).toBeNull();
});

it('keeps predictions that are of the expected form, and nothing else of what it is handed', async () => {
  const kept: unknown[] = [];
  const ask = controlOf({ predict: async (predictions) => void kept.push(...predictions) });
  const entry = { atMs: 1, object: 'Cluster/dev', revision: 'r', desired: 'sha256:1', predictedMs: 5 };
  const body = JSON.stringify({ predictions: [{ ...entry, kind: 'step' }] });
  expect((await ask('POST', '/predict', body)).status).toBe(200);
  expect(kept).toEqual([entry]);
  for (const wrong of ['', '{}', '{"predictions":[{}]}', JSON.stringify({ predictions: [{ ...entry, atMs: 'x' }] })])
    expect((await ask('POST', '/predict', wrong)).status).toBe(400);
});
