import { describe, expect, it } from 'vitest';
import { EMPTY_LEDGER, type Ledger } from '../../src/model/ledger.ts';
import type { Plan } from '../../src/model/plan.ts';
import { desire } from '../../src/reconcile/desire.ts';
import { execute } from '../../src/reconcile/execute.ts';
import { plan } from '../../src/reconcile/plan/index.ts';
import { reconcile } from '../../src/reconcile/reconcile.ts';
import { remember } from '../../src/reconcile/remember.ts';
import { cluster, machine, options, recipes, setOf } from './manifests.ts';
import { domainFor, NOW, observed, planAt, stepIds } from './plan/world.ts';

const off = desire(setOf('r1', machine('jump', { guestAgent: false, powerState: 'Off' })), recipes, options);
const [jump] = off.machines;
if (!jump) throw new Error('the manifests hold a machine');
const running = observed({ domains: [domainFor(off, jump, { autostart: false })] });
const stopped = observed({ domains: [domainFor(off, jump, { state: 'shut off', live: null, autostart: false })] });
const asked: Ledger = {
  ...EMPTY_LEDGER,
  revision: 'r1',
  attempts: { 'machine/jump/shutdown': { count: 1, lastAtMs: NOW, error: null } },
};

describe('a shutdown that was followed', () => {
  it('does not make the next one look ignored: somebody starts the machine, and it is asked again', () => {
    const later = NOW + 60_000;
    const atRest = remember(asked, planAt(off, stopped, asked, later), [], later);
    expect(stepIds(planAt(off, running, atRest, NOW + 180_000))).toEqual(['machine/jump/shutdown']);
  });

  it('is asked for again when nobody looked for long after the first request', () => {
    expect(stepIds(planAt(off, running, asked, NOW + 1_800_000))).toEqual(['machine/jump/shutdown']);
  });
});

describe('while the host cannot be read', () => {
  const unreachable: Plan = plan(
    off,
    { ...running, inventory: { known: false, reason: 'libvirt is down', atMs: NOW } },
    asked,
    NOW + 5_000,
  );

  it('nothing is forgotten: neither what was asked nor since when is waited', () => {
    const waiting = { ...asked, since: { 'machine/jump/off': NOW } };
    expect(remember(waiting, unreachable, [], NOW + 5_000)).toEqual(waiting);
  });
});

describe('a run of healthy readings', () => {
  const dev = desire(setOf('r1', cluster('dev', { workers: [] })), recipes, options);
  const healthyAt = (atMs: number): Plan => ({ ...planAt(dev, observed(), {}, atMs), health: { 'dev-cp-1': atMs } });
  const run = { ...EMPTY_LEDGER, revision: 'r1', healthy: { 'dev-cp-1': { firstAtMs: NOW - 1_000, lastAtMs: NOW } } };

  it('goes on with the next reading', () => {
    const next = remember(run, healthyAt(NOW + 30_000), [], NOW + 30_000);
    expect(next.healthy['dev-cp-1']).toEqual({ firstAtMs: NOW - 1_000, lastAtMs: NOW + 30_000 });
  });

  it('begins anew when nobody looked for an hour', () => {
    const next = remember(run, healthyAt(NOW + 3_600_000), [], NOW + 3_600_000);
    expect(next.healthy['dev-cp-1']).toEqual({ firstAtMs: NOW + 3_600_000, lastAtMs: NOW + 3_600_000 });
  });
});

describe('a step that was about to be begun when the agent had to stop', () => {
  it('is not remembered as begun', async () => {
    const stop = new AbortController();
    let written: Ledger = EMPTY_LEDGER;
    const source = { set: setOf('r1'), status: { problem: null } as never };
    await reconcile(
      {
        clock: { now: () => NOW },
        source: async () => source,
        desire: () => off,
        observe: async () => running,
        readLedger: async () => EMPTY_LEDGER,
        writeLedger: async (ledger) => {
          written = ledger;
        },
        recordApplied: async () => undefined,
        publish: async () => undefined,
        execute: async ({ plan: made }, beginning, signal) => {
          const noted = async (stepIds: readonly string[]) => {
            await beginning(stepIds);
            expect(Object.keys(written.attempts)).toEqual(['machine/jump/shutdown']);
            stop.abort();
          };
          const log = { info: () => undefined, warn: () => undefined } as never;
          const parts = {
            acts: {} as never,
            clock: { now: () => NOW },
            log,
            beginning: noted,
            onOutcome: () => undefined,
          };
          return execute(made, parts, signal);
        },
      },
      stop.signal,
    );
    expect(written.attempts).toEqual({});
  });
});
