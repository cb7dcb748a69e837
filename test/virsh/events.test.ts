import { describe, expect, test } from 'vitest';
import type { Exec } from '../../src/model/ports.ts';
import { parseEventLine } from '../../src/virsh/event-line.ts';
import { watchVirshEvents } from '../../src/virsh/event-stream.ts';
import { quietLog } from './fake-virsh.ts';

/** One virsh after the other, ended by the test; and the timers that the stream asked for. */
function fakeStreams() {
  const started: { say(line: string): void; end(): void; isStopped: boolean }[] = [];
  const timers: { delayMs: number; act: () => void }[] = [];
  const stream: Exec['stream'] = (_, onLine) => {
    let end = (): void => undefined;
    const ended = new Promise<number | null>((resolve) => {
      end = () => resolve(1);
    });
    const one = { say: onLine, end, isStopped: false };
    started.push(one);
    return {
      pid: 1,
      ended,
      write: () => undefined,
      stop: () => {
        one.isStopped = true;
        end();
      },
    };
  };
  const exec: Exec = { run: () => Promise.reject(new Error('not used')), stream };
  const schedule = (delayMs: number, act: () => void) => {
    const timer = { delayMs, act };
    timers.push(timer);
    return () => {
      const at = timers.indexOf(timer);
      if (at >= 0) timers.splice(at, 1);
    };
  };
  const fire = (): number => {
    const timer = timers.shift();
    timer?.act();
    return timer?.delayMs ?? -1;
  };
  return { exec, schedule, started, timers, fire };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('lines of virsh event', () => {
  test.each([
    [
      "2026-11-20 21:15:00.123+0000: event 'lifecycle' for domain 'dev-cp-1': Started Booted",
      { type: 'lifecycle', domain: 'dev-cp-1', detail: 'Started Booted' },
    ],
    [
      "2026-11-20 21:15:09.001+0000: event 'agent-lifecycle' for domain 'a': state: 'connected' reason: 'channel event'",
      { type: 'agent-lifecycle', domain: 'a', detail: "state: 'connected' reason: 'channel event'" },
    ],
    ["2026-11-20 21:15:09.001+0000: event 'reboot' for domain 'a'", { type: 'reboot', domain: 'a', detail: '' }],
  ])('%s', (line, event) => expect(parseEventLine(line)).toEqual(event));

  test.each(['', 'qemu:///system', 'events received: 3', 'event loop timed out'])('%j is no event', (line) =>
    expect(parseEventLine(line)).toBeNull(),
  );
});

describe('the event stream', () => {
  function watched() {
    const fake = fakeStreams();
    const seen: string[] = [];
    const watching = watchVirshEvents(
      { exec: fake.exec, uri: 'qemu:///system', log: quietLog, schedule: fake.schedule },
      {
        connected: () => seen.push('connected'),
        event: (event) => seen.push(`${event.type} ${event.domain}`),
        disconnected: () => seen.push('disconnected'),
      },
    );
    return { ...fake, seen, watching };
  }

  test('tells that it is connected, then what happens', () => {
    const { started, fire, seen } = watched();
    started[0]?.say('qemu:///system');
    fire();
    started[0]?.say("2026-11-20 21:15:00.123+0000: event 'lifecycle' for domain 'a': Started Booted");
    expect(seen).toEqual(['connected', 'lifecycle a']);
  });

  test('comes back after the daemon has gone, at once at first and then less often', async () => {
    const { started, fire, seen, timers } = watched();
    started[0]?.say('qemu:///system');
    fire();
    const delays: number[] = [];
    for (let turnNumber = 0; turnNumber < 8; turnNumber++) {
      started.at(-1)?.end();
      await turn();
      delays.push(fire());
    }
    expect(seen).toEqual(['connected', 'disconnected']);
    expect(delays).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000]);
    started.at(-1)?.say('qemu:///system');
    fire();
    started.at(-1)?.end();
    await turn();
    expect(seen.slice(2)).toEqual(['connected', 'disconnected']);
    expect(timers[0]?.delayMs).toBe(100);
  });

  test('stopped, it ends virsh and starts no other', async () => {
    const { started, watching, timers, seen } = watched();
    started[0]?.say('qemu:///system');
    watching.stop();
    await turn();
    expect(started).toMatchObject([{ isStopped: true }]);
    expect(timers).toEqual([]);
    expect(seen).toEqual([]);
  });
});
