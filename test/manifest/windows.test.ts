import { describe, expect, it } from 'vitest';
import { cluster, image, load, machine, machineClass, onlyProblem } from './documents.ts';

const loaded = (window: string) => load(image, machineClass, cluster('dev', `windows: [${window}]`));

describe('a window', () => {
  it.each([
    '{kind: allow, schedule: "0 2 * * 6", duration: 4h}',
    '{kind: allow, schedule: "0 22 * * mon-fri", duration: 8h, timeZone: Europe/Berlin, overrun: 1h30m}',
    '{kind: deny, schedule: "@monthly", duration: 3d, timeZone: America/New_York}',
    '{kind: deny, schedule: "30 0 6 L * *", duration: 60d}',
  ])('may be %s', (window) => {
    expect(loaded(window).ok).toBe(true);
    expect(load(image, machineClass, machine('box', `windows: [${window}]`)).ok).toBe(true);
  });

  it.each([
    ['{kind: allow, schedule: "0 25 * * *", duration: 4h}', 'spec.windows[0].schedule', 'a schedule'],
    ['{kind: allow, schedule: "0 0 30 2 *", duration: 4h}', 'spec.windows[0].schedule', 'a schedule'],
    [
      '{kind: allow, schedule: "*/5 * * * * *", duration: 4h}',
      'spec.windows[0].schedule',
      'at most one start a minute',
    ],
    ['{kind: allow, schedule: "nightly", duration: 4h}', 'spec.windows[0].schedule', 'a schedule'],
    ['{kind: allow, schedule: "0 2 * * *", duration: 61d}', 'spec.windows[0].duration', 'at most 60d'],
    ['{kind: allow, schedule: "0 2 * * *"}', 'spec.windows[0].duration', 'duration'],
    [
      '{kind: allow, schedule: "0 2 * * *", duration: 4h, timeZone: Berlin}',
      'spec.windows[0].timeZone',
      'Europe/Berlin',
    ],
    ['{kind: deny, schedule: "0 2 * * *", duration: 4h, overrun: 1h}', 'spec.windows[0].overrun', 'kind: allow'],
    ['{kind: maybe, schedule: "0 2 * * *", duration: 4h}', 'spec.windows[0].kind', 'deny'],
  ])('is refused as %s', (window, path, allowed) => {
    const problem = onlyProblem(loaded(window));
    expect(problem.path).toBe(path);
    expect(problem.allowed).toContain(allowed);
  });
});
