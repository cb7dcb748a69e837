import type { Desired, DesiredCluster, DesiredMachine, RemediationPolicy } from '../../src/model/desired.ts';
import type { Observed } from '../../src/model/observed.ts';
import type { Engine } from '../reconcile/rollout.ts';
import { dropping } from './surgery.ts';

/** Deliberate faults in what manifests, people and the host forbid or ask for. */

const machines = (change: (machine: DesiredMachine) => Partial<DesiredMachine>): Engine => ({
  desired: (desired) => ({
    ...desired,
    machines: desired.machines.map((machine) => ({ ...machine, ...change(machine) })),
  }),
});
const clusters = (change: (cluster: DesiredCluster) => Partial<DesiredCluster>): Engine => ({
  desired: (desired) => ({
    ...desired,
    clusters: desired.clusters.map((cluster) => ({ ...cluster, ...change(cluster) })),
  }),
});
const records = (change: (observed: Observed) => Partial<Observed['records']>): Engine => ({
  observed: (observed) => ({ ...observed, records: { ...observed.records, ...change(observed) } }),
});

function withoutVetoes(observed: Observed): Observed {
  const guests = Object.entries(observed.guests).map(([name, reading]) => [
    name,
    reading.known ? { ...reading, value: { ...reading.value, veto: null } } : reading,
  ]);
  return { ...observed, guests: Object.fromEntries(guests) };
}

const ALL: RemediationPolicy = {
  actions: ['restart', 'reset', 'recreate'],
  afterMs: 300_000,
  pauseMs: 600_000,
  maxUnhealthyPercent: 40,
  maxTries: 3,
};

export const policyMutations: Readonly<Record<string, Engine>> = {
  'windows are not kept': machines(() => ({ windows: [] })),
  'what a person suspends goes on': records(() => ({ suspensions: {} })),
  'what a manifest suspends goes on': {
    desired: (desired: Desired) => ({
      ...desired,
      machines: desired.machines.map((machine) => ({ ...machine, suspended: false })),
      clusters: desired.clusters.map((cluster) => ({ ...cluster, suspended: false })),
    }),
  },
  'what the host forbids is done': {
    observed: (observed) =>
      observed.calendar ? { ...observed, calendar: { ...observed.calendar, blockers: {} } } : observed,
  },
  'vetoes are not heeded': { observed: withoutVetoes },
  'drift is taken back though it is only to be told': machines(({ drift }) => ({
    drift: { ...drift, mode: 'correct' },
  })),
  'drift is never taken back': dropping(({ id }) => /\/drift(-live)?$/.test(id)),
  'no share of unhealthy nodes is too large': clusters(({ remediation }) => ({
    remediation: remediation && { ...remediation, maxUnhealthyPercent: 100 },
  })),
  'nodes are remedied though nobody asks for it': clusters(({ remediation }) => ({ remediation: remediation ?? ALL })),
  'what is to change in place only gets a new root disk': machines(() => ({ strategy: 'Auto' })),
  'nobody looks for volumes outside of what is kept': dropping(({ id }) => /\/survey(\/|$)/.test(id)),
  'the root disk before goes as soon as the new one is proven': machines(() => ({ keepForMs: 0 })),
  'the versions on the way are left out': clusters(() => ({ versions: [] })),
  'certificates are not renewed': dropping(({ id }) => id.includes('/renew-certificates')),
  'nobody takes the backup that was asked for': records(() => ({ backupRequests: [] })),
};
