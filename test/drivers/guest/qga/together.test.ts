import { expect, it } from 'vitest';
import { createQga } from '../../../../src/drivers/guest/qga/index.ts';
import { KreError } from '../../../../src/model/error.ts';
import { type FakeAnswer, fakeAgents, guestInfo, reply } from './fake-agent.ts';

const status = {
  program: `sha256:${'a'.repeat(64)}`,
  bootId: '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
  cloudInit: 'done',
  stateDisk: 'none',
};
const silent: FakeAnswer = { error: 'Guest agent is not responding: Guest agent not available for now' };

/** Guests whose `status` takes a time, and a clock that moves only while somebody sleeps. */
function scene(count: number, tookMs: number) {
  const agents = fakeAgents({});
  let nowMs = 1_000_000;
  const started = new Map<string, number>();
  const sleepers: { readonly untilMs: number; wake(): void }[] = [];
  const sleep = (ms: number) => new Promise<void>((wake) => sleepers.push({ untilMs: nowMs + ms, wake }));
  const machines = Array.from({ length: count }, (_, index) => ({ name: `m-${index}`, uuid: `uuid-${index}` }));
  const answer = (execute: string, uuid: string): FakeAnswer | null => {
    if (execute === 'guest-info') return guestInfo(true);
    if (execute === 'guest-exec') {
      started.set(uuid, nowMs);
      return reply({ pid: 5 });
    }
    const exited = nowMs - (started.get(uuid) ?? 0) >= tookMs;
    const data = Buffer.from(JSON.stringify(status)).toString('base64');
    return reply(exited ? { exited, exitcode: 0, 'out-data': data } : { exited });
  };
  agents.interfere(answer);
  const driver = createQga({ virsh: agents.virsh, clock: { now: () => nowMs }, sleep });
  return {
    agents,
    answer,
    /** Reads all guests; time goes on to whatever is waited for once nothing else can happen. */
    async read(): Promise<readonly PromiseSettledResult<unknown>[]> {
      let isDone = false;
      const reading = Promise.allSettled(machines.map((machine) => driver.status(machine))).finally(() => {
        isDone = true;
      });
      while (!isDone) {
        const before = agents.processes.length;
        await new Promise((resolve) => setTimeout(resolve, 5));
        if (agents.processes.length !== before || sleepers.length === 0) continue;
        nowMs = Math.max(nowMs, Math.min(...sleepers.map(({ untilMs }) => untilMs)));
        for (const sleeper of sleepers.splice(0)) {
          if (sleeper.untilMs <= nowMs) sleeper.wake();
          else sleepers.push(sleeper);
        }
      }
      return reading;
    },
    takeProcesses: () => agents.processes.splice(0),
  };
}

const allRead = (results: readonly PromiseSettledResult<unknown>[]) =>
  results.every((one) => one.status === 'fulfilled');

it('a warm reading of eight guests takes two processes', async () => {
  const { read, takeProcesses } = scene(8, 700);
  for (let reading = 0; reading < 2; reading++) expect(allRead(await read())).toBe(true);
  takeProcesses();
  expect(allRead(await read())).toBe(true);
  expect(takeProcesses().map((guests) => guests.length)).toEqual([8, 8]);
});

it('thirty guests that were never asked take fewer processes than two each', async () => {
  const { read, takeProcesses } = scene(30, 300);
  expect(allRead(await read())).toBe(true);
  expect(takeProcesses().length).toBeLessThan(60);
});

it('a guest that begins to hang is asked alone from then on, and the others are read', async () => {
  const { read, agents, answer, takeProcesses } = scene(8, 300);
  await read();
  agents.interfere((execute, uuid) => (uuid === 'uuid-3' ? silent : answer(execute, uuid)));
  for (let reading = 0; reading < 2; reading++) {
    takeProcesses();
    const results = await read();
    expect(results.map((one) => one.status).filter((one) => one === 'rejected')).toHaveLength(1);
  }
  const processes = takeProcesses();
  expect(processes.filter((guests) => guests.includes('uuid-3') && guests.length > 1)).toEqual([]);
  expect(processes.some((guests) => guests.length === 7)).toBe(true);
});

it('a process that fails as a whole makes each guest be asked alone', async () => {
  const { read, agents, answer, takeProcesses } = scene(4, 300);
  await read();
  takeProcesses();
  const late = new KreError({ code: 'ExecTimeout', message: 'virsh was too slow', hint: '', disposition: 'retry' });
  let failures = 0;
  agents.interfere((execute, uuid) => (failures++ === 0 ? { throws: late } : answer(execute, uuid)));
  expect(allRead(await read())).toBe(true);
  expect(
    takeProcesses()
      .slice(0, 5)
      .map((guests) => guests.length),
  ).toEqual([4, 1, 1, 1, 1]);
});
