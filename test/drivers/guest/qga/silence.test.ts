import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KreError } from '../../../../src/model/error.ts';
import { makeBench, printing, type QgaBench } from './bench.ts';
import { guestInfo, reply } from './fake-agent.ts';

let bench: QgaBench;
beforeEach(() => {
  bench = makeBench();
});
afterEach(() => bench.guest.remove());

describe('a guest that is silent', () => {
  const silent = {
    error: "Guest agent is not responding: guest agent didn't respond to synchronization within '5' seconds",
  };

  it('is left alone after three silences, longer each time, and not any more once it answers', async () => {
    bench.agents.interfere(() => silent);
    const attempt = () =>
      expect(bench.driver.status(bench.machine)).rejects.toMatchObject({ code: 'GuestUnavailable' });
    for (let silence = 0; silence < 3; silence++) await attempt();
    expect(bench.agents.messages).toHaveLength(3);
    await attempt();
    expect(bench.agents.messages).toHaveLength(3);
    bench.advance(5_001);
    await attempt();
    bench.advance(5_001);
    await attempt();
    expect(bench.agents.messages).toHaveLength(4);
    bench.agents.interfere(null);
    bench.advance(60_000);
    await bench.driver.status(bench.machine);
    bench.agents.interfere(() => silent);
    await attempt();
    bench.agents.interfere(null);
    await bench.driver.status(bench.machine);
  });

  it('by keeping virsh waiting is the same', async () => {
    bench.agents.interfere(() => ({
      throws: new KreError({
        code: 'ExecTimeout',
        message: 'virsh did not finish in time',
        hint: '',
        disposition: 'retry',
      }),
    }));
    await expect(bench.driver.status(bench.machine)).rejects.toMatchObject({ code: 'GuestUnavailable' });
  });

  it('about a process that does not end costs only its deadline', async () => {
    bench.agents.interfere((execute) =>
      execute === 'guest-exec' ? reply({ pid: 1 }) : execute === 'guest-exec-status' ? reply({ exited: false }) : null,
    );
    const startedMs = bench.now();
    await expect(bench.driver.status(bench.machine)).rejects.toMatchObject({
      code: 'GuestUnavailable',
      message: expect.stringMatching(/did not end in 45 s/),
    });
    expect(bench.now() - startedMs).toBeLessThan(50_000);
    expect(bench.asked('guest-exec-status')).toBeLessThan(60);
  });

  it('and one whose agent forgot the process is asked again later', async () => {
    bench.agents.interfere((execute) =>
      execute === 'guest-exec-status' ? { error: "Invalid parameter 'pid'" } : null,
    );
    await expect(bench.driver.status(bench.machine)).rejects.toMatchObject({
      code: 'GuestUnavailable',
      disposition: 'retry',
    });
  });
});

describe('many guests', () => {
  it('are asked eight at a time, each one thing at a time; a libvirt that is away is said as such', async () => {
    const many = Array.from({ length: 12 }, (_, index) => ({ name: `m-${index}`, uuid: `uuid-${index}` }));
    const busy = new Set<string>();
    let atOnce = 0;
    bench.agents.interfere((execute, uuid) => {
      if (execute === 'guest-exec') busy.add(uuid);
      atOnce = Math.max(atOnce, busy.size);
      if (execute === 'guest-exec-status') busy.delete(uuid);
      return printing('garbage')(execute) ?? guestInfo(true);
    });
    const results = await Promise.allSettled([...many, ...many].map((one) => bench.driver.status(one)));
    expect(results.every(({ status }) => status === 'rejected')).toBe(true);
    expect(atOnce).toBe(8);
    expect(bench.agents.busiest()).toBeLessThanOrEqual(8);
    const gone = new KreError({ code: 'HypervisorUnreachable', message: 'gone', hint: '', disposition: 'retry' });
    bench.agents.interfere(() => ({ throws: gone }));
    await expect(bench.driver.status(bench.machine)).rejects.toBe(gone);
  });
});
