import { describe, expect, it } from 'vitest';
import type { Observed, WindowState } from '../../../src/model/observed.ts';
import type { Plan } from '../../../src/model/plan.ts';
import { desire } from '../../../src/reconcile/desire.ts';
import { operationPrefix } from '../../../src/reconcile/plan/operation.ts';
import { cluster, options, recipes, setOf } from '../manifests.ts';
import { clusterWorld, type NodeChange, operation } from './guests.ts';
import { NOW, planAt, stepIds } from './world.ts';

const DAY = 86_400_000;
const dev = desire(setOf('r1', cluster('dev', { workers: [] })), recipes, options);
const renew = 'machine/dev-cp-1/renew-certificates';

function world(leftMs: number, change: NodeChange = {}, window?: Partial<WindowState>): Observed {
  const kubernetes = { certificatesExpireAtMs: NOW + leftMs, ...change.kubernetes };
  const found = clusterWorld(dev, { 'dev-cp-1': { ...change, kubernetes } });
  if (!window) return found;
  const closed = { isOpen: false, untilMs: null, nextOpenMs: NOW + DAY, reason: 'closed', ...window };
  return { ...found, calendar: { windows: { 'Cluster/dev': closed }, backups: {}, blockers: {} } };
}
const notes = (made: Plan) => made.notes.map((note) => note.text).join('; ');

describe('the certificates of a control plane', () => {
  it('are left alone while they last, and where nobody knows how long', () => {
    expect(stepIds(planAt(dev, world(31 * DAY)))).toEqual([]);
    expect(stepIds(planAt(dev, world(0, { kubernetes: { certificatesExpireAtMs: null } })))).toEqual([]);
  });

  it('are renewed 30 days before they expire, with the reason, and nobody is disturbed for it', () => {
    const made = planAt(dev, world(29 * DAY));
    expect(stepIds(made)).toEqual([renew]);
    expect(made.steps[0]).toMatchObject({ disruptive: false, destructive: false });
    expect(made.steps[0]?.reason).toMatch(/^the certificates of dev expire on 20\d\d-\d\d-\d\d$/);
  });

  it('are renewed also when they have expired and the API server serves nobody any more', () => {
    const made = planAt(dev, world(-DAY, { kubernetes: { apiReady: false, nodes: [] } }));
    expect(stepIds(made)).toContain(renew);
    expect(made.steps.find((step) => step.id === renew)?.reason).toContain('expired on');
  });

  it('wait while something else is done there, and say so', () => {
    const made = planAt(dev, world(5 * DAY, { operations: [operation('backup-00000000-1', 'running')] }));
    expect([stepIds(made), notes(made)]).toEqual([[], expect.stringContaining('renewed when its machine is at rest')]);
    const cordoned = planAt(dev, world(5 * DAY, { node: { unschedulable: true, cordonedByUs: true } }));
    expect(stepIds(cordoned)).not.toContain(renew);
  });

  it('wait for a window while there is time, and not in the last week', () => {
    const early = planAt(dev, world(20 * DAY, {}, {}));
    expect([stepIds(early), notes(early)]).toEqual([[], expect.stringContaining('in the next window')]);
    expect(stepIds(planAt(dev, world(20 * DAY, {}, { isOpen: true })))).toEqual([renew]);
    expect(stepIds(planAt(dev, world(6 * DAY, {}, {})))).toEqual([renew]);
  });

  it('are not renewed again and again where that changes nothing', () => {
    const today = Math.floor(NOW / DAY);
    const renewedOn = (day: number, leftMs: number) => {
      const id = `${operationPrefix('renew-certificates', 'dev-cp-1')}${day}`;
      return planAt(dev, world(leftMs, { operations: [operation(id, 'succeeded')] }));
    };
    for (const leftMs of [5 * DAY, 6 * DAY, -DAY]) {
      expect(stepIds(renewedOn(today, leftMs))).toEqual([]);
      expect(notes(renewedOn(today, leftMs))).toContain('though they were renewed today');
    }
    expect(stepIds(renewedOn(today - 1, 5 * DAY))).toEqual([renew]);
  });

  it('are renewed though a clock that was set back says that they were renewed in the far future', () => {
    const id = `${operationPrefix('renew-certificates', 'dev-cp-1')}${Math.floor(NOW / DAY) + 300}`;
    expect(stepIds(planAt(dev, world(5 * DAY, { operations: [operation(id, 'succeeded')] })))).toEqual([renew]);
  });
});
