import { expect, it } from 'vitest';
import { planText } from '../../src/cli/view/plan.ts';
import { createStyle } from '../../src/cli/view/style.ts';
import type { Desired } from '../../src/model/desired.ts';
import type { Plan } from '../../src/model/plan.ts';
import { planDocument } from '../../src/reconcile/plan/document.ts';
import { setFaults } from '../../src/sim/outside.ts';
import { IMAGES, untilPlanned, wish } from './lifecycle.ts';
import { createRollout, type Rollout } from './rollout.ts';

/** Plans as a person reads them: the examples of the lifecycle. */
const kubeadm = { distribution: 'kubeadm', version: 'v1.35.8' } as const;

async function standing(): Promise<Rollout> {
  const rollout = await createRollout();
  await rollout.converge(wish({ revision: 'r1', spec: kubeadm }));
  return rollout;
}

async function shown(rollout: Rollout, desired: Desired, plan: Plan): Promise<string> {
  const document = planDocument(desired, await rollout.observe(), plan);
  const text = planText(document, { style: createStyle(false), columns: 110 });
  return text
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    .replaceAll(/(\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d( \([^)]+\))?/g, '<time>');
}

it('a new image under a cluster of one', async () => {
  const rollout = await standing();
  const desired = wish({ revision: 'r2', image: IMAGES.good, spec: kubeadm });
  const plan = await rollout.plan(desired);
  await expect(await shown(rollout, desired, plan)).toMatchFileSnapshot('golden/new-image.txt');
});

it('a new image under three control planes', async () => {
  const rollout = await createRollout();
  const spec = { ...kubeadm, controlPlane: { machineClass: 'small', replicas: 3 }, endpoint: 'api.dev.test' };
  await rollout.converge(wish({ revision: 'r1', spec }));
  const desired = wish({ revision: 'r2', image: IMAGES.good, spec });
  const plan = await rollout.plan(desired);
  await expect(await shown(rollout, desired, plan)).toMatchFileSnapshot('golden/three-control-planes.txt');
});

it('a chain of versions, every leg of it', async () => {
  const workers = [{ name: 'general', replicas: 2, machineClass: 'small' }];
  const rollout = await createRollout();
  await rollout.converge(wish({ revision: 'r1', spec: { ...kubeadm, version: 'v1.34.9', workers } }));
  const upgrade = { versions: ['v1.35.8'] };
  const desired = wish({ revision: 'r2', spec: { ...kubeadm, version: 'v1.36.1', workers, upgrade } });
  const plan = await rollout.plan(desired);
  await expect(await shown(rollout, desired, plan)).toMatchFileSnapshot('golden/version-chain.txt');
});

it('the way back from an image that does not boot', async () => {
  const rollout = await standing();
  await setFaults(rollout.world, [{ on: 'boot', kind: 'fail', only: IMAGES.bad }]);
  const desired = wish({ revision: 'r2', image: IMAGES.bad, spec: kubeadm });
  const plan = await untilPlanned(rollout, desired, '/go-back');
  await expect(await shown(rollout, desired, plan)).toMatchFileSnapshot('golden/go-back.txt');
});

it('the way back from an upgrade that failed', async () => {
  const rollout = await standing();
  await setFaults(rollout.world, [{ on: 'upgrade', kind: 'fail', only: 'v1.36.1', halfway: true }]);
  const desired = wish({ revision: 'r2', spec: { ...kubeadm, version: 'v1.36.1' } });
  const plan = await untilPlanned(rollout, desired, '/rollback');
  await expect(await shown(rollout, desired, plan)).toMatchFileSnapshot('golden/take-back.txt');
});
