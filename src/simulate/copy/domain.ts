import type { Domain } from '../../model/observed.ts';
import { schedule } from '../../sim/events.ts';
import { nextUuid } from '../../sim/identity.ts';
import type { SimDomain, SimRun } from '../../sim/state.ts';
import type { CopyScene } from './source.ts';

/** States in which a power cycle stands, whether or not the processors turn. */
const ALIVE: readonly Domain['state'][] = ['running', 'paused', 'shutdown', 'pmsuspended', 'unknown'];

/** A domain, ours or not, with its power cycle. What goes on in a guest of ours is copied by `copyGuest`. */
export function copyDomain(scene: CopyScene, domain: Domain): void {
  const { world, nowMs } = scene;
  const { name, uuid, mark, state, stateReason, persistent, autostart, live, next } = domain;
  const run = ALIVE.includes(state) ? copiedRun(scene, domain) : null;
  const copy: SimDomain = { name, uuid, mark, state, stateReason, persistent, autostart, live, next, run, saved: null };
  if (domain.managedSave && !run) copy.saved = { run: copiedRun(scene, domain), atMs: nowMs, events: [] };
  world.domains[uuid] = copy;
  world.names[name] = uuid;
  if (state !== 'shutdown' || !run) return;
  run.isShuttingDown = true;
  const dueMs = nowMs + world.durations.shutdown;
  schedule(world, { atMs: dueMs, kind: 'off', of: uuid, about: run.bootId });
}

function copiedRun({ world, guests, nowMs }: CopyScene, { name, mark, agent }: Domain): SimRun {
  const reading = guests[name];
  return {
    bootId: reading?.known ? reading.value.bootId : nextUuid(world),
    startedAtMs: nowMs,
    generation: mark === null || mark === 'unreadable' ? null : mark.generation,
    agentConnected: agent === 'connected',
    stateDisk: 'none',
    serviceActive: false,
    apiReady: false,
    isShuttingDown: false,
  };
}
