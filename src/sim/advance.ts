import { finishBoot, finishCloudInit } from './boot.ts';
import { becomeApiReady, becomeNodeReady, becomeNotReady } from './cluster.ts';
import { finishFetch } from './images.ts';
import { finishOperation } from './operations.ts';
import { turnOff } from './power.ts';
import type { Notice, SimEvent, WorldState } from './state.ts';
import { finishCopy } from './state-copies.ts';

/**
 * Lets everything happen that is due by `nowMs`, in the order of its time. Depends on nothing but its arguments, so that two processes that read
 * one world agree. Returns what a listener would be told.
 */
export function advance(state: WorldState, nowMs: number): readonly Notice[] {
  const notices: Notice[] = [];
  for (let event = state.events[0]; event && event.atMs <= nowMs; event = state.events[0]) {
    state.events.shift();
    state.atMs = Math.max(state.atMs, event.atMs);
    happen(state, event, notices);
  }
  state.atMs = Math.max(state.atMs, nowMs);
  return notices;
}

function happen(state: WorldState, event: SimEvent, notices: Notice[]): void {
  if (event.kind === 'fetched') {
    finishFetch(state, event.of, event.about === 'raw' ? 'raw' : 'qcow2', event.atMs);
    notices.push({ kind: 'other', machine: null });
    return;
  }
  if (event.kind === 'copied') {
    finishCopy(state, event.of, event.about, event.atMs);
    notices.push({ kind: 'other', machine: event.of });
    return;
  }
  if (event.kind === 'lost') {
    becomeNotReady(state, event.of, event.about, event.atMs);
    return;
  }
  const domain = state.domains[event.of];
  if (!domain?.run) return;
  if (event.kind === 'operation') {
    finishOperation(state, domain, event.about, event.atMs);
    return;
  }
  if (event.about !== domain.run.bootId) return;
  if (event.kind === 'boot') {
    finishBoot(state, domain, event.atMs);
    notices.push({ kind: 'agent-connected', machine: domain.name });
  } else if (event.kind === 'cloud-init') finishCloudInit(state, domain);
  else if (event.kind === 'api') {
    becomeApiReady(state, domain, event.atMs);
    notices.push({ kind: 'other', machine: domain.name });
  } else if (event.kind === 'ready') becomeNodeReady(state, domain);
  else {
    turnOff(state, domain, 'shutdown', event.atMs);
    notices.push({ kind: 'agent-disconnected', machine: domain.name }, { kind: 'lifecycle', machine: domain.name });
  }
}
