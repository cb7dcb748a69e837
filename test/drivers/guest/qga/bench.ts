import type { Guest } from '../../../../src/drivers/guest/guest.ts';
import { createQga } from '../../../../src/drivers/guest/qga/index.ts';
import { type GuestRoot, makeGuestRoot } from '../program/guest-root.ts';
import { type FakeAgents, type FakeAnswer, fakeAgents, reply } from './fake-agent.ts';

/** The driver over a stand-in for libvirt, with one guest behind it and a clock that sleeping moves. */
export interface QgaBench {
  readonly machine: { readonly name: string; readonly uuid: string };
  readonly guest: GuestRoot;
  readonly agents: FakeAgents;
  readonly driver: Guest;
  now(): number;
  advance(ms: number): void;
  /** How many messages of this kind were sent. */
  asked(execute: string): number;
}

export function makeBench(): QgaBench {
  const guest = makeGuestRoot('dash');
  const agents = fakeAgents({ 'uuid-1': guest });
  let nowMs = 1_000_000;
  const sleep = (ms: number) => {
    nowMs += ms;
    return new Promise<void>((resolve) => setTimeout(resolve, Math.min(ms, 20)));
  };
  return {
    machine: { name: 'dev-cp-1', uuid: 'uuid-1' },
    guest,
    agents,
    driver: createQga({ virsh: agents.virsh, clock: { now: () => nowMs }, sleep }),
    now: () => nowMs,
    advance: (ms) => {
      nowMs += ms;
    },
    asked: (execute) => agents.messages.filter((message) => message.execute === execute).length,
  };
}

/** Guests whose every program prints this. */
export function printing(output: string | Buffer, exitcode = 0): (execute: string) => FakeAnswer | null {
  const data = Buffer.from(output).toString('base64');
  return (execute) => {
    if (execute === 'guest-exec') return reply({ pid: 7 });
    if (execute === 'guest-exec-status') return reply({ exited: true, exitcode, 'out-data': data, 'err-data': '' });
    return null;
  };
}
