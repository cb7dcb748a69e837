import { type ObjectRef, objectKey } from '../../src/model/mark.ts';
import type { Plan } from '../../src/model/plan.ts';
import type { SourceStatus } from '../../src/model/status.ts';
import { verdictOf } from '../../src/reconcile/plan/verdict.ts';
import type { SimFault } from '../../src/sim/fault.ts';
import { setFaults } from '../../src/sim/outside.ts';
import { createVirtualClock } from '../../src/sim/virtual-clock.ts';
import { createRollout, type Engine, type Rollout } from '../reconcile/rollout.ts';
import { at, type Course, judge, meet, restart, violate } from './course.ts';
import { together } from './engines.ts';
import { happen, settle as settleWorld } from './events.ts';
import { askedFor, desiredOf, type Fleet } from './fleet.ts';
import { outcomeOf } from './outcome.ts';
import { attend, keepObjects } from './person.ts';
import { wrongAtRest } from './rest.ts';
import type { Change, Scenario } from './scenario.ts';
import { foreignThings, listener, newMemory } from './scene.ts';
import { opensAt } from './windows.ts';

/** What came of one history. */
export interface Run {
  /** The first invariant that did not hold, with what was wrong; `null`: all held. */
  readonly violation: string | null;
  readonly outcome: Readonly<Record<string, unknown>>;
  /** What happened, in order. */
  readonly timeline: readonly string[];
  readonly crashes: number;
  readonly passes: number;
}

/** Passes that a change may take to rest. */
const MOST_PASSES = 1_000;
/** Windows that may come and go while a change waits for them. */
const MOST_WINDOWS = 4;
/** What a pass takes. */
const PASS_MS = 100;
const LONGEST_LOOK_MS = 20_000;
const MANY_LOOKS = 3;
const LONG_SILENCE_MS = 120_000;
/** After this time nothing is kept for going back any more. */
const LONGEST_KEPT_MS = 41 * 3_600_000;
const ON = { isOn: true, isSuspended: false };
const ALL_ON = { dev: ON, stage: ON, jump: ON };
/** How often a person looks at what has come to rest. */
const MOST_LOOKS_OF_A_PERSON = 5;

/** Lives through a history with the real loop on a simulated host. `engine` may hold a deliberate fault. */
export async function run(scenario: Scenario, engine: Engine): Promise<Run> {
  const memory = newMemory();
  const clock = createVirtualClock();
  // Nothing is done at the very instant in which it was seen.
  const ticking: Engine = {
    observed(observed) {
      clock.advance(1);
      return observed;
    },
  };
  const rollout: Rollout = await createRollout({
    clock,
    engine: together(together(listener(memory, clock), ticking), engine),
    readsBeside: scenario.readsBeside,
  });
  await settleWorld(rollout.world, scenario.conflict);
  const state = await rollout.world.look((hand) => hand.state);
  memory.foreign = foreignThings(state);
  const course: Course = {
    rollout,
    scenario,
    scene: { state, disk: rollout.disk, host: rollout, desired: desiredOf(scenario.fleet, 'r0'), memory },
    timeline: [],
    pending: [...scenario.crashes],
    fleet: scenario.fleet,
    revision: 0,
    acts: 0,
    phases: 0,
    crashes: 0,
    passes: 0,
    violation: null,
  };
  rollout.onAct = (act, phase) => meet(course, act, phase);
  await liveThrough(course);
  const rest = await rollout.plan(course.scene.desired);
  const lines = describeRest(rest);
  const isFailed = verdictOf(sourceOf(rest), rest, rollout.disk.ledger) === 'failed';
  if (course.violation === null && isFailed && !isOfAnEarlierCluster(rest))
    course.violation = `ends converged, or blocked by a named guard: ${lines.join('; ')}`;
  course.timeline.push(...lines.map((line) => `${at(course)} REST ${line}`));
  const { violation, timeline, crashes, passes } = course;
  const outcome = violation === null ? { ...(await outcomeOf(rollout)), blocks: rest.blocks.map(({ id }) => id) } : {};
  return { violation, timeline, crashes, passes, outcome };
}

async function liveThrough(course: Course): Promise<void> {
  const { rollout } = course;
  for (const change of course.scenario.changes) {
    await drive(course, change.after);
    if (course.violation !== null) return;
    await begin(course, change);
  }
  await drive(course, null);
  if (course.violation !== null) return;
  // How far a machine had come when it was switched off depends on the moment: in the end everything is on.
  await begin(course, { what: { kind: 'commit', edit: ALL_ON }, after: null, faults: [], fails: null });
  await drive(course, null);
  if (course.violation !== null) return;
  rollout.clock.advance(LONGEST_KEPT_MS);
  await drive(course, null);
}

async function begin(course: Course, change: Change): Promise<void> {
  const { rollout, scene } = course;
  const { what } = change;
  const faults = [...change.faults, ...failuresOf(course.fleet, change)];
  course.acts = 0;
  course.timeline.push(
    `${at(course)} CHANGE ${JSON.stringify(what)}${faults.length === 0 ? '' : ` faults ${JSON.stringify(faults)}`}`,
  );
  await setFaults(rollout.world, faults);
  // A guest that says nothing more has been silent for a while when something is asked of it.
  if (faults.some(({ times, only }) => times === undefined && only === undefined))
    rollout.clock.advance(LONG_SILENCE_MS);
  course.fleet = await happen(course, what);
  if (what.kind !== 'commit') return;
  course.revision += 1;
  scene.desired = desiredOf(course.fleet, `r${course.revision}`);
}

/** What fails of that which a commit asks for, whoever gets it. */
function failuresOf(fleet: Fleet, { what, fails }: Change): readonly SimFault[] {
  if (fails === null || what.kind !== 'commit') return [];
  const on = fails === 'halfway' ? 'upgrade' : fails;
  return askedFor(fleet, what.edit).map((only) => ({ on, kind: 'fail', only, halfway: fails === 'halfway' }));
}

/** Passes until so many acts are done, or else until rest, with the faults lifted and what asks for a person confirmed. */
async function drive(course: Course, acts: number | null): Promise<void> {
  if ((await passes(course, acts)) === 'interrupted' || course.violation !== null) return;
  if (course.scene.state.faults.length > 0) {
    await setFaults(course.rollout.world, []);
    await passes(course, null);
  }
  for (let asked = 0; asked < MOST_LOOKS_OF_A_PERSON && course.violation === null; asked += 1) {
    const { plan } = await course.rollout.turn(course.scene.desired);
    if (!(await attend(course, plan))) break;
    await passes(course, null);
  }
  const wrong = course.violation === null ? wrongAtRest(course.scene) : null;
  if (wrong !== null) violate(course, wrong);
  await keepObjects(course);
}

async function passes(course: Course, acts: number | null): Promise<'interrupted' | 'rest'> {
  const { rollout, scene } = course;
  let quiet = 0;
  let looks = 0;
  let windows = 0;
  for (let count = 0; count < MOST_PASSES; count += 1) {
    const { crashed, plan } = await rollout.turn(scene.desired);
    course.passes += 1;
    if (course.violation !== null) return 'interrupted';
    if (crashed) restart(course);
    if (acts !== null && course.acts >= acts) return 'interrupted';
    const isReady = plan.steps.some((step) => step.needs.length === 0);
    quiet = isReady || crashed ? 0 : quiet + 1;
    looks = isReady || crashed ? 0 : looks + 1;
    rollout.clock.advance(PASS_MS);
    if (quiet < (scene.memory.foreign !== '' && rollout.readsBeside ? 2 : 1)) continue;
    const next = await nextLook(course, plan, looks);
    if (next === null || (next.isOpening && windows >= MOST_WINDOWS)) return 'rest';
    if (next.isOpening) windows += 1;
    const { atMs: nextMs } = next;
    rollout.clock.moveTo(nextMs);
    quiet = 0;
    await rollout.world.look(() => undefined);
    judge(course, null, 'after');
  }
  course.violation ??= `comes to rest: not in ${MOST_PASSES} passes; ${await unrest(course)}`;
  return 'interrupted';
}

/** When the agent looks again: at the next event, or as its waits ask, more rarely when it has looked in vain; `null` when nothing is to come. */
async function nextLook(
  course: Course,
  plan: Plan,
  looks: number,
): Promise<{ readonly atMs: number; readonly isOpening: boolean } | null> {
  const { rollout, scenario } = course;
  const eventAtMs = await rollout.world.nextEventAtMs();
  const isHeld = holdOf(course);
  const isLeftAlone = (id: string) =>
    id.endsWith('/recovers') && plan.blocks.some(({ guard }) => guard === 'RemediationHeld');
  const nowMs = rollout.clock.now();
  const isWaiting = plan.waits.some(
    (wait) => wait.needs.length === 0 && !wait.overdue && !isHeld(wait.object) && !isLeftAlone(wait.id),
  );
  const opensAtMs = isWaiting ? null : nextOpening(course, plan, isHeld);
  if (!isWaiting && opensAtMs === null && eventAtMs === null) return null;
  // With nothing but a window to wait for nobody has to look before.
  if (opensAtMs !== null)
    return { atMs: Math.max(nowMs + 1, Math.min(opensAtMs, eventAtMs ?? opensAtMs)), isOpening: eventAtMs === null };
  const lookMs = plan.lookAgainAtMs ?? nowMs + LONGEST_LOOK_MS;
  const latestMs = scenario.isLazy || looks > MANY_LOOKS ? Math.max(lookMs, nowMs + LONGEST_LOOK_MS) : lookMs;
  return {
    atMs: Math.max(nowMs + 1, eventAtMs === null ? latestMs : Math.min(eventAtMs, latestMs)),
    isOpening: false,
  };
}

/** When the first of the windows opens that a plan waits for; `null`: it waits for none. */
function nextOpening(
  { rollout, scene }: Course,
  { blocks }: Plan,
  isHeld: (object: ObjectRef | null) => boolean,
): number | null {
  const shut = blocks.filter(({ guard, object }) => guard === 'WindowOpen' && !isHeld(object));
  const windows = scene.desired.machines.flatMap((machine) =>
    shut.some(({ target }) => target.name === machine.name) ? [machine.windows] : [],
  );
  const nowMs = rollout.clock.now();
  return windows.length === 0 ? null : Math.min(...windows.map((entry) => opensAt(entry, nowMs)));
}

/** Whether an object is suspended, or part of it is: then it moves on only when a person wants it. */
function holdOf({ scene }: Course): (object: ObjectRef | null) => boolean {
  const { desired, disk } = scene;
  const scopes = Object.keys(disk.records.suspensions);
  const nodes = scopes.map((scope) => desired.machines.find(({ name }) => scope === `Node/${name}`)?.object);
  const suspended = desired.machines.filter((machine) => machine.suspended).map(({ object }) => object);
  const keys = new Set([...scopes, ...[...nodes, ...suspended].flatMap((entry) => (entry ? [objectKey(entry)] : []))]);
  return (object) => keys.has('agent') || (object !== null && keys.has(objectKey(object)));
}

async function unrest({ rollout, scene }: Course): Promise<string> {
  const plan = await rollout.plan(scene.desired);
  const waits = plan.waits.filter((wait) => wait.needs.length === 0).map((wait) => `${wait.id}: ${wait.detail}`);
  const steps = plan.steps.filter((step) => step.needs.length === 0).map((step) => step.id);
  return `ready ${steps.join(', ')}; waits ${waits.join(', ')}; failed ${rollout.failed.slice(-3).join(', ')}`;
}

/** Workers of a cluster that was begun anew are told to be taken away: they never get well. */
function isOfAnEarlierCluster({ blocks }: Plan): boolean {
  const given = blocks.filter(({ guard, wayOut }) => guard === 'OperationFailed' && wayOut.includes('was begun anew'));
  const names = new Set(given.map(({ target }) => target.name));
  return blocks.filter(({ guard }) => guard === 'DeadlinePassed').every(({ target }) => names.has(target.name));
}

function sourceOf({ revision }: Plan): SourceStatus {
  return { url: 'test', lastGoodRevision: revision, lastAttemptedRevision: revision, problem: null, checkedAtMs: 0 };
}

function describeRest({ steps, waits, blocks }: Plan): readonly string[] {
  return [
    ...steps.map((step) => `step ${step.id} needs ${step.needs.join(', ')}`),
    ...waits.map(
      (wait) => `wait ${wait.id} needs ${wait.needs.join(', ')}${wait.overdue ? ', overdue' : ''}: ${wait.detail}`,
    ),
    ...blocks.map((block) => `block ${block.id}: ${block.reason}`),
  ];
}
