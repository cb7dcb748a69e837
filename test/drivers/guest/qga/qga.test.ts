import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KreError } from '../../../../src/model/error.ts';
import { base } from '../program/guest-root.ts';
import { makeBench, printing, type QgaBench } from './bench.ts';
import { guestInfo, reply } from './fake-agent.ts';

let bench: QgaBench;
beforeEach(() => {
  bench = makeBench();
});
afterEach(() => bench.guest.remove());

describe('a guest that answers', () => {
  it('is asked once what its agent can do, and again after it was away', async () => {
    await bench.driver.status(bench.machine);
    await bench.driver.status(bench.machine);
    expect(bench.asked('guest-info')).toBe(1);
    bench.agents.interfere(() => ({ error: 'Guest agent is not responding: QEMU guest agent is not connected' }));
    await expect(bench.driver.status(bench.machine)).rejects.toMatchObject({
      code: 'GuestUnavailable',
      disposition: 'retry',
    });
    bench.agents.interfere(null);
    await bench.driver.status(bench.machine);
    expect(bench.asked('guest-info')).toBe(2);
  });

  it('gets input as base64 in a message of printable ASCII', async () => {
    await bench.driver.startOperation(bench.machine, {
      id: 'bootstrap-1',
      verb: 'bootstrap',
      input: { token: 'geheim-ü' },
    });
    const [message] = bench.agents.messages.filter(({ execute }) => execute === 'guest-exec');
    expect(message?.text).not.toContain('geheim');
    expect(message?.text).toMatch(/^[ -~]+$/);
  });

  it('that has not got the program yet is told of as far as its agent can', async () => {
    bench.agents.interfere((execute) =>
      execute === 'guest-exec' && bench.asked('guest-exec') === 1
        ? {
            error:
              "internal error: unable to execute QEMU agent command 'guest-exec': Guest agent command failed, error was 'Failed to execute child process “/usr/local/libexec/kreconcile/guest” (No such file or directory)'",
          }
        : null,
    );
    expect(await bench.driver.status(bench.machine)).toMatchObject({
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
    bench.agents.interfere((execute) =>
      execute === 'guest-exec'
        ? { error: 'Failed to execute child process “/usr/local/libexec/kreconcile/guest” (No such file or directory)' }
        : null,
    );
    await expect(bench.driver.call(bench.machine, 'join-info', {})).rejects.toMatchObject({
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
    bench.agents.interfere(printing(output));
    await expect(bench.driver.status(bench.machine)).rejects.toMatchObject({
      code: 'GuestReply',
      message: expect.stringMatching(message),
    });
  });

  it('and sends more than the channel carries is an error', async () => {
    for (const words of [
      'Unable to encode message payload',
      'internal error: No complete agent response found in 10485760 bytes',
    ]) {
      bench.agents.interfere(() => ({ error: words }));
      await expect(bench.driver.status(bench.machine)).rejects.toMatchObject({ code: 'GuestReply' });
    }
    bench.agents.interfere(() => ({
      throws: new KreError({
        code: 'ExecFailed',
        message: 'virsh printed more than 524288 bytes',
        hint: '',
        disposition: 'retry',
      }),
    }));
    await expect(bench.driver.status(bench.machine)).rejects.toMatchObject({ code: 'GuestReply' });
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
    bench.agents.interfere(
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
    const status = await bench.driver.status(bench.machine);
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
    bench.agents.interfere((execute) => {
      if (execute === 'guest-exec') return reply({ pid: 1 });
      if (execute !== 'guest-exec-status') return null;
      return reply({
        exited: true,
        exitcode: 1,
        'err-data': Buffer.from('noise\nkreconcile: no \u001b[2J way\n').toString('base64'),
      });
    });
    await expect(bench.driver.call(bench.machine, 'cordon', { node: 'a' })).rejects.toMatchObject({
      code: 'GuestOperation',
      message: 'cordon on dev-cp-1: no [2J way',
    });
  });

  it('and answers a call with something else than lines of key and value is an error', async () => {
    bench.agents.interfere(printing('token=a\n<html>\n'));
    await expect(bench.driver.call(bench.machine, 'join-info', {})).rejects.toMatchObject({ code: 'GuestReply' });
  });

  it('cannot have a path of its own read', async () => {
    await expect(bench.driver.readBackup(bench.machine, '../../../etc/shadow', 0)).rejects.toMatchObject({
      code: 'GuestOperation',
    });
    await expect(bench.driver.readBackup(bench.machine, 'backup-1', -1)).rejects.toMatchObject({
      code: 'GuestOperation',
    });
    expect(bench.agents.messages).toEqual([]);
  });

  it('that garbles the program keeps its old one', async () => {
    const before = bench.guest.read('usr/local/libexec/kreconcile/guest');
    let pieces = 0;
    bench.agents.interfere((execute) =>
      execute === 'guest-exec' && ++pieces === 1
        ? reply({ pid: 3 })
        : execute === 'guest-exec-status' && pieces === 1
          ? reply({ exited: true, exitcode: 0 })
          : null,
    );
    bench.guest.write('usr/local/libexec/kreconcile/guest.new', 'half of it');
    await expect(bench.driver.installProgram(bench.machine, `${base}# newer\n`)).rejects.toMatchObject({
      code: 'GuestReply',
    });
    expect(bench.guest.read('usr/local/libexec/kreconcile/guest')).toBe(before);
    expect(bench.guest.has('usr/local/libexec/kreconcile/guest.new')).toBe(false);
  });
});

describe('an agent that forbids exec', () => {
  it('is found out without trying, with what to do on Red Hat systems', async () => {
    bench.agents.interfere((execute) => (execute === 'guest-info' ? guestInfo(false) : null));
    await expect(bench.driver.status(bench.machine)).rejects.toMatchObject({
      code: 'GuestForbidden',
      disposition: 'stalled',
      hint: expect.stringMatching(/FILTER_RPC_ARGS/),
    });
    expect(bench.asked('guest-exec')).toBe(0);
    bench.agents.interfere(null);
    expect((await bench.driver.status(bench.machine)).cloudInit).toBe('absent');
  });

  it('is understood when it says so on trying', async () => {
    bench.agents.interfere((execute) =>
      execute === 'guest-exec' ? { error: 'Command guest-exec has been disabled: the command is not allowed' } : null,
    );
    await expect(bench.driver.status(bench.machine)).rejects.toMatchObject({ code: 'GuestForbidden' });
  });
});
