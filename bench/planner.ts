import type { Desired } from '../src/model/desired.ts';
import { EMPTY_LEDGER } from '../src/model/ledger.ts';
import type { Manifest } from '../src/model/manifest.ts';
import type { Observed } from '../src/model/observed.ts';
import { desire } from '../src/reconcile/desire.ts';
import { plan } from '../src/reconcile/plan/index.ts';
import { distributions, programs } from '../test/reconcile/drivers.ts';
import { cluster, machine, options, setOf } from '../test/reconcile/manifests.ts';
import { createRollout } from '../test/reconcile/rollout.ts';
import { load, median, milliseconds, spread } from './measure.ts';
import { type Bench, type BenchResult, type Row, verdict } from './report.ts';

const RUNS = 9;
/** Machines of one group: a cluster of one and four workers, and five plain machines. */
const GROUP = 10;
const NODES = 4;

export const planner: Bench = { name: 'planner', run };

async function run(): Promise<BenchResult> {
  const loadBefore = load();
  const template = await templateWorld();
  const rows: Row[] = [];
  let largestMs = 0;
  for (const machines of [1_000, 10_000]) {
    const { desired, observed, nowMs } = copies(template, machines / GROUP);
    const ledger = { ...EMPTY_LEDGER, revision: desired.revision };
    const spent: number[] = [];
    for (let round = 0; round < RUNS; round += 1) {
      const began = performance.now();
      const made = plan(desired, observed, ledger, nowMs);
      spent.push(performance.now() - began);
      const left = made.steps.length + made.waits.length + made.blocks.length;
      if (left > 0) throw new Error(`the world is not at rest: ${left} left, first ${leftOver(made)}`);
    }
    largestMs = median(spent);
    rows.push([
      machines.toLocaleString('en'),
      String(desired.clusters.length),
      milliseconds(largestMs),
      spread(spent),
      milliseconds((largestMs / machines) * 1000),
    ]);
  }
  return {
    title: 'The planner alone',
    about: `One call of \`plan\` on a world at rest, in process. A group of one k3s cluster (a control plane, four workers) and five plain machines is brought to rest on the simulator; the world is copies of it under other names. ${RUNS} runs, the first (cold) one included.`,
    columns: ['machines', 'clusters', 'one plan (median)', 'lowest to highest', 'per 1,000 machines'],
    rows,
    verdicts: [verdict('10,000 machines under 1 s', largestMs < 1_000, milliseconds(largestMs))],
    load: loadBefore,
  };
}

interface World {
  readonly desired: Desired;
  readonly observed: Observed;
  readonly nowMs: number;
}

const recipes = { k3s: distributions.k3s.recipe, kubeadm: distributions.kubeadm.recipe };

function group(number: number): Manifest[] {
  const name = groupName(number);
  return [
    cluster(`${name}-k`, { workers: [{ name: 'w', replicas: NODES, machineClass: 'small' }] }),
    ...['a', 'b', 'c', 'd', 'e'].map((letter) => machine(`${name}-${letter}`)),
  ];
}

/** Names of one length, so that none is part of another. */
function groupName(number: number): string {
  return `g${String(number).padStart(5, '0')}`;
}

function desiredGroups(count: number): Desired {
  const manifests = Array.from({ length: count }, (_, number) => group(number)).flat();
  return desire(setOf('bench', ...manifests), recipes, { ...options, programs });
}

/** One group, driven to rest by the real loop. */
async function templateWorld(): Promise<World> {
  const rollout = await createRollout({ seed: 'bench' });
  const desired = desiredGroups(1);
  await rollout.converge(desired);
  return { desired, observed: await rollout.observe(), nowMs: rollout.clock.now() };
}

/** The template's world many times: names, identities and addresses replaced in its text. */
function copies(template: World, count: number): World {
  const { inventory, guests, records } = template.observed;
  if (!inventory.known) throw new Error('the simulator always answers');
  const desired = desiredGroups(count);
  const byName = new Map(desired.machines.map((entry) => [entry.name, entry]));
  const network = inventory.value.networks.find((entry) => entry.name === 'default');
  const text = JSON.stringify({
    domains: inventory.value.domains,
    folders: inventory.value.folders,
    guests,
    reservations: network?.reservations ?? [],
    applied: records.applied,
    kubeconfigs: records.kubeconfigs,
    backups: records.backups,
  });
  const made = Array.from({ length: count }, (_, number) => {
    let copy = text.replaceAll(/127\.77\.\d+\.(\d+)/g, `10.${number >> 8}.${number & 255}.$1`);
    for (const old of template.desired.machines) {
      const next = byName.get(old.name.replace(groupName(0), groupName(number)));
      copy = copy.replaceAll(old.uuid, next?.uuid ?? '').replaceAll(old.mac, next?.mac ?? '');
    }
    return JSON.parse(copy.replaceAll(groupName(0), groupName(number))) as Slice;
  });
  return {
    desired,
    nowMs: template.nowMs,
    observed: {
      guests: Object.assign({}, ...made.map((slice) => slice.guests)) as Observed['guests'],
      records: {
        ...records,
        applied: made.flatMap((slice) => slice.applied),
        kubeconfigs: made.flatMap((slice) => slice.kubeconfigs),
        backups: made.flatMap((slice) => slice.backups),
      },
      inventory: {
        ...inventory,
        value: {
          ...inventory.value,
          domains: made.flatMap((slice) => slice.domains),
          folders: made.flatMap((slice) => slice.folders),
          networks: inventory.value.networks.map((entry) =>
            entry === network ? { ...entry, reservations: made.flatMap((slice) => slice.reservations) } : entry,
          ),
        },
      },
    },
  };
}

type Inventory = Extract<Observed['inventory'], { known: true }>['value'];
interface Slice {
  readonly domains: Inventory['domains'];
  readonly folders: Inventory['folders'];
  readonly guests: Observed['guests'];
  readonly reservations: Inventory['networks'][number]['reservations'];
  readonly applied: readonly string[];
  readonly kubeconfigs: Observed['records']['kubeconfigs'];
  readonly backups: Observed['records']['backups'];
}

function leftOver(made: ReturnType<typeof plan>): string {
  return JSON.stringify([made.steps[0]?.id, made.waits[0]?.id, made.blocks[0]?.reason]);
}
