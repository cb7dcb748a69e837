import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type ModuleFact, readModule, readModules } from './architecture/modules.ts';
import {
  ambientUses,
  forbiddenImports,
  oversized,
  poorNames,
  unknownAreas,
  wrongEndings,
} from './architecture/rules.ts';

const modules = readModules(fileURLToPath(new URL('../src', import.meta.url)));

/** Fails with the sentences themselves, which is what a reader needs. */
function expectNone(breaches: readonly string[]): void {
  expect(breaches.join('\n')).toBe('');
}

describe('the source tree', () => {
  it('was found at all', () => expect(modules.length).toBeGreaterThan(0));
  it('has no folder outside the table', () => expectNone(unknownAreas(modules)));
  it('imports only in the allowed direction', () => expectNone(forbiddenImports(modules)));
  it('names the files that it imports', () => expectNone(wrongEndings(modules)));
  it('keeps clocks, randomness, network and exit where they belong', () => expectNone(ambientUses(modules)));
  it('keeps files and functions small', () => expectNone(oversized(modules)));
  it('has names that say something', () => expectNone(poorNames(modules)));
});

describe('the rules', () => {
  const source = (path: string, text: string): ModuleFact[] => [readModule(path, text)];

  it.each([
    ['model/step.ts', "import { x } from 'semver';"],
    ['model/step.ts', "import { x } from '../sys/exec.ts';"],
    ['reconcile/plan/order.ts', "import { x } from 'node:fs';"],
    ['reconcile/plan/order.ts', "import type { X } from '../../drivers/hypervisor.ts';"],
    ['agent/loop.ts', "import { x } from '../cli/plan.ts';"],
    ['agent/loop.ts', "import { x } from '../sys/exec.ts';"],
    ['cli/plan.ts', "const x = await import('../drivers/hypervisor/libvirt/index.ts');"],
    ['drivers/guest/qga/index.ts', "import { x } from '../../hypervisor/libvirt/domain.ts';"],
    ['drivers/guest/qga/index.ts', "import { x } from '../../../virsh/batch.ts';"],
    ['drivers/hypervisor.ts', "export { x } from './hypervisor/libvirt/index.ts';"],
    ['sys/exec.ts', "import type { X } from '../agent/loop.ts';"],
  ])('refuse in %s: %s', (path, text) => expect(forbiddenImports(source(path, text))).toHaveLength(1));

  it.each([
    ['main.ts', "import { x } from './drivers/hypervisor/libvirt/index.ts';"],
    ['drivers/guest/qga/index.ts', "import type { X } from '../../../virsh/batch.ts';"],
    ['drivers/guest/qga/index.ts', "import { type X } from '../../../virsh/batch.ts';"],
    ['drivers/guest/qga/index.ts', "import { x } from './reply.ts';"],
    ['reconcile/plan/order.ts', "import semver from 'semver';"],
    ['sys/exec.ts', "import { execa } from 'execa';"],
  ])('accept in %s: %s', (path, text) => expectNone(forbiddenImports(source(path, text))));

  it.each(['Date.now()', 'Math.random()', 'new Date()', 'setTimeout(f, 1)', "process.env['HOME']", 'fetch(url)'])(
    'find that a planner reaches for %s',
    (text) => expect(ambientUses(source('reconcile/plan/x.ts', `const x = ${text};`)).length).toBeGreaterThan(0),
  );

  it('let a planner work with a time that it was given', () =>
    expectNone(
      ambientUses(source('reconcile/plan/x.ts', 'const x = new Date(now); const y = { process: z.process };')),
    ));

  it('let a module have a name of its own that a global has too', () =>
    expectNone(ambientUses(source('reconcile/plan/x.ts', 'const fetch = fetchStep(image); steps.push(fetch);'))));

  it('find a long file, a long function and a long recipe', () => {
    const body = '\n'.repeat(310);
    expect(oversized(source('publish/x.ts', `export function f() {${body}}`)).join()).toMatch(
      /two rooms.*name its parts/s,
    );
    expect(oversized(source('reconcile/reconcile.ts', '\n'.repeat(80))).join()).toMatch(/the recipe/);
  });

  it('find vague names and default exports', () => {
    expect(poorNames(source('cli/utils.ts', ''))).toHaveLength(1);
    expect(poorNames(source('agent/x.ts', 'export class LoopManager {} interface IThing {}'))).toHaveLength(2);
    expect(poorNames(source('agent/x.ts', 'export default function x() {}'))).toHaveLength(1);
  });
});
