import { findNode, loseNode } from './cluster.ts';
import { removeDomain } from './domains.ts';
import { cancel, schedule } from './events.ts';
import { durationMs, failureOf, takeFault } from './fault.ts';
import { nextUuid } from './identity.ts';
import { installedOf, leaseAddress, markOf, rootOf } from './places.ts';
import type { SimDomain, SimRun, WorldState } from './state.ts';
import { countBoot } from './state-copies.ts';

/** Turns a stopped domain on: its agent answers after the boot. A managed save goes on where it was. */
export function powerOn(state: WorldState, domain: SimDomain, atMs: number): void {
  countBoot(state, domain);
  domain.live = domain.next;
  domain.state = 'running';
  if (domain.saved) {
    domain.stateReason = 'restored';
    const { run, events, atMs: savedAtMs } = domain.saved;
    domain.run = run;
    domain.saved = null;
    for (const event of events) schedule(state, { ...event, atMs: event.atMs + atMs - savedAtMs });
    findNode(state, domain, atMs);
    return;
  }
  domain.stateReason = 'booted';
  beginRun(state, domain, newRun(state, markOf(domain)?.generation ?? null, atMs));
}

function beginRun(state: WorldState, domain: SimDomain, run: SimRun): void {
  domain.run = run;
  const root = rootOf(state, domain);
  if (root) root.unstarted = false;
  leaseAddress(state, domain);
  const about = [...(root ? [root.imageDigest] : []), `${domain.live?.memoryMiB} MiB`];
  if (root?.isBroken || failureOf(state, 'boot', domain.name, about) !== null) return;
  const dueMs = run.startedAtMs + durationMs(state, 'boot', domain.name);
  schedule(state, { atMs: dueMs, kind: 'boot', of: domain.uuid, about: run.bootId });
}

function newRun(state: WorldState, generation: number | null, atMs: number): SimRun {
  return {
    bootId: nextUuid(state),
    startedAtMs: atMs,
    generation,
    agentConnected: false,
    stateDisk: 'none',
    serviceActive: false,
    apiReady: false,
    isShuttingDown: false,
  };
}

/** The reset button: what ran is interrupted and the guest boots again, from the same root disk under the same definition. */
export function reset(state: WorldState, domain: SimDomain, atMs: number): void {
  const { run } = domain;
  if (!run) return;
  interruptOperations(state, domain, atMs);
  endRun(state, domain, atMs);
  beginRun(state, domain, newRun(state, run.generation, atMs));
}

/** The guest stops where it stands, its agent's channel still open: nothing in it goes on until its power cycle ends. */
export function hang(state: WorldState, domain: SimDomain, atMs: number): void {
  if (!domain.run) return;
  endRun(state, domain, atMs);
  domain.run.isHung = true;
  domain.run.apiReady = false;
}

function endRun(state: WorldState, domain: SimDomain, atMs: number): void {
  loseNode(state, domain, atMs);
  cancel(state, (event) => event.of === domain.uuid);
}

/** Asks the guest to shut down. One that has not booted, or hangs, does not hear it. */
export function askShutdown(state: WorldState, domain: SimDomain, atMs: number): void {
  if (!domain.run?.agentConnected || domain.run.isHung || domain.state !== 'running') return;
  if (domain.run.isShuttingDown) return;
  if (takeFault(state, ['shutdown'], domain.name, ['silent', 'fail'])) return;
  domain.run.isShuttingDown = true;
  const dueMs = atMs + durationMs(state, 'shutdown', domain.name);
  schedule(state, { atMs: dueMs, kind: 'off', of: domain.uuid, about: domain.run.bootId });
}

/** Writes what runs to disk: it stands still until it is turned on again. */
export function save(state: WorldState, domain: SimDomain, atMs: number): void {
  const { run } = domain;
  if (!run) return;
  const isOurs = (event: { readonly of: string }): boolean => event.of === domain.uuid;
  domain.saved = { run, atMs, events: state.events.filter(isOurs) };
  cancel(state, isOurs);
  loseNode(state, domain, atMs);
  domain.run = null;
  domain.live = null;
  domain.state = 'shut off';
  domain.stateReason = 'saved';
}

/** The domain is off: what ran is interrupted, what is only in memory is gone. A transient domain vanishes. */
export function turnOff(state: WorldState, domain: SimDomain, reason: string, atMs: number): void {
  const { run } = domain;
  if (run) {
    interruptOperations(state, domain, atMs);
    endRun(state, domain, atMs);
  }
  domain.run = null;
  domain.live = null;
  domain.state = 'shut off';
  domain.stateReason = reason;
  if (!domain.persistent) removeDomain(state, domain);
}

function interruptOperations(state: WorldState, domain: SimDomain, atMs: number): void {
  const installed = installedOf(state, domain);
  if (!installed) return;
  installed.operations = installed.operations.map((operation) =>
    operation.state === 'running'
      ? { ...operation, state: 'failed', endedAtMs: atMs, message: 'interrupted: the guest lost power' }
      : operation,
  );
  // cloud-init does not run the commands of first boot again.
  if (installed.cloudInit === 'running') installed.cloudInit = 'error';
}
