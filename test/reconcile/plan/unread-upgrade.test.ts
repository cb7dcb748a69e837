import { describe, expect, it } from 'vitest';
import { desire } from '../../../src/reconcile/desire.ts';
import { cluster, options, recipes, setOf } from '../manifests.ts';
import { clusterWorld } from './guests.ts';
import { NOW, planAt } from './world.ts';

const OLD = 'v1.36.3+k3s1';
const NEW = 'v1.36.4+k3s1';
const MINUTE = 60_000;
const dev = (version: string) => desire(setOf(version, cluster('dev', { version, workers: [] })), recipes, options);
const silent = clusterWorld(dev(OLD), { 'dev-cp-1': { atMs: NOW - 5 * MINUTE } }, []);

describe('a node that has not been read for a minute', () => {
  it('holds back an upgrade that was not begun, and says so', () => {
    const made = planAt(dev(NEW), silent);
    expect(made.blocks.map(({ guard }) => guard)).toContain('GuestAgentConnected');
  });

  it('is waited for, not blocked, while its upgrade runs', () => {
    const begun = { count: 1, lastAtMs: NOW - 4 * MINUTE, error: null };
    const made = planAt(dev(NEW), silent, { attempts: { 'machine/dev-cp-1/upgrade': begun } });
    expect(made.blocks).toEqual([]);
    expect(made.waits.map(({ id }) => id)).toContain('machine/dev-cp-1/upgrade/done');
    expect(made.steps.filter((step) => step.needs.length === 0)).toEqual([]);
  });

  it('stays held back where the beginning itself failed', () => {
    const failed = {
      count: 1,
      lastAtMs: NOW - 4 * MINUTE,
      error: { code: 'GuestUnavailable', message: 'm', hint: 'h' },
    };
    const made = planAt(dev(NEW), silent, { attempts: { 'machine/dev-cp-1/upgrade': failed } });
    expect(made.blocks.map(({ guard }) => guard)).toContain('GuestAgentConnected');
  });
});
