import { Gauge, type Registry } from 'prom-client';
import type { Condition, Status } from '../../model/status.ts';

type Labels = Readonly<Record<string, string>>;
/** One series of a gauge; `null` is not shown: unknown is no number. */
type Series = readonly [Labels, number | null];

interface GaugeFact {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly read: (status: Status) => readonly Series[];
}

/** What is read off the status of the latest pass. Times are in seconds since the epoch. */
const facts: readonly GaugeFact[] = [
  {
    name: 'kreconcile_hypervisor_reachable',
    help: 'Whether the latest pass could read the hypervisor.',
    labels: [],
    read: ({ hypervisor }) => [[{}, flag(hypervisor.reachable)]],
  },
  {
    name: 'kreconcile_suspended',
    help: 'Whether a person has suspended everything on this host.',
    labels: [],
    read: ({ suspended }) => [[{}, flag(suspended !== null)]],
  },
  {
    name: 'kreconcile_source_problem',
    help: '1 for the code of what is wrong with the source or its newest revision; no series when all is well.',
    labels: ['code'],
    read: ({ source }) => (source.problem ? [[{ code: source.problem.code }, 1]] : []),
  },
  {
    name: 'kreconcile_source_revision_info',
    help: 'The revision that is enforced, and the newest one that was looked at.',
    labels: ['enforced', 'attempted'],
    read: ({ source }) => [
      [{ enforced: source.lastGoodRevision ?? '', attempted: source.lastAttemptedRevision ?? '' }, 1],
    ],
  },
  {
    name: 'kreconcile_steps_pending',
    help: 'Steps that the plan of the latest pass still had after it.',
    labels: [],
    read: ({ pendingSteps }) => [[{}, pendingSteps]],
  },
  {
    name: 'kreconcile_waits',
    help: 'Conditions that are waited for; overdue ones have passed their deadline.',
    labels: ['overdue'],
    read: ({ waits }) =>
      [false, true].map((overdue) => [
        { overdue: String(overdue) },
        waits.filter((wait) => wait.overdue === overdue).length,
      ]),
  },
  {
    name: 'kreconcile_blocks',
    help: 'Steps that a guard forbids, by guard.',
    labels: ['guard'],
    read: ({ blocks }) => [...countBy(blocks.map(({ guard }) => guard))].map(([guard, count]) => [{ guard }, count]),
  },
  {
    name: 'kreconcile_cluster_ready',
    help: 'Condition Ready of a cluster: 1 True, 0 False; no series while it is Unknown.',
    labels: ['cluster'],
    read: ({ clusters }) => clusters.map(({ name, conditions }) => [{ cluster: name }, condition(conditions, 'Ready')]),
  },
  {
    name: 'kreconcile_cluster_stalled',
    help: 'Condition Stalled of a cluster: 1 when it does not go on by itself.',
    labels: ['cluster'],
    read: ({ clusters }) =>
      clusters.map(({ name, conditions }) => [{ cluster: name }, condition(conditions, 'Stalled') ?? 0]),
  },
  {
    name: 'kreconcile_cluster_version_info',
    help: 'Kubernetes versions of a cluster: desired, and the lowest that its nodes report.',
    labels: ['cluster', 'distribution', 'desired', 'observed'],
    read: ({ clusters }) =>
      clusters.map(({ name, distribution, desiredVersion, observedVersion }) => [
        { cluster: name, distribution, desired: desiredVersion, observed: observedVersion ?? '' },
        1,
      ]),
  },
  {
    name: 'kreconcile_cluster_certificates_expire_timestamp_seconds',
    help: "When the first of a control plane's certificates expires.",
    labels: ['cluster'],
    read: ({ clusters }) =>
      clusters.map(({ name, certificatesExpireAtMs }) => [{ cluster: name }, seconds(certificatesExpireAtMs)]),
  },
  {
    name: 'kreconcile_cluster_suspended',
    help: 'Whether a cluster is suspended, by its manifest or by a person.',
    labels: ['cluster'],
    read: ({ clusters }) => clusters.map(({ name, suspended }) => [{ cluster: name }, flag(suspended)]),
  },
  {
    name: 'kreconcile_machine_ready',
    help: 'Condition Ready of a machine: 1 True, 0 False; no series while it is Unknown.',
    labels: ['machine', 'cluster', 'role'],
    read: ({ machines }) =>
      machines.map(({ name, cluster, role, conditions }) => [
        { machine: name, cluster: cluster ?? '', role },
        condition(conditions, 'Ready'),
      ]),
  },
  {
    name: 'kreconcile_machine_info',
    help: 'State, image and Kubernetes version of a machine.',
    labels: ['machine', 'state', 'image', 'desired', 'observed'],
    read: ({ machines }) =>
      machines.map(({ name, state, image, desiredVersion, observedVersion }) => [
        { machine: name, state, image: image ?? '', desired: desiredVersion ?? '', observed: observedVersion ?? '' },
        1,
      ]),
  },
  {
    name: 'kreconcile_machine_guest_read_timestamp_seconds',
    help: 'When the guest of a machine answered last.',
    labels: ['machine'],
    read: ({ machines }) => machines.map(({ name, guestReadAtMs }) => [{ machine: name }, seconds(guestReadAtMs)]),
  },
];

/** Registers the gauges; the returned function sets them all from a status, and forgets what it no longer names. */
export function statusGauges(registry: Registry): (status: Status) => void {
  const gauges = facts.map(({ name, help, labels, read }) => ({
    gauge: new Gauge({ name, help, labelNames: [...labels], registers: [registry] }),
    read,
  }));
  return (status) => {
    for (const { gauge, read } of gauges) {
      gauge.reset();
      for (const [labels, value] of read(status)) if (value !== null) gauge.set({ ...labels }, value);
    }
  };
}

function condition(conditions: readonly Condition[], type: Condition['type']): number | null {
  const status = conditions.find((one) => one.type === type)?.status;
  return status === 'True' ? 1 : status === 'False' ? 0 : null;
}

function flag(value: boolean): number {
  return value ? 1 : 0;
}

export function seconds(ms: number | null): number | null {
  return ms === null ? null : ms / 1000;
}

function countBy(values: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}
