import type { DesiredMachine } from '../../model/desired.ts';
import type { Mark } from '../../model/mark.ts';
import type { Domain } from '../../model/observed.ts';
import { durationText } from '../../model/time-text.ts';
import { isCorrected } from './correct.ts';
import type { Draft } from './draft.ts';
import { type Facts, freshGuest } from './facts.ts';

/** Starts a machine that should run. Returns what must come before it runs, `null` when it must not be started. */
export function planStart(
  facts: Facts,
  machine: DesiredMachine,
  domain: Domain,
  mark: Mark,
  needs: readonly string[],
  draft: Draft,
): readonly string[] | null {
  const { name } = machine;
  switch (domain.state) {
    case 'running':
      planAutostart(machine, domain, mark, draft);
      return [];
    case 'shutdown':
      return draft.wait({
        id: `machine/${name}/off`,
        condition: `${name} has shut down`,
        detail: 'it is shutting down; it starts again after',
        timeoutMs: machine.deadlines.shutdownMs,
        pollMs: 1_000,
      });
    case 'paused':
    case 'pmsuspended':
      draft.block({
        guard: 'Paused',
        reason: `${name} is ${domain.state} (${domain.stateReason})`,
        wayOut:
          domain.stateReason === 'I/O error'
            ? `Free space where the disks are, then: virsh resume ${name}`
            : `virsh resume ${name}; kreconcile does not resume what somebody paused.`,
      });
      return null;
    default:
      return isDiskMissing(facts, machine, mark, draft) ? null : startStep(facts, machine, domain, mark, needs, draft);
  }
}

function startStep(
  facts: Facts,
  machine: DesiredMachine,
  domain: Domain,
  mark: Mark,
  needs: readonly string[],
  draft: Draft,
): readonly string[] {
  const { name } = machine;
  planAutostart(machine, domain, mark, draft);
  // It was turned off with the machine, by powerState: that is no drift, so it comes back whatever becomes of drift.
  const isReturning =
    !domain.autostart && !isCorrected(machine, mark, '/autostart') && !machine.drift.ignore.includes('/autostart');
  return draft.step({
    id: `machine/${name}/start`,
    title: `start ${name}`,
    needs,
    reason: startReason(facts, name, domain, mark),
    action: { kind: 'start', machine: name, ...(isReturning ? { autostart: true } : {}) },
  });
}

/** What we have just made of a machine is why it starts; else it is how it was found. */
function startReason({ folders, ledger }: Facts, name: string, domain: Domain, mark: Mark): string {
  const startedAtMs = ledger.attempts[`machine/${name}/start`]?.lastAtMs ?? -1;
  const isJust = (act: string) => (ledger.attempts[`machine/${name}/${act}`]?.lastAtMs ?? -1) > startedAtMs;
  const started = folders.get(name)?.generations;
  if (started && !started.includes(mark.generation))
    return (mark.previous ?? null) === null ? 'it is new' : 'its new root disk is in place';
  if (isJust('go-back')) return 'what it had before is back';
  if (mark.isSettling && isJust('redefine')) return 'its new definition is in place';
  return `it should run and is ${domain.state}${domain.stateReason === '' ? '' : ` (${domain.stateReason})`}`;
}

function planAutostart(machine: DesiredMachine, domain: Domain, mark: Mark, draft: Draft): void {
  if (domain.autostart || !isCorrected(machine, mark, '/autostart')) return;
  const { name } = machine;
  const id = `machine/${name}/autostart`;
  draft.step({
    id,
    title: `let ${name} start with the host`,
    reason: 'autostart is off',
    needs: draft.pause(id, `let ${name} start with the host`, null, 'somebody turned it off again'),
    action: { kind: 'set-autostart', machine: name, on: true },
  });
}

/** Only what should run starts with the host. */
export function planNoAutostart(name: string, draft: Draft): void {
  draft.step({
    id: `machine/${name}/autostart`,
    title: `do not let ${name} start with the host`,
    reason: 'powerState is Off and autostart is on',
    action: { kind: 'set-autostart', machine: name, on: false },
  });
}

function isDiskMissing(facts: Facts, machine: DesiredMachine, mark: Mark, draft: Draft): boolean {
  const folder = facts.folders.get(machine.name);
  if (mark.spec.stateDiskMiB === null || folder?.hasStateDisk) return false;
  draft.block({
    guard: 'StateDisk',
    reason: `the state disk of ${machine.name} is missing`,
    wayOut:
      "Put state.qcow2 back into the machine's folder. It is not started without: it would come up without its data.",
  });
  return true;
}

/**
 * Takes a machine down: clean shutdown through the agent, then ACPI at half of the deadline, then power off past it. Returns what must come
 * before it is off; empty when it is.
 */
export function planPowerOff(
  facts: Facts,
  name: string,
  domain: Domain,
  deadlineMs: number,
  reason: string,
  draft: Draft,
  needs: readonly string[] = [],
): readonly string[] {
  if (domain.state === 'shut off' || domain.state === 'crashed') return [];
  const wait = { id: `machine/${name}/off`, condition: `${name} has shut down`, timeoutMs: deadlineMs, pollMs: 1_000 };
  // `shutdown` is a guest on its way down, and of `unknown` nothing is known: neither is cut off.
  if (domain.state === 'shutdown' || domain.state === 'unknown')
    return draft.wait({ ...wait, detail: `libvirt says: ${domain.state}` });
  if (domain.state !== 'running')
    return planCut(name, `it is ${domain.state} and cannot shut down by itself`, needs, draft);
  const ask = `machine/${name}/shutdown`;
  const asked = askedFor(facts, name, deadlineMs);
  if (asked === null) {
    const step = draft.step({
      id: ask,
      title: `shut ${name} down`,
      reason,
      needs,
      disruptive: true,
      action: { kind: 'shutdown', machine: name, mode: domain.agent === 'connected' ? 'agent' : 'acpi' },
    });
    return draft.wait({ ...wait, needs: step });
  }
  const elapsedMs = facts.nowMs - asked;
  if (elapsedMs > deadlineMs) return planCut(name, 'it did not shut down in time', needs, draft);
  const again = `machine/${name}/shutdown-acpi`;
  const pressed = facts.ledger.attempts[again];
  if (elapsedMs > deadlineMs / 2 && !(pressed && pressed.lastAtMs >= asked)) {
    draft.step({
      id: again,
      title: `press the power button of ${name}`,
      reason: 'the guest has not followed the first request',
      disruptive: true,
      action: { kind: 'shutdown', machine: name, mode: 'acpi' },
    });
  }
  return draft.wait({ ...wait, detail: `asked ${durationText(elapsedMs)} ago` });
}

/** An upgrade that runs is let come to its end before the machine goes down, as long as an upgrade may take. */
export function planIdle(facts: Facts, machine: DesiredMachine, draft: Draft): readonly string[] {
  const running = freshGuest(facts, machine.name)?.operations.find(
    (entry) => entry.verb === 'upgrade' && entry.state === 'running',
  );
  const id = `machine/${machine.name}/idle`;
  const isOver = facts.nowMs - (facts.ledger.since[id] ?? facts.nowMs) > machine.deadlines.upgradeMs;
  if (!running || isOver || facts.ledger.attempts[`machine/${machine.name}/shutdown`]) return [];
  return draft.wait({
    id,
    condition: `the upgrade that runs in ${machine.name} has ended`,
    detail: running.message,
    timeoutMs: machine.deadlines.upgradeMs,
    guest: machine.name,
  });
}

/** When a shutdown was asked for that may still be followed; of an older one nobody knows what came of it, so the guest is asked again. */
function askedFor(facts: Facts, name: string, deadlineMs: number): number | null {
  const attempt = facts.ledger.attempts[`machine/${name}/shutdown`];
  if (!attempt || attempt.error !== null || attempt.lastAtMs > facts.nowMs) return null;
  // It was followed, and the machine was started since.
  if ((facts.ledger.attempts[`machine/${name}/start`]?.lastAtMs ?? 0) > attempt.lastAtMs) return null;
  return facts.nowMs - attempt.lastAtMs <= 2 * deadlineMs ? attempt.lastAtMs : null;
}

/** Cuts the power of a machine that runs. Returns what must come before it is off. */
export function planCut(name: string, reason: string, needs: readonly string[], draft: Draft): readonly string[] {
  const step = draft.step({
    id: `machine/${name}/power-off`,
    title: `power ${name} off`,
    reason,
    needs,
    disruptive: true,
    action: { kind: 'power-off', machine: name },
  });
  return draft.wait({ id: `machine/${name}/off`, condition: `${name} is off`, needs: step, pollMs: 1_000 });
}
