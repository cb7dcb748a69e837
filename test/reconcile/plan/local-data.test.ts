import { expect, it } from 'vitest';
import { EMPTY_LEDGER } from '../../../src/model/ledger.ts';
import { desire } from '../../../src/reconcile/desire.ts';
import { factsOf } from '../../../src/reconcile/plan/facts.ts';
import { localData, surveySubject } from '../../../src/reconcile/plan/guard/local-data.ts';
import { operationPrefix } from '../../../src/reconcile/plan/operation.ts';
import { cluster, options, recipes, setOf } from '../manifests.ts';
import { clusterWorld, operation } from './guests.ts';
import { NOW } from './world.ts';

const desired = desire(setOf('r1', cluster('dev')), recipes, options);

function objectionTo(name: string, what: 'recreate' | 'upgrade', outside: readonly string[]) {
  const id = (attempt: number) => `${operationPrefix('survey', surveySubject(name))}${attempt}`;
  const operations = outside.map((text, index) => operation(id(index + 1), 'succeeded', { result: { outside: text } }));
  const { inventory, guests, records } = clusterWorld(desired, { 'dev-cp-1': { operations } });
  if (!inventory.known) throw new Error('the world is known');
  const facts = factsOf(desired, inventory.value, guests, records, EMPTY_LEDGER, NOW, null);
  const machine = facts.machines.get(name);
  const [dev] = desired.clusters;
  if (!machine || !dev) throw new Error('they are in the manifests');
  return localData(facts, { object: machine.object, cluster: dev, machine, what, digest: null });
}

it.each(['dev-cp-1', 'dev-general-1'])(
  'a new root disk of %s waits for volumes that its control plane found outside',
  (name) => {
    const found = objectionTo(name, 'recreate', ['default/db:/srv/db,default/cache:/srv/cache']);
    expect(found).toMatchObject({ guard: 'LocalData', reason: expect.stringContaining('default/db:/srv/db') });
    expect(objectionTo(name, 'upgrade', ['default/db:/srv/db'])).toBe(null);
  },
);

it('the newest survey counts', () => {
  expect(objectionTo('dev-general-1', 'recreate', ['default/db:/srv/db', ''])).toBe(null);
  expect(objectionTo('dev-general-1', 'recreate', [])).toBe(null);
});
