import { expect, it } from 'vitest';
import type { GuestReader } from '../../src/drivers/guest/guest.ts';
import type { GuestStatus } from '../../src/model/guest-status.ts';
import type { Domain } from '../../src/model/observed.ts';
import { createReadings } from '../../src/reconcile/readings.ts';
import { createVirtualClock } from '../../src/sim/virtual-clock.ts';

const status = { bootId: 'first' } as GuestStatus;
const domain = { name: 'jump', uuid: 'u', state: 'running', agent: 'connected', mark: 'unreadable' } as Domain;

/** A guest that answers when the test says so. */
function slowGuest() {
  const answers: (() => void)[] = [];
  const guest: GuestReader = {
    status: () => new Promise((resolve) => answers.push(() => resolve(status))),
  };
  return { guest, answers };
}

it('a reading is as old as the question, not as its answer', async () => {
  const clock = createVirtualClock();
  const { guest, answers } = slowGuest();
  const readings = createReadings(guest, clock, () => {});
  const askedAtMs = clock.now();
  readings.refresh([domain], 'kreconcile');
  clock.moveTo(askedAtMs + 20_000);
  answers[0]?.();
  await readings.settled();
  expect(readings.current()['jump']).toMatchObject({ known: true, atMs: askedAtMs });
});

it('what a guest answers that was seen off meanwhile is of another boot', async () => {
  const { guest, answers } = slowGuest();
  const readings = createReadings(guest, createVirtualClock(), () => {});
  readings.refresh([domain], 'kreconcile');
  readings.refresh([{ ...domain, state: 'shut off' }], 'kreconcile');
  answers[0]?.();
  await readings.settled();
  expect(readings.current()['jump']).toBeUndefined();
});

it('a guest is read again when the clock was set back behind its last reading', async () => {
  const clock = createVirtualClock();
  let nowMs = clock.now();
  const { guest, answers } = slowGuest();
  const readings = createReadings(guest, { ...clock, now: () => nowMs }, () => {});
  readings.refresh([domain], 'kreconcile');
  answers[0]?.();
  await readings.settled();
  nowMs -= 3_600_000;
  readings.refresh([domain], 'kreconcile');
  expect(answers).toHaveLength(2);
});

it('a guest that takes long to answer is left alone as long as it took, unless something was done in it', async () => {
  const clock = createVirtualClock();
  const { guest, answers } = slowGuest();
  const readings = createReadings(guest, clock, () => {});
  readings.expect({ jump: 1_000 });
  readings.refresh([domain], 'kreconcile');
  clock.moveTo(clock.now() + 8_000);
  answers[0]?.();
  await readings.settled();
  clock.moveTo(clock.now() + 7_999);
  readings.refresh([domain], 'kreconcile');
  expect(answers).toHaveLength(1);
  clock.moveTo(clock.now() + 1);
  readings.refresh([domain], 'kreconcile');
  expect(answers).toHaveLength(2);
  clock.moveTo(clock.now() + 8_000);
  answers[1]?.();
  await readings.settled();
  readings.outdate('jump');
  readings.refresh([domain], 'kreconcile');
  expect(answers).toHaveLength(3);
});
