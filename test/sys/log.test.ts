import { expect, it } from 'vitest';
import { KreError } from '../../src/model/error.ts';
import { createLog, type LogOptions } from '../../src/sys/log.ts';

function logged(options: Partial<LogOptions>, act: (log: ReturnType<typeof createLog>) => void): string[] {
  const lines: string[] = [];
  act(createLog({ level: 'info', format: 'json', write: (line) => lines.push(line), ...options }));
  return lines;
}

it('writes one JSON object per entry, with the fields of its children', () => {
  const [line] = logged({}, (log) => log.child({ machine: 'dev-cp-1' }).info({ pass: 3 }, 'pass ended'));
  expect(JSON.parse(line ?? '')).toEqual({
    level: 'info',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    machine: 'dev-cp-1',
    pass: 3,
    message: 'pass ended',
  });
});

it('leaves out what is below its level', () => {
  expect(logged({ level: 'warn' }, (log) => log.info({}, 'quiet'))).toEqual([]);
});

it('takes out fields that are named like secrets', () => {
  const lines = logged({}, (log) => log.info({ token: 't0p', spec: { password: 't0p', a: { key: 't0p' } } }, 'joined'));
  expect(lines.join()).not.toContain('t0p');
});

it('writes a line for people, that text from outside cannot colour or break', () => {
  const [line] = logged({ format: 'text' }, (log) =>
    log.warn({ name: 'a b', from: 'x\u001b[31m\ny' }, 'guest answered'),
  );
  expect(line).toMatch(/^\d\d:\d\d:\d\d warn {2}guest answered name="a b" from="x y"\n$/);
});

it('shows code, message and hint of an error', () => {
  const error = new KreError({ code: 'NotFound', message: 'no such', hint: 'look', disposition: 'stalled' });
  const [line] = logged({ format: 'text' }, (log) => log.error({ error }, 'pass failed'));
  expect(line).toContain('NotFound: no such: look');
});

it('colours only when asked', () => {
  const [line] = logged({ format: 'text', useColor: true }, (log) => log.error({}, 'pass failed'));
  expect(line).toContain('\u001b[31m');
});
