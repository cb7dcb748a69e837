import { describe, expect, it } from 'vitest';
import type { Mark } from '../../../src/model/mark.ts';
import type { Records } from '../../../src/model/observed.ts';
import { desire } from '../../../src/reconcile/desire.ts';
import { machine, options, recipes, setOf } from '../manifests.ts';
import { domainFor, guards, markFor, observed, planAt, stepIds } from './world.ts';

const before = desire(
  setOf(
    'r1',
    machine('stays', { guestAgent: false }),
    machine('goes', { guestAgent: false }),
    machine('goes-too', { guestAgent: false }),
  ),
  recipes,
  options,
);
const after = desire(setOf('r2', machine('stays', { guestAgent: false })), recipes, options);
const applied = ['Machine/goes', 'Machine/goes-too', 'Machine/stays'];

function world(mark: Partial<Mark>, records: Partial<Records> = {}, names: readonly string[] = ['stays', 'goes']) {
  const domains = before.machines
    .filter((entry) => names.includes(entry.name))
    .map((entry) => domainFor(before, entry, { mark: markFor(before, entry, mark) }));
  return observed({ domains }, { applied, ...records });
}

describe('what left the manifests', () => {
  it('waits for a person by default, and the block names the command', () => {
    const made = planAt(after, world({}));
    expect(stepIds(made)).not.toContain('machine/goes/delete');
    const asks = made.blocks.find((block) => block.guard === 'PruneConfirm');
    expect(asks?.wayOut).toBe('kreconcile confirm Machine/goes, or put its manifest back');
    expect(asks?.reason).toMatch(
      /^Machine\/goes is not in the manifests any more; .* its machine goes with its disks$/,
    );
  });

  it('is shut down, deleted and struck off the list once confirmed for this revision', () => {
    const confirmed = (revision: string) => world({}, { confirmations: [{ object: 'Machine/goes', revision }] });
    const ids = stepIds(planAt(after, confirmed('r2'))).filter((id) => id.includes('/goes/'));
    expect(ids).toEqual(['machine/goes/shutdown', 'machine/goes/delete', 'machine/goes/forget']);
    expect(guards(planAt(after, confirmed('r1')))).toContain('PruneConfirm');
  });

  it('is protected by its own mark, although its manifest is gone', () => {
    expect(
      guards(
        planAt(after, world({ prune: 'Disabled' }, { confirmations: [{ object: 'Machine/goes', revision: 'r2' }] })),
      ),
    ).toContain('PruneDisabled');
  });

  it('is kept when no document is desired at all', () => {
    const empty = desire({ revision: 'r3', files: {}, manifests: [] }, recipes, options);
    const made = planAt(empty, world({ prune: 'Enabled' }));
    expect([stepIds(made), new Set(guards(made))]).toEqual([[], new Set(['EmptyDesired'])]);
  });

  it('is kept while the list of applied objects is lost', () => {
    const made = planAt(after, world({ prune: 'Enabled' }, { applied: 'lost' }));
    expect(guards(made)).toEqual(['AppliedListLost']);
    expect(made.steps.filter((step) => step.destructive || step.disruptive)).toEqual([]);
  });

  it.each([['lost' as const], [[]]])(
    'is protected by its own mark while the list is %j, whatever was confirmed',
    (list) => {
      const confirmations = [{ object: 'Machine/goes', revision: 'r2' }];
      const made = planAt(after, world({ prune: 'Disabled' }, { applied: list, confirmations }));
      expect(guards(made)).toContain('PruneDisabled');
      expect(stepIds(made)).not.toContain('machine/goes/delete');
    },
  );

  it.each([
    ['on another host', { placement: { host: 'host-2' } }, 'Machine/goes is placed on host-2'],
    ['nowhere, and only what is placed is taken', {}, 'Machine/goes names no placement.host'],
  ])('waits for a person where its manifest is there and placed %s, whatever its prune mode', (_, spec, told) => {
    const manifests = [
      machine('stays', { guestAgent: false, placement: { host: 'host-1' } }),
      machine('goes', { guestAgent: false, ...spec }),
    ];
    const placed = desire(setOf('r2', ...manifests), recipes, { ...options, takeUnplaced: false });
    const held = planAt(placed, world({ prune: 'Enabled' }));
    expect(stepIds(held)).not.toContain('machine/goes/delete');
    expect(held.blocks).toMatchObject([{ guard: 'PruneConfirm', reason: expect.stringContaining(told) }]);
    const confirmations = [{ object: 'Machine/goes', revision: 'r2', allows: 'delete' as const }];
    expect(stepIds(planAt(placed, world({ prune: 'Enabled' }, { confirmations })))).toContain('machine/goes/delete');
  });

  it('goes one object at a time per revision', () => {
    const made = planAt(after, world({ prune: 'Enabled' }, {}, ['stays', 'goes', 'goes-too']));
    expect(stepIds(made).filter((id) => id.endsWith('/delete'))).toEqual(['machine/goes/delete']);
    expect(guards(made)).toContain('PruneLimit');
    const next = planAt(
      after,
      world({ prune: 'Enabled' }, { deleted: [{ object: 'Machine/goes', revision: 'r2' }] }, ['stays', 'goes-too']),
    );
    expect(stepIds(next).filter((id) => id.endsWith('/delete'))).toEqual([]);
  });

  it("never touches a foreign domain or another owner's", () => {
    const [foreign] = before.machines;
    if (!foreign) throw new Error('the manifests hold machines');
    const domains = [
      domainFor(before, foreign, { mark: null }),
      domainFor(before, foreign, { name: 'x', uuid: 'x', mark: markFor(before, foreign, { owner: 'other' }) }),
    ];
    const made = planAt(after, observed({ domains }, { applied: [] }));
    expect(stepIds(made).filter((id) => id.startsWith('machine/goes') || id.startsWith('machine/x'))).toEqual([]);
  });
});
