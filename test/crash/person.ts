import { objectKey } from '../../src/model/mark.ts';
import type { Plan } from '../../src/model/plan.ts';
import { at, type Course } from './course.ts';

/** A person confirms and retries what the plan asks for; returns whether there was anything. */
export function confirm(course: Course, plan: Plan): boolean {
  const { rollout } = course;
  const { records } = rollout.disk;
  const asked = (guards: RegExp): readonly string[] => [
    ...new Set(plan.blocks.flatMap(({ guard, object }) => (object && guards.test(guard) ? [objectKey(object)] : []))),
  ];
  const confirmed = asked(/^(PruneConfirm|PruneLimit|AppliedListLost|RecreateConfirm)$/);
  const retried = asked(/^(Quarantined|OperationFailed)$/);
  if (confirmed.length === 0 && retried.length === 0) return false;
  course.timeline.push(`${at(course)} PERSON confirms [${confirmed.join(', ')}], retries [${retried.join(', ')}]`);
  rollout.disk.records = {
    ...records,
    confirmations: [...records.confirmations, ...confirmed.map((object) => ({ object, revision: plan.revision }))],
    retries: [
      ...(records.retries ?? []),
      ...retried.map((object) => ({ object, revision: plan.revision, atMs: rollout.clock.now() })),
    ],
  };
  return true;
}

/** Somebody uses the clusters that serve. */
export async function keepObjects(course: Course): Promise<void> {
  const { rollout, scene, revision } = course;
  await rollout.world.change(({ state }) => {
    for (const cluster of Object.values(state.clusters)) {
      if (!cluster.controlPlanes.some((uuid) => state.domains[uuid]?.run?.apiReady)) continue;
      const name = `note-${revision}`;
      const key = `configmaps/default/${name}`;
      cluster.objects[key] = { metadata: { name, namespace: 'default' } };
      scene.memory.objects.set(cluster.uid, new Set([...(scene.memory.objects.get(cluster.uid) ?? []), key]));
    }
  });
}
