import { expect, it } from 'vitest';
import { createCalendar } from '../../src/calendar/calendar.ts';
import type { Window } from '../../src/model/manifest.ts';
import { desire } from '../../src/reconcile/desire.ts';
import { cluster, machine, options, recipes, setOf } from '../reconcile/manifests.ts';

const at = (text: string) => Date.parse(text);
const night: Window = { kind: 'allow', schedule: '0 2 * * *', duration: '2h' };

it('judges each object by its own windows, anew when a boundary is passed or the clock is set back', async () => {
  const set = setOf('r1', cluster('dev', { windows: [night] }), machine('jump'), machine('box', { windows: [night] }));
  const desired = desire(set, recipes, options);
  const calendar = createCalendar();
  const isOpen = async (text: string) => {
    const { windows } = await calendar.read(desired, at(text));
    expect(Object.keys(windows).sort()).toEqual(['Cluster/dev', 'Machine/box']);
    return windows['Cluster/dev']?.isOpen;
  };
  const hours = ['01:59', '02:00', '03:59', '04:00', '03:00', '12:00'];
  const seen: unknown[] = [];
  for (const hour of hours) seen.push(await isOpen(`2027-06-01T${hour}Z`));
  expect(seen).toEqual([false, true, true, false, true, false]);
});

it('tells when scheduled backups were and are due', async () => {
  const backup = { schedule: '30 2 * * *', timeZone: 'Europe/Berlin' };
  const desired = desire(setOf('r1', cluster('dev', { backup }), cluster('stage')), recipes, options);
  const calendar = createCalendar();
  const due = async (text: string) => (await calendar.read(desired, at(text))).backups;
  const today = { lastDueMs: at('2027-06-01T00:30Z'), nextDueMs: at('2027-06-02T00:30Z') };
  expect(await due('2027-06-01T12:00Z')).toEqual({ dev: today });
  expect(await due('2027-06-02T00:29Z')).toEqual({ dev: today });
  expect((await due('2027-06-02T00:30Z'))['dev']?.lastDueMs).toBe(at('2027-06-02T00:30Z'));
});
