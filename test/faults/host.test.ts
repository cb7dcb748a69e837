import { expect, it } from 'vitest';
import { EMPTY_LEDGER } from '../../src/model/ledger.ts';
import { destroyDomain, loseImage, pauseDomain, setFaults } from '../../src/sim/outside.ts';
import { createObject, IMAGES, sight, wish } from '../reconcile/lifecycle.ts';
import { machine } from '../reconcile/manifests.ts';
import { createRollout, type Rollout } from '../reconcile/rollout.ts';
import { told, watched } from './told.ts';

/** What goes wrong on the host: what a user is told, that nothing is lost, and that it goes on when the fault has ended. */
const MINUTE_MS = 60_000;
const desired = wish({ revision: 'r1' });

async function standing(): Promise<Rollout> {
  const rollout = await createRollout();
  await rollout.converge(desired);
  await createObject(rollout);
  return rollout;
}

async function expectConverged(rollout: Rollout, wanted = desired): Promise<void> {
  const last = await rollout.converge(wanted);
  expect([last.steps, last.waits, last.blocks]).toEqual([[], [], []]);
}

const kept = async (rollout: Rollout) => (await sight(rollout)).objects;

it('disk full: the act that fails says so, a paused machine names the way out, and no data goes', async () => {
  const rollout = await standing();
  const two = wish({ revision: 'r2', others: [machine('jump')] });
  await setFaults(rollout.world, [
    { on: 'prepareDisks', kind: 'error', code: 'StorageFull', message: 'no space left' },
  ]);
  expect(await watched(rollout, two, 2 * MINUTE_MS)).toMatch(/no space left \(StorageFull\)/);
  await pauseDomain(rollout.world, 'dev-cp-1', 'I/O error');
  expect(await watched(rollout, two, 2 * MINUTE_MS)).toContain(
    'Free space where the disks are, then: virsh resume dev-cp-1',
  );
  await setFaults(rollout.world, []);
  await rollout.world.change((hand) => {
    const domain = hand.domainNamed('dev-cp-1');
    if (domain) domain.state = 'running';
  });
  await expectConverged(rollout, two);
  expect(await kept(rollout)).toEqual([['configmaps/default/kept']]);
});

it('a host without room for another machine: HostCapacity says how much is free', async () => {
  const rollout = await createRollout({ host: { freeDiskMiB: 100 } });
  const plan = await rollout.converge(desired);
  expect(await told(rollout, desired, plan)).toMatch(/HostCapacity: .*100 MiB/);
  await rollout.world.change(({ state }) => {
    state.host = { ...state.host, freeDiskMiB: 500_000 };
  });
  await expectConverged(rollout);
});

it.each(['error', 'hang'] as const)(
  'virsh %s: attempts are told and grow rarer, and the act is done in the end',
  async (kind) => {
    const rollout = await createRollout();
    await setFaults(rollout.world, [{ on: 'start', kind, message: 'virsh said no' }]);
    expect(await watched(rollout, desired, 5 * MINUTE_MS)).toMatch(/attempt \d+ failed: virsh said no/);
    const attempts = rollout.failed.length;
    expect(attempts).toBeGreaterThan(3);
    expect(attempts).toBeLessThan(15);
    await setFaults(rollout.world, []);
    await expectConverged(rollout);
  },
);

it('virsh acts whose reply is lost are found to be done', async () => {
  const rollout = await createRollout();
  const acts = [
    'reserveAddress',
    'fetchImage',
    'prepareDisks',
    'define',
    'setAutostart',
    'start',
    'replaceSeed',
    'writeMark',
  ];
  await setFaults(
    rollout.world,
    acts.map((on) => ({ on, kind: 'silent', times: 2 })),
  );
  await expectConverged(rollout);
});

it('libvirtd gone: said at the top, nothing is done, and everything goes on when it is back', async () => {
  const rollout = await standing();
  const grown = wish({ revision: 'r2', memory: '4Gi' });
  await setFaults(rollout.world, [
    { on: 'hypervisor', kind: 'error', code: 'HypervisorUnreachable', message: 'no socket' },
  ]);
  rollout.done.length = 0;
  expect(await watched(rollout, grown, 10 * MINUTE_MS)).toMatch(/hypervisor unreachable: no socket/);
  expect([rollout.done, (await sight(rollout)).mark.spec.memoryMiB]).toEqual([[], 2048]);
  await setFaults(rollout.world, []);
  await expectConverged(rollout, grown);
  expect(await kept(rollout)).toEqual([['configmaps/default/kept']]);
});

it('image vanished: it is fetched again before a machine starts on it, and a running machine does not mind', async () => {
  const rollout = await standing();
  await loseImage(rollout.world, IMAGES.old);
  await expectConverged(rollout);
  await setFaults(rollout.world, [{ on: 'imageDownload', kind: 'fail', message: '404 at the mirror' }]);
  await destroyDomain(rollout.world, 'dev-cp-1');
  expect(await watched(rollout, desired, 2 * MINUTE_MS)).toContain('404 at the mirror');
  await setFaults(rollout.world, []);
  await expectConverged(rollout);
  expect(await kept(rollout)).toEqual([['configmaps/default/kept']]);
});

it('lost state folder: nothing is disturbed, and a deletion asks for a person', async () => {
  const rollout = await standing();
  const both = wish({ revision: 'r2', others: [machine('jump', { prune: { mode: 'Enabled' } })] });
  await rollout.converge(both);
  rollout.disk.ledger = EMPTY_LEDGER;
  rollout.disk.kubeconfigs = {};
  const nothing = { suspensions: {}, confirmations: [], deleted: [], kubeconfigs: [], backups: [] };
  rollout.disk.records = { ...nothing, applied: 'lost' };
  const made = await rollout.plan(both);
  expect(made.steps.map((step) => step.action.kind)).toEqual(['publish-kubeconfig']);
  await expectConverged(rollout, both);
  const without = wish({ revision: 'r3' });
  const stopped = await rollout.converge(without);
  expect(await told(rollout, without, stopped)).toMatch(/AppliedListLost: .*kreconcile confirm Machine\/jump/s);
  rollout.disk.records = { ...rollout.disk.records, confirmations: [{ object: 'Machine/jump', revision: 'r3' }] };
  await expectConverged(rollout, without);
  expect(await kept(rollout)).toEqual([['configmaps/default/kept']]);
});

it.each([
  ['a year ahead', 365 * 24 * 60 * MINUTE_MS],
  ['a day back', -24 * 60 * MINUTE_MS],
])(
  "the host's clock jumps %s in the middle of an upgrade: it ends all the same, with a backup",
  async (_how, jumpMs) => {
    for (const after of [1, 3, 5, 8, 11]) {
      const rollout = await standing();
      const newer = wish({ revision: 'r2', spec: { version: 'v1.36.4+k3s1' } });
      for (let pass = 0; pass < after; pass += 1) {
        await rollout.pass(newer);
        rollout.clock.advance(4_000);
      }
      rollout.skewMs += jumpMs;
      await expectConverged(rollout, newer);
      expect((await sight(rollout)).nodes).toMatchObject([
        { version: 'v1.36.4+k3s1', ready: true, unschedulable: false },
      ]);
      expect(rollout.disk.records.backups.length).toBeGreaterThan(0);
      expect(await kept(rollout)).toEqual([['configmaps/default/kept']]);
    }
  },
);
