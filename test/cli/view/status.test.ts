import { expect, it } from 'vitest';
import { statusText } from '../../../src/cli/view/status.ts';
import { createStyle } from '../../../src/cli/view/style.ts';
import type { Condition, MachineStatus, Status } from '../../../src/model/status.ts';

const NOW = 1_000_000;
const condition = (type: Condition['type'], reason: string, message: string): Condition => ({
  type,
  status: type === 'Ready' ? 'False' : 'True',
  reason,
  message,
  sinceMs: NOW,
});
const machine = (name: string, ...conditions: Condition[]): MachineStatus => ({
  name,
  cluster: null,
  role: 'machine',
  state: 'running',
  address: null,
  desiredVersion: null,
  observedVersion: null,
  image: null,
  generation: 1,
  guestReadAtMs: null,
  conditions,
});

function status(machines: readonly MachineStatus[], blocks: Status['blocks']): Status {
  return {
    schema: 1,
    host: 'hv-1',
    writtenAtMs: NOW,
    source: { url: 'x', lastGoodRevision: 'r1', lastAttemptedRevision: 'r1', problem: null, checkedAtMs: NOW },
    hypervisor: { reachable: true, message: '' },
    suspended: null,
    clusters: [],
    machines,
    waits: [],
    blocks,
    notes: [],
    pendingSteps: 0,
    lastPass: { pass: 1, endedAtMs: NOW, tookMs: 1, failures: [] },
  } as unknown as Status;
}

it('names in the table what stands in the way, and tells it once, below, with the way out', () => {
  const reason = 'image 13 failed on box and was taken back';
  const stalled = condition('Stalled', 'RolledBack', `${reason} (kreconcile retry)`);
  const blocks = [{ target: 'box', guard: 'Quarantined', reason, wayOut: 'kreconcile retry' }];
  const text = statusText(status([machine('box', stalled)], blocks as unknown as Status['blocks']), createStyle(false));
  expect(text.split(reason)).toHaveLength(2);
  expect(text.split('\n').find((line) => line.startsWith('box'))).toMatch(/RolledBack *$/);
});

it('says in the table what is waited for', () => {
  const moving = condition('Reconciling', 'Progressing', 'waiting: the guest of box answers');
  const text = statusText(status([machine('box', moving)], []), createStyle(false));
  expect(text).toContain('Progressing: waiting: the guest of box answers');
});
