import { EMPTY_LEDGER } from '../../src/model/ledger.ts';
import { objectKey } from '../../src/model/mark.ts';
import type { Inventory, Observed } from '../../src/model/observed.ts';
import { refOf } from '../../src/reconcile/execute/context.ts';
import { plan } from '../../src/reconcile/plan/index.ts';
import type { Engine } from '../reconcile/rollout.ts';
import { policyMutations } from './mutations-policies.ts';
import { returnMutations } from './mutations-returns.ts';
import { adding, changing, dropping, hasty, isControlPlane, machineOf, verbOf } from './surgery.ts';

/** Deliberate faults in the engine, by name: what somebody could get wrong. Each must be found. */
export const mutations: Readonly<Record<string, Engine>> = {
  ...policyMutations,
  ...returnMutations,
  'no backup comes before a disruption': dropping(({ id }) => /\/(backup|fetch-backup)(\/|$)/.test(id)),
  'nodes are not drained': dropping(({ id }) => /\/(cordon|drain)(\/|$)/.test(id)),
  'nothing is staged': dropping(({ id }) => /\/stage(\/|$)/.test(id)),
  'nobody takes a cordon back': dropping(({ id }) => id.endsWith('/uncordon')),
  'the state disk is not copied before a new root disk': dropping(({ id }) => /\/copy-state(\/|$)/.test(id)),
  'what failed is not quarantined': dropping(({ id }) => id.endsWith('/quarantine')),
  'the old root disk goes before the new one is proven': {
    plan: (made, world) =>
      adding(() =>
        domainsOf(world.observed).flatMap(({ name, state, mark }) => {
          const previous = mark !== null && mark !== 'unreadable' && mark.provenAtMs === null ? mark.previous : null;
          if (!previous || state !== 'running') return [];
          const action = {
            kind: 'drop-generation',
            machine: name,
            generation: previous.generation,
            mark: null,
          } as const;
          return [{ id: `machine/${name}/drop-early`, action }];
        }),
      ).plan?.(made, world) ?? made,
  },
  'an upgrade waits for nothing': hasty((_need, step) => verbOf(step) === 'upgrade'),
  'a worker does not wait for its turn': hasty((need, step) => {
    const [own, other] = [machineOf(step.id), machineOf(need)];
    return own !== null && !isControlPlane(own) && other !== null && other !== own && !isControlPlane(other);
  }),
  'control planes do not wait for each other': {
    desired: (desired) => ({
      ...desired,
      machines: desired.machines.map((machine) => ({
        ...machine,
        skips: { ...machine.skips, skipped: [...machine.skips.skipped, 'Quorum', 'ControlPlaneStable'] },
      })),
    }),
    ...hasty((need, step) => {
      const [own, other] = [machineOf(step.id), machineOf(need)];
      return isControlPlane(own) && isControlPlane(other) && other !== own && verbOf(step) !== 'join';
    }),
  },
  'workers do not wait for their control plane': hasty(
    (need, step) =>
      /-general-/.test(step.id) &&
      verbOf(step) !== 'join' &&
      (need.startsWith('cluster/') || isControlPlane(machineOf(need))),
  ),
  'an object is forgotten before it is deleted': hasty((_need, step) => step.action.kind === 'forget'),
  'a retained state disk is deleted': changing((step) =>
    step.action.kind === 'delete-machine' ? { ...step, action: { ...step.action, stateDisk: 'Delete' } } : step,
  ),
  'what asks for a person is deleted at once': {
    plan(made, { desired, observed }) {
      const asked = made.blocks.flatMap(({ guard, object }) =>
        guard === 'PruneConfirm' && object ? [{ object: objectKey(object), revision: desired.revision }] : [],
      );
      const records = { ...observed.records, confirmations: asked };
      return asked.length === 0 ? made : plan(desired, { ...observed, records }, EMPTY_LEDGER, made.atMs);
    },
  },
  'the mark says proven before the seed is replaced': {
    acts: (acts, { hypervisor }, world) => ({
      ...acts,
      settle: async (action) => {
        await hypervisor.writeMark(refOf(world, action.machine), action.mark);
        await acts.settle(action);
      },
    }),
  },
  'the first seed stays': {
    hypervisor: (hypervisor) => ({ ...hypervisor, replaceSeed: async () => {} }),
  },
  'a domain is defined before its disks are made': {
    hypervisor: (hypervisor) => {
      const waiting = new Map<string, () => Promise<void>>();
      return {
        ...hypervisor,
        prepareDisks: async (request) => {
          waiting.set(request.machine.name, () => hypervisor.prepareDisks(request));
        },
        define: async (request) => {
          await hypervisor.define(request);
          await waiting.get(request.machine.name)?.();
        },
      };
    },
  },
  'the kept state disk is forgotten': {
    hypervisor: (hypervisor) => ({
      ...hypervisor,
      define: (request) =>
        hypervisor.define(request.mark.generation > 1 ? { ...request, stateDiskSerial: null } : request),
    }),
  },
  'an address that is not ours is released': {
    acts: (acts, { hypervisor }) => ({
      ...acts,
      'release-address': async (action) => {
        await acts['release-address'](action);
        const theirs = { machine: 'theirs', mac: '52:54:00:00:00:01', address: '127.77.0.9' };
        await hypervisor.releaseAddress(action.network, theirs);
      },
    }),
  },
  'a host that cannot be read counts as empty': blind(),
  'an old reading of a guest counts as new': {
    observed: (observed) => {
      const atMs = observed.inventory.atMs ?? 0;
      const fresh = Object.entries(observed.guests).map(([name, reading]) => [name, { ...reading, atMs }]);
      return { ...observed, guests: Object.fromEntries(fresh) };
    },
  },
  'a guest that is not known counts as failed': {
    plan: (made, world) =>
      adding(() =>
        domainsOf(world.observed).flatMap(({ name, state, mark }) =>
          state === 'running' && mark !== null && !world.observed.guests[name]?.known
            ? [{ id: `machine/${name}/power-off`, action: { kind: 'power-off', machine: name } as const }]
            : [],
        ),
      ).plan?.(made, world) ?? made,
  },
};

function blind(): Engine {
  let last: Inventory | null = null;
  return {
    observed(observed) {
      if (observed.inventory.known) {
        last = observed.inventory.value;
        return observed;
      }
      const value = last && { ...last, domains: [], folders: [], operations: [] };
      return value ? { ...observed, inventory: { known: true, value, atMs: observed.inventory.atMs ?? 0 } } : observed;
    },
  };
}

function domainsOf({ inventory }: Observed): Inventory['domains'] {
  return inventory.known ? inventory.value.domains : [];
}
