import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { driftText } from '../../../src/cli/view/drift.ts';
import { createStyle } from '../../../src/cli/view/style.ts';
import type { DriftEntry, MachineDrift } from '../../../src/model/drift.ts';

const style = createStyle(false);
const entry: DriftEntry = {
  where: 'next',
  field: '/memoryMiB',
  applied: 2048,
  observed: 4096,
  end: 'now',
  isIgnored: false,
};
const drift: MachineDrift = {
  machine: 'dev-cp-1',
  object: { kind: 'Cluster', name: 'dev' },
  mode: 'correct',
  ignore: ['/autostart'],
  entries: [
    { ...entry, where: 'live', field: '/cpus', applied: 2, observed: 3, end: 'restart' },
    entry,
    { ...entry, field: '/autostart', applied: true, observed: false, isIgnored: true },
  ],
  live: [{ op: 'replace', path: '/cpus', value: 2 }],
  next: [{ op: 'replace', path: '/memoryMiB', value: 2048 }],
};

it('tells each difference with who takes it back, and a block that ends the talk about it', () => {
  const text = driftText([drift, { ...drift, machine: 'dev-general-1', entries: [entry] }], style);
  expect(text).toContain('/cpus is 3 now, applied is 2; only a restart takes it back');
  expect(text).toContain('/memoryMiB is 4096 at the next boot, applied is 2048; kreconcile takes it back');
  expect(text).toContain('/autostart is false at the next boot, applied is true; ignored');
  expect(text).toContain('[{"op":"replace","path":"/memoryMiB","value":2048}]');
  const held = driftText([drift], style, () => ' when it is resumed');
  expect(held).toContain('applied is 2048; kreconcile takes it back when it is resumed');
  const block = text.slice(text.indexOf('# to leave it'));
  expect(block).toContain('Cluster/dev');
  expect(parse(block)).toEqual({ drift: { mode: 'correct', ignore: ['/autostart', '/cpus', '/memoryMiB'] } });
});

it('says so where there is none, and prints no block where all is ignored', () => {
  expect(driftText([], style)).toMatch(/^No drift/);
  expect(driftText([{ ...drift, entries: [{ ...entry, isIgnored: true }] }], style)).not.toContain('drift:\n');
});
