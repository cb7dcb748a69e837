import { EMPTY_LEDGER } from '../../src/model/ledger.ts';
import type { ActPhase } from '../../src/sim/world.ts';
import { Crash, type OutwardAct, type Rollout } from '../reconcile/rollout.ts';
import type { Fleet } from './fleet.ts';
import { invariants } from './invariants.ts';
import { remember } from './memory.ts';
import type { CrashPoint, Scenario } from './scenario.ts';
import { ownDomain, type Scene } from './scene.ts';

/** The state of one run that its parts share. */
export interface Course {
  readonly rollout: Rollout;
  readonly scene: Scene;
  readonly scenario: Scenario;
  readonly timeline: string[];
  readonly pending: CrashPoint[];
  fleet: Fleet;
  revision: number;
  /** Acts done since the last change, and of the phase of the next crash since the last crash. */
  acts: number;
  phases: number;
  crashes: number;
  passes: number;
  violation: string | null;
}

/** A new agent is started, after a while. */
export function restart(course: Course): void {
  const point = course.pending.shift();
  course.phases = 0;
  course.crashes += 1;
  if (point?.losesLedger) course.rollout.disk.ledger = EMPTY_LEDGER;
  course.rollout.clock.advance(point?.downMs ?? 0);
}

/** Called around each outward act: invariants are judged, and the agent ends where it should. */
export function meet(course: Course, act: OutwardAct, phase: ActPhase): void {
  const { scene } = course;
  if (phase === 'before' && act.name === 'deleteMachine' && act.machine !== null) note(scene, act.machine);
  if (phase === 'after') {
    course.acts += 1;
    course.timeline.push(`${at(course)} ${describe(act)}`);
  }
  judge(course, act, phase);
  if (phase === 'after' && act.name === 'shutdown' && act.machine !== null) noteStopping(scene, act.machine);
  const point = course.pending[0];
  if (point?.phase !== phase) return;
  course.phases += 1;
  if (course.phases <= point.after) return;
  course.timeline.push(`${at(course)} END ${phase} ${describe(act)}${point.losesLedger ? ', without its ledger' : ''}`);
  throw new Crash();
}

function noteStopping({ state, memory }: Scene, machine: string): void {
  const bootId = ownDomain(state, machine)?.run?.bootId;
  if (bootId !== undefined) memory.stopping.set(machine, bootId);
}

/** What a deletion takes along is not lost, but given up. */
function note({ state, memory }: Scene, machine: string): void {
  memory.deleting.add(machine);
  const uuid = state.names[machine] ?? '';
  const mark = state.domains[uuid]?.mark;
  if (!mark || mark === 'unreadable' || mark.deletionPolicy === 'Retain') return;
  for (const cluster of Object.values(state.clusters))
    if (cluster.controlPlanes.includes(uuid)) memory.objects.delete(cluster.uid);
}

export function judge(course: Course, act: OutwardAct | null, phase: ActPhase): void {
  const { scene } = course;
  remember(scene);
  for (const invariant of invariants) {
    if (course.violation !== null) return;
    const wrong = invariant.check(scene, act, phase);
    if (wrong === null) continue;
    violate(course, `${invariant.name}: ${wrong}`, `${phase} ${act ? describe(act) : 'time passed'}`);
  }
}

/** Ends the course with what did not hold. */
export function violate(course: Course, what: string, when = 'at rest'): void {
  course.violation = what;
  course.timeline.push(`${at(course)} VIOLATED ${when}: ${what}`);
}

function describe(act: OutwardAct): string {
  return [act.role, act.name, act.verb, act.machine, act.node === act.machine ? undefined : act.node]
    .filter((part) => part != null)
    .join(' ');
}

/** The virtual time since the beginning, as it stands in a timeline. */
export function at({ rollout }: Course): string {
  return `${((rollout.clock.now() - Date.UTC(2026, 0, 1)) / 1000).toFixed(1).padStart(9)}s`;
}
