import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../src/model/manifest.ts';
import { desire } from '../../src/reconcile/desire.ts';
import { useLocalData } from '../../src/sim/outside.ts';
import { distributions, programs } from './drivers.ts';
import { guardsOf, IMAGES, sight } from './lifecycle.ts';
import { cluster, debianImage, machine, options, smallClass } from './manifests.ts';
import { createRollout } from './rollout.ts';

type MachineClassSpec = Extract<Manifest, { kind: 'MachineClass' }>['spec'];

const recipes = { k3s: distributions.k3s.recipe, kubeadm: distributions.kubeadm.recipe };

function alone(revision: string, image: string, memory: string, spec: Parameters<typeof machine>[1] = {}) {
  const manifests = [smallClass({ memory }), debianImage(image), machine('toolbox', spec)];
  return desire({ revision, files: {}, manifests }, recipes, { ...options, programs });
}

it('a machine that is off as its manifest said gets no new root disk unasked when it is turned on again', async () => {
  const rollout = await createRollout();
  await rollout.converge(alone('r1', IMAGES.old, '2Gi'));
  const off = alone('r2', IMAGES.old, '2Gi', { powerState: 'Off' });
  await rollout.converge(off);
  const last = await rollout.converge(alone('r3', IMAGES.good, '2Gi'));
  expect(guardsOf(last)).toEqual(['RecreateConfirm']);
});

it('a machine that went down for a restart gets no new root disk that nobody confirmed', async () => {
  const rollout = await createRollout();
  await rollout.converge(alone('r1', IMAGES.old, '2Gi'));
  const more = alone('r2', IMAGES.old, '4Gi');
  for (let passes = 0; passes < 50 && !rollout.done.includes('machine/toolbox/shutdown'); passes += 1)
    await rollout.pass(more);
  const last = await rollout.converge(alone('r3', IMAGES.good, '4Gi'));
  expect(guardsOf(last)).toEqual(['RecreateConfirm']);
});

describe.each([
  ['restart', 'redefine'],
  ['recreate', 'replace'],
])('while a worker is away for its own %s', (what, act) => {
  const site = (revision: string, worker: string, controlPlane: Partial<MachineClassSpec> = {}) => {
    const big = { ...smallClass(controlPlane), metadata: { name: 'big' } };
    const small = smallClass(what === 'restart' ? { memory: worker } : { firmware: worker === '2Gi' ? 'bios' : 'efi' });
    const dev = cluster('dev', {
      controlPlane: { replicas: 1, machineClass: 'big' },
      workers: [{ name: 'general', replicas: 1, machineClass: 'small' }],
    });
    const manifests = [small, big, debianImage(IMAGES.old), dev];
    return desire({ revision, files: {}, manifests }, recipes, { ...options, programs });
  };

  async function away() {
    const rollout = await createRollout();
    await rollout.converge(site('r1', '2Gi'));
    const first = site('r2', '4Gi');
    for (let passes = 0; passes < 300 && !rollout.done.includes(`machine/dev-general-1/${act}`); passes += 1) {
      await rollout.pass(first);
      rollout.clock.moveTo(rollout.clock.now() + 1_000);
    }
    expect(rollout.done).toContain(`machine/dev-general-1/${act}`);
    rollout.done.length = 0;
    return rollout;
  }

  it('its control plane is not taken away', async () => {
    const rollout = await away();
    await rollout.converge(site('r3', '4Gi', { memory: '4Gi' }));
    const at = (id: string) => rollout.done.indexOf(id);
    expect(at('machine/dev-general-1/settle')).toBeGreaterThan(-1);
    expect(at('machine/dev-cp-1/shutdown')).toBeGreaterThan(at('machine/dev-general-1/settle'));
  });

  it('it proves itself although its control plane may not be changed', async () => {
    const rollout = await away();
    await useLocalData(rollout.world, 'dev-cp-1', 'default/data:/srv/data');
    const last = await rollout.converge(site('r3', '4Gi', { firmware: 'efi' }));
    expect(guardsOf(last)).toEqual(['LocalData']);
    expect(rollout.done).toContain('machine/dev-general-1/settle');
    expect((await sight(rollout, 'dev-general-1')).mark.quarantined).toEqual([]);
  });
});
