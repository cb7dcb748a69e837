import type { Desired } from '../../src/model/desired.ts';
import type { ClusterSpec, Manifest } from '../../src/model/manifest.ts';
import type { Mark } from '../../src/model/mark.ts';
import type { Plan } from '../../src/model/plan.ts';
import { desire } from '../../src/reconcile/desire.ts';
import { distributions, programs } from './drivers.ts';
import { cluster, debianImage, options, smallClass } from './manifests.ts';
import type { Rollout } from './rollout.ts';

/** Clusters whose image, version and sizes change, and what is seen of them on the simulator. */
export const IMAGES = {
  old: `sha256:${'a'.repeat(64)}`,
  bad: `sha256:${'b'.repeat(64)}`,
  good: `sha256:${'c'.repeat(64)}`,
};
const recipes = { k3s: distributions.k3s.recipe, kubeadm: distributions.kubeadm.recipe };

export interface Wish {
  readonly revision: string;
  readonly image?: string;
  readonly memory?: string;
  readonly spec?: Partial<ClusterSpec>;
  readonly others?: readonly Manifest[];
}

export function wish({ revision, image = IMAGES.old, memory = '2Gi', spec = {}, others = [] }: Wish): Desired {
  const objects = [cluster('dev', { workers: [], ...spec }), ...others];
  const manifests = [smallClass({ memory }), debianImage(image), ...objects];
  return desire({ revision, files: {}, manifests }, recipes, { ...options, programs });
}

/** Puts an object into the cluster, as a user would. */
export function createObject({ world }: Rollout): Promise<void> {
  return world.change(({ state }) => {
    for (const found of Object.values(state.clusters)) {
      found.objects['configmaps/default/kept'] = {
        metadata: { name: 'kept', namespace: 'default' },
        data: { by: 'a user' },
      };
    }
  });
}

/** What a user would look at: identities and objects of clusters, and what the machine runs on. */
export function sight({ world }: Rollout, machine = 'dev-cp-1') {
  return world.look(({ state }) => {
    const clusters = Object.values(state.clusters);
    const domain = Object.values(state.domains).find(({ name }) => name === machine);
    const mark = domain?.mark as Mark;
    const folder = state.folders[machine];
    return {
      uids: clusters.map(({ uid }) => uid),
      objects: clusters.map(({ objects }) => Object.keys(objects)),
      nodes: clusters.flatMap(({ nodes }) =>
        Object.values(nodes).map(({ name, ready, unschedulable, version }) => ({
          name,
          ready,
          unschedulable,
          version,
        })),
      ),
      uuid: domain?.uuid,
      image: folder?.generations[mark.generation]?.imageDigest,
      generations: Object.keys(folder?.generations ?? {}).map(Number),
      mark,
    };
  });
}

export const guardsOf = (plan: Plan): readonly string[] => plan.blocks.map(({ guard }) => guard);

/** Passes until the clock has moved on by so much; nothing has to come to rest. */
export async function live(rollout: Rollout, desired: Desired, forMs: number): Promise<Plan> {
  const endMs = rollout.clock.now() + forMs;
  for (let passes = 0; passes < 600; passes += 1) {
    await rollout.pass(desired);
    const next = await rollout.plan(desired);
    if (next.steps.some(({ needs }) => needs.length === 0)) continue;
    const eventAtMs = (await rollout.world.nextEventAtMs()) ?? Number.POSITIVE_INFINITY;
    const lookAtMs = next.lookAgainAtMs ?? Number.POSITIVE_INFINITY;
    const atMs = Math.max(rollout.clock.now() + 1, Math.min(eventAtMs, lookAtMs));
    const isOver = rollout.clock.now() >= endMs;
    if (isOver) return next;
    rollout.clock.moveTo(Math.min(atMs, endMs));
  }
  throw new Error('the rollout never rests');
}

/** Passes until the plan has a step whose id ends so; returns that plan, of which nothing was done yet. */
export async function untilPlanned(rollout: Rollout, desired: Desired, idEnd: string): Promise<Plan> {
  for (let passes = 0; passes < 600; passes += 1) {
    const made = await rollout.plan(desired);
    if (made.steps.some(({ id }) => id.endsWith(idEnd))) return made;
    await rollout.pass(desired);
    const next = await rollout.plan(desired);
    if (next.steps.some(({ needs }) => needs.length === 0)) continue;
    const eventAtMs = (await rollout.world.nextEventAtMs()) ?? Number.POSITIVE_INFINITY;
    const lookAtMs = next.lookAgainAtMs ?? Number.POSITIVE_INFINITY;
    rollout.clock.moveTo(Math.max(rollout.clock.now() + 1, Math.min(eventAtMs, lookAtMs)));
  }
  throw new Error(`no plan has a step ${idEnd}`);
}
