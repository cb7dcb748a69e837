import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Guest } from '../../../../src/drivers/guest/guest.ts';
import { createQga } from '../../../../src/drivers/guest/qga/index.ts';
import { KreError } from '../../../../src/model/error.ts';
import { base, type GuestRoot, makeGuestRoot } from '../program/guest-root.ts';
import { type FakeAgents, type FakeAnswer, fakeAgents, guestInfo, reply } from './fake-agent.ts';

const machine = { name: 'dev-cp-1', uuid: 'uuid-1' };
let guest: GuestRoot;
let agents: FakeAgents;
let driver: Guest;
let nowMs: number;

beforeEach(() => {
  guest = makeGuestRoot('dash');
  agents = fakeAgents({ 'uuid-1': guest });
  nowMs = 1_000_000;
  const clock = { now: () => nowMs };
  const sleep = (ms: number) => {
    nowMs += ms;
    return new Promise<void>((resolve) => setTimeout(resolve, Math.min(ms, 20)));
  };
  driver = createQga({ virsh: agents.virsh, clock, sleep });
});
afterEach(() => guest.remove());

/** Guests whose `status` prints this. */
function printing(output: string | Buffer, exitcode = 0): (execute: string) => FakeAnswer | null {
  const data = Buffer.from(output).toString('base64');
  return (execute) => {
    if (execute === 'guest-exec') return reply({ pid: 7 });
    if (execute === 'guest-exec-status') return reply({ exited: true, exitcode, 'out-data': data, 'err-data': '' });
    return null;
  };
}
const asked = (execute: string) => agents.messages.filter((message) => message.execute === execute).length;

describe('a guest that answers', () => {
  it('is asked once what its agent can do, and again after it was away', async () => {
    await driver.status(machine);
    await driver.status(machine);
    expect(asked('guest-info')).toBe(1);
    agents.interfere(() => ({ error: 'Guest agent is not responding: QEMU guest agent is not connected' }));
    await expect(driver.status(machine)).rejects.toMatchObject({ code: 'GuestUnavailable', disposition: 'retry' });
    agents.interfere(null);
    await driver.status(machine);
    expect(asked('guest-info')).toBe(2);
  });

  it('gets input as base64 in a message of printable ASCII', async () => {
    await driver.startOperation(machine, { id: 'bootstrap-1', verb: 'bootstrap', input: { token: 'geheim-ü' } });
    const [message] = agents.messages.filter(({ execute }) => execute === 'guest-exec');
    expect(message?.text).not.toContain('geheim');
    expect(message?.text).toMatch(/^[ -~]+$/);
  });

  it('that has not got the program yet is told of as far as its agent can', async () => {
    guest = makeGuestRoot('dash');
    agents.interfere((execute) =>
      execute === 'guest-exec' && asked('guest-exec') === 1
        ? {
            error:
              "internal error: unable to execute QEMU agent command 'guest-exec': Guest agent command failed, error was 'Failed to execute child process “/usr/local/libexec/kreconcile/guest” (No such file or directory)'",
          }
        : null,
    );
    expect(await driver.status(machine)).toMatchObject({
      program: '',
      bootId: '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
      hostname: null,
      os: { id: 'tiny', version: '1' },
      cloudInit: 'absent',
      addresses: [{ mac: '52:54:00:aa:bb:cc', address: '192.168.122.5' }],
      kubernetes: null,
    });
  });

  it('that has not got the program yet cannot be told to do anything', async () => {
    agents.interfere((execute) =>
      execute === 'guest-exec'
        ? { error: 'Failed to execute child process “/usr/local/libexec/kreconcile/guest” (No such file or directory)' }
        : null,
    );
    await expect(driver.call(machine, 'join-info', {})).rejects.toMatchObject({
      code: 'GuestUnavailable',
      message: expect.stringMatching(/program is not installed on dev-cp-1/),
      hint: expect.stringMatching(/First boot/),
    });
  });
});

describe('a guest that is not trusted', () => {
  const valid = {
    program: `sha256:${'a'.repeat(64)}`,
    bootId: '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
    cloudInit: 'done',
    stateDisk: 'none',
  };

  it.each([
    ['garbage', 'not json at all', /not JSON/],
    ['nothing', '', /not JSON/],
    ['bytes', Buffer.from([0, 159, 146, 150]), /not JSON/],
    ['a list', '[]', /form is not valid/],
    ['no program', '{}', /program is not valid/],
    ['a state that nobody knows', JSON.stringify({ ...valid, stateDisk: 'fine' }), /stateDisk is not valid/],
    [
      'a phase that nobody knows',
      JSON.stringify({ ...valid, kubernetes: { phase: 'great', serviceActive: true } }),
      /kubernetes\.phase/,
    ],
    ['megabytes', JSON.stringify({ ...valid, hostname: 'x'.repeat(70_000) }), /more than 64 KiB/],
  ])('and prints %s is an error', async (_, output, message) => {
    agents.interfere(printing(output));
    await expect(driver.status(machine)).rejects.toMatchObject({
      code: 'GuestReply',
      message: expect.stringMatching(message),
    });
  });

  it('and sends more than the channel carries is an error', async () => {
    for (const words of [
      'Unable to encode message payload',
      'internal error: No complete agent response found in 10485760 bytes',
    ]) {
      agents.interfere(() => ({ error: words }));
      await expect(driver.status(machine)).rejects.toMatchObject({ code: 'GuestReply' });
    }
    agents.interfere(() => ({
      throws: new KreError({
        code: 'ExecFailed',
        message: 'virsh printed more than 524288 bytes',
        hint: '',
        disposition: 'retry',
      }),
    }));
    await expect(driver.status(machine)).rejects.toMatchObject({ code: 'GuestReply' });
  });

  it('is read leniently: unknown keys are ignored, missing ones null, lists and texts cut', async () => {
    const operation = {
      verb: 'stage',
      state: 'running',
      startedAtMs: 5,
      message: `\u001b[31m${'m'.repeat(900)}`,
      result: { ok: 'yes', bad: 5 },
    };
    const operations = Array.from({ length: 30 }, (_, index) => ({ ...operation, id: `stage-${index}` }));
    agents.interfere(
      printing(
        JSON.stringify({
          ...valid,
          future: true,
          addresses: [
            { mac: 'x', address: 'y' },
            { mac: '52:54:00:AA:00:01', address: '10.0.0.1' },
          ],
          operations: [{ id: '../../x' }, ...operations],
        }),
      ),
    );
    const status = await driver.status(machine);
    expect(status).toMatchObject({
      hostname: null,
      os: null,
      kubernetes: null,
      addresses: [{ mac: '52:54:00:aa:00:01', address: '10.0.0.1' }],
    });
    expect(status.operations.map(({ id }) => id)).toEqual(operations.slice(-20).map(({ id }) => id));
    expect(status.operations[0]?.message).toMatch(/^\[31mm{100,}$/);
    expect(status.operations[0]?.message.length).toBeLessThanOrEqual(500);
    expect(status.operations[0]?.result).toEqual({ ok: 'yes' });
  });

  it('and refuses says so in its own words, made printable', async () => {
    agents.interfere((execute) => {
      if (execute === 'guest-exec') return reply({ pid: 1 });
      if (execute !== 'guest-exec-status') return null;
      return reply({
        exited: true,
        exitcode: 1,
        'err-data': Buffer.from('noise\nkreconcile: no \u001b[2J way\n').toString('base64'),
      });
    });
    await expect(driver.call(machine, 'cordon', { node: 'a' })).rejects.toMatchObject({
      code: 'GuestOperation',
      message: 'cordon on dev-cp-1: no [2J way',
    });
  });

  it('and answers a call with something else than lines of key and value is an error', async () => {
    agents.interfere(printing('token=a\n<html>\n'));
    await expect(driver.call(machine, 'join-info', {})).rejects.toMatchObject({ code: 'GuestReply' });
  });

  it('cannot have a path of its own read', async () => {
    await expect(driver.readBackup(machine, '../../../etc/shadow', 0)).rejects.toMatchObject({
      code: 'GuestOperation',
    });
    await expect(driver.readBackup(machine, 'backup-1', -1)).rejects.toMatchObject({ code: 'GuestOperation' });
    expect(agents.messages).toEqual([]);
  });

  it('that garbles the program keeps its old one', async () => {
    const before = guest.read('usr/local/libexec/kreconcile/guest');
    let pieces = 0;
    agents.interfere((execute) =>
      execute === 'guest-exec' && ++pieces === 1
        ? reply({ pid: 3 })
        : execute === 'guest-exec-status' && pieces === 1
          ? reply({ exited: true, exitcode: 0 })
          : null,
    );
    guest.write('usr/local/libexec/kreconcile/guest.new', 'half of it');
    await expect(driver.installProgram(machine, `${base}# newer\n`)).rejects.toMatchObject({ code: 'GuestReply' });
    expect(guest.read('usr/local/libexec/kreconcile/guest')).toBe(before);
    expect(guest.has('usr/local/libexec/kreconcile/guest.new')).toBe(false);
  });
});

describe('an agent that forbids exec', () => {
  it('is found out without trying, with what to do on Red Hat systems', async () => {
    agents.interfere((execute) => (execute === 'guest-info' ? guestInfo(false) : null));
    await expect(driver.status(machine)).rejects.toMatchObject({
      code: 'GuestForbidden',
      disposition: 'stalled',
      hint: expect.stringMatching(/FILTER_RPC_ARGS/),
    });
    expect(asked('guest-exec')).toBe(0);
    agents.interfere(null);
    expect((await driver.status(machine)).cloudInit).toBe('absent');
  });

  it('is understood when it says so on trying', async () => {
    agents.interfere((execute) =>
      execute === 'guest-exec' ? { error: 'Command guest-exec has been disabled: the command is not allowed' } : null,
    );
    await expect(driver.status(machine)).rejects.toMatchObject({ code: 'GuestForbidden' });
  });
});

describe('a guest that is silent', () => {
  const silent = {
    error: "Guest agent is not responding: guest agent didn't respond to synchronization within '5' seconds",
  };

  it('is left alone after three silences, longer each time, and not any more once it answers', async () => {
    agents.interfere(() => silent);
    const attempt = () => expect(driver.status(machine)).rejects.toMatchObject({ code: 'GuestUnavailable' });
    for (let silence = 0; silence < 3; silence++) await attempt();
    expect(agents.messages).toHaveLength(3);
    await attempt();
    expect(agents.messages).toHaveLength(3);
    nowMs += 5_001;
    await attempt();
    nowMs += 5_001;
    await attempt();
    expect(agents.messages).toHaveLength(4);
    agents.interfere(null);
    nowMs += 60_000;
    await driver.status(machine);
    agents.interfere(() => silent);
    await attempt();
    agents.interfere(null);
    await driver.status(machine);
  });

  it('by keeping virsh waiting is the same', async () => {
    agents.interfere(() => ({
      throws: new KreError({
        code: 'ExecTimeout',
        message: 'virsh did not finish in time',
        hint: '',
        disposition: 'retry',
      }),
    }));
    await expect(driver.status(machine)).rejects.toMatchObject({ code: 'GuestUnavailable' });
  });

  it('about a process that does not end costs only its deadline', async () => {
    agents.interfere((execute) =>
      execute === 'guest-exec' ? reply({ pid: 1 }) : execute === 'guest-exec-status' ? reply({ exited: false }) : null,
    );
    const startedMs = nowMs;
    await expect(driver.status(machine)).rejects.toMatchObject({
      code: 'GuestUnavailable',
      message: expect.stringMatching(/did not end in 45 s/),
    });
    expect(nowMs - startedMs).toBeLessThan(50_000);
    expect(asked('guest-exec-status')).toBeLessThan(60);
  });

  it('and one whose agent forgot the process is asked again later', async () => {
    agents.interfere((execute) => (execute === 'guest-exec-status' ? { error: "Invalid parameter 'pid'" } : null));
    await expect(driver.status(machine)).rejects.toMatchObject({ code: 'GuestUnavailable', disposition: 'retry' });
  });
});

describe('many guests', () => {
  it('are asked eight at a time, each one thing at a time; a libvirt that is away is said as such', async () => {
    const many = Array.from({ length: 12 }, (_, index) => ({ name: `m-${index}`, uuid: `uuid-${index}` }));
    const busy = new Set<string>();
    let atOnce = 0;
    agents.interfere((execute, uuid) => {
      if (execute === 'guest-exec') busy.add(uuid);
      atOnce = Math.max(atOnce, busy.size);
      if (execute === 'guest-exec-status') busy.delete(uuid);
      return printing('garbage')(execute) ?? guestInfo(true);
    });
    const results = await Promise.allSettled([...many, ...many].map((one) => driver.status(one)));
    expect(results.every(({ status }) => status === 'rejected')).toBe(true);
    expect(atOnce).toBe(8);
    expect(agents.busiest()).toBeLessThanOrEqual(8);
    const gone = new KreError({ code: 'HypervisorUnreachable', message: 'gone', hint: '', disposition: 'retry' });
    agents.interfere(() => ({ throws: gone }));
    await expect(driver.status(machine)).rejects.toBe(gone);
  });
});
