import { objectKey } from '../../src/model/mark.ts';
import type { Plan } from '../../src/model/plan.ts';
import { destroyDomain } from '../../src/sim/outside.ts';
import { isServing } from '../../src/sim/quorum.ts';
import { at, type Course } from './course.ts';
import { restore } from './losses.ts';
import { markOf } from './scene.ts';

/** A person looks at what has come to rest: ends what holds it back, mends what is broken and answers what the plan asks. Returns whether there was anything. */
export async function attend(course: Course, plan: Plan): Promise<boolean> {
  const done = [...release(course), ...(await mend(course)), ...bringBack(course, plan), ...decide(course, plan)];
  if (done.length > 0) course.timeline.push(`${at(course)} PERSON ${done.join(', ')}`);
  return done.length > 0;
}

/** Resumes what was suspended, and takes away what forbade disruptions. */
function release({ rollout, scene }: Course): readonly string[] {
  const { records } = rollout.disk;
  const scopes = Object.keys(records.suspensions);
  rollout.disk.records = { ...records, suspensions: {} };
  const blocked = Object.keys(rollout.blockers);
  rollout.blockers = {};
  const { state } = scene;
  const roots = Object.values(state.folders).flatMap(({ generations }) => Object.values(generations));
  const vetoing = roots.filter(({ installed }) => installed?.veto !== undefined);
  for (const { installed } of vetoing) if (installed) delete installed.veto;
  const nodes = Object.values(state.clusters).flatMap((cluster) => Object.values(cluster.nodes));
  const holding = nodes.filter((node) => node.localData !== undefined);
  for (const node of holding) delete node.localData;
  return [
    ...scopes.map((scope) => `resumes ${scope}`),
    ...blocked.map((object) => `no longer blocks ${object}`),
    ...(vetoing.length > 0 ? ['takes vetoes back'] : []),
    ...holding.map(({ name }) => `moves volumes of ${name}`),
  ];
}

/** Repairs the root disks of machines that do not serve, and turns the machines off: the agent starts them. */
async function mend({ rollout, scene }: Course): Promise<readonly string[]> {
  const mended: string[] = [];
  for (const domain of Object.values(scene.state.domains)) {
    const { run } = domain;
    const root = scene.state.folders[domain.name]?.generations[run?.generation ?? ''];
    const isMember = scene.state.folders[domain.name]?.stateDisk?.member != null;
    const isAiling = run !== null && (run.isHung || root?.isBroken || (isMember && !run.serviceActive));
    if (!markOf(domain) || !isAiling) continue;
    if (root) delete root.isBroken;
    await destroyDomain(rollout.world, domain.name);
    mended.push(`mends ${domain.name}`);
  }
  return mended;
}

/** Restores clusters that are lost, where there is a backup; else lets them begin anew. */
function bringBack(course: Course, plan: Plan): readonly string[] {
  const lost = plan.blocks.flatMap(({ guard, object }) => (guard === 'ClusterLost' && object ? [object] : []));
  return lost.map((object) => {
    if (restore(course, object.name, false)) return `restores ${object.name}`;
    confirmAll(course, plan.revision, [objectKey(object)]);
    return `begins ${object.name} anew`;
  });
}

/** Confirms and retries what the plan asks for. */
function decide(course: Course, plan: Plan): readonly string[] {
  const { rollout } = course;
  const asked = (guards: RegExp): readonly string[] => [
    ...new Set(plan.blocks.flatMap(({ guard, object }) => (object && guards.test(guard) ? [objectKey(object)] : []))),
  ];
  const confirmed = asked(/^(PruneConfirm|PruneLimit|AppliedListLost|RecreateConfirm)$/);
  const retried = asked(/^(Quarantined|OperationFailed)$/);
  confirmAll(course, plan.revision, confirmed);
  const { records } = rollout.disk;
  const retries = retried.map((object) => ({ object, revision: plan.revision, atMs: rollout.clock.now() }));
  rollout.disk.records = { ...records, retries: [...(records.retries ?? []), ...retries] };
  return [...confirmed.map((object) => `confirms ${object}`), ...retried.map((object) => `retries ${object}`)];
}

function confirmAll({ rollout }: Course, revision: string, objects: readonly string[]): void {
  const { records } = rollout.disk;
  const confirmations = [...records.confirmations, ...objects.map((object) => ({ object, revision }))];
  rollout.disk.records = { ...records, confirmations };
}

/** Somebody uses the clusters that serve. */
export async function keepObjects(course: Course): Promise<void> {
  const { rollout, scene, revision } = course;
  const { memory } = scene;
  await rollout.world.change(({ state }) => {
    for (const cluster of Object.values(state.clusters)) {
      if (!cluster.controlPlanes.some((uuid) => isServing(state, cluster, state.domains[uuid]))) continue;
      const name = `note-${revision}`;
      const key = `configmaps/default/${name}`;
      if (cluster.objects[key] === undefined) memory.writtenAtMs.set(`${cluster.uid} ${key}`, rollout.clock.now());
      cluster.objects[key] = { metadata: { name, namespace: 'default' } };
      if ([...memory.returning.values()].some(({ uid }) => uid === cluster.uid)) continue;
      memory.objects.set(cluster.uid, new Set([...(memory.objects.get(cluster.uid) ?? []), key]));
    }
  });
}
