import { expect, it } from 'vitest';
import { planText } from '../../../src/cli/view/plan.ts';
import { createStyle } from '../../../src/cli/view/style.ts';
import type { MachineChange, PlanDocument } from '../../../src/model/report.ts';

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const object = { kind: 'Cluster', name: 'dev' } as const;
const fields = [
  { path: '/image/digest', from: digest('a'), to: digest('b'), class: 'recreate' },
  { path: '/kubernetes/version', from: 'v1.35.8', to: 'v1.36.1', class: 'in-place' },
  { path: '/memoryMiB', from: 2048, to: 4096, class: 'restart' },
] as const;
const change = (machine: string, of: MachineChange['fields']): MachineChange => ({
  machine,
  object,
  change: 'update',
  patch: [],
  ...(of ? { fields: of } : {}),
});

function shown(changes: readonly MachineChange[]): string {
  const empty = { steps: [], waits: [], blocks: [], notes: [], drift: [], readings: {} };
  const plan: PlanDocument = { schema: 1, revision: 'r2', atMs: 0, ...empty, changes };
  return planText(plan, { style: createStyle(false), columns: 120 });
}

it('tells of each machine what its change takes, what it disturbs and which fields force it, also where no step may be done', () => {
  const live = [{ path: '/diskMiB', from: 10240, to: 20480, class: 'live' } as const];
  expect(shown([change('dev-cp-1', fields), change('dev-general-1', fields), change('box', live)])).toContain(
    `What changes
  dev-cp-1, dev-general-1
           new root disk, takes it away for a while: image.digest sha256:aaaaaaaaaaaa… → sha256:bbbbbbbbbbbb…
           with it: memoryMiB 2048 → 4096
           upgrade in place, takes it away for a while: kubernetes.version v1.35.8 → v1.36.1
  box
           at once, disturbs nobody: diskMiB 10240 → 20480
`,
  );
});

it('says nothing of changes where an earlier release tells none', () => {
  expect(shown([change('dev-cp-1', undefined)])).not.toContain('What changes');
});
