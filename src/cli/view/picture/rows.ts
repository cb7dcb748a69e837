import type { Activity, Availability, SimulatedBlock, Simulation, Span } from '../../../model/simulation.ts';

/** Rows beyond this are told, not drawn. */
const MOST_ROWS = 60;

/** One line of the picture: the API of a cluster, a node, a machine, or what is shared by all. */
export interface Row {
  readonly label: string;
  /** What the row belongs to; a heading stands above the first row of each. */
  readonly group: string;
  readonly activities: readonly Activity[];
  readonly away: readonly Span[];
  readonly cordoned: readonly Span[];
  readonly blocks: readonly SimulatedBlock[];
  /** From when on it is there for the first time; `null` if it was from the start or never is. */
  readonly newAtMs: number | null;
  readonly goneAtMs: number | null;
}

/** The rows with something in them, those of one cluster together; `left`: how many more there would be, `quiet`: how many have nothing in them. */
export function rowsOf(simulation: Simulation): {
  readonly rows: readonly Row[];
  readonly left: number;
  readonly quiet: number;
} {
  const { availability, activities, blocks } = simulation;
  const placed = new Set<Activity>();
  const rows = availability.map((entry) => {
    const isIts = belongsTo(entry);
    const own = activities.filter((activity) => isIts(activity.target));
    for (const activity of own) placed.add(activity);
    return rowOf(
      entry,
      own,
      blocks.filter((block) => isIts(block.target)),
    );
  });
  const shared = activities.filter((activity) => !placed.has(activity));
  const blocked = blocks.filter((block) => !availability.some((entry) => belongsTo(entry)(block.target)));
  const all = [...sharedRows(shared, blocked), ...rows];
  const busy = all.filter(
    (row) => row.activities.length + row.away.length + row.cordoned.length + row.blocks.length > 0,
  );
  return {
    rows: busy.slice(0, MOST_ROWS),
    left: Math.max(0, busy.length - MOST_ROWS),
    quiet: all.length - busy.length,
  };
}

function belongsTo({ kind, name }: Availability): (target: Activity['target']) => boolean {
  return (target) => target.kind === (kind === 'api' ? 'Cluster' : 'Machine') && target.name === name;
}

function rowOf(entry: Availability, activities: readonly Activity[], blocks: readonly SimulatedBlock[]): Row {
  const { kind, name, cluster, away, cordoned, sinceMs, goneMs } = entry;
  return {
    label: kind === 'api' ? `API of ${name}` : name,
    group: kind === 'api' ? `Cluster ${name}` : cluster === null ? 'Machines' : `Cluster ${cluster}`,
    activities,
    away,
    cordoned,
    blocks,
    newAtMs: sinceMs === 0 ? null : sinceMs,
    goneAtMs: goneMs,
  };
}

/** Images, networks, and objects of which no machine and no API is there. */
function sharedRows(activities: readonly Activity[], blocks: readonly SimulatedBlock[]): readonly Row[] {
  const targets = new Map<string, { label: string; group: string }>();
  for (const { target } of [...activities, ...blocks]) {
    const isObject = target.kind === 'Machine' || target.kind === 'Cluster';
    targets.set(keyOf(target), { label: target.name, group: isObject ? 'Not there' : `${target.kind}s` });
  }
  return [...targets].map(([key, { label, group }]) => ({
    label,
    group,
    activities: activities.filter((activity) => keyOf(activity.target) === key),
    blocks: blocks.filter((block) => keyOf(block.target) === key),
    away: [],
    cordoned: [],
    newAtMs: null,
    goneAtMs: null,
  }));
}

function keyOf(target: Activity['target']): string {
  return `${target.kind}/${target.name}`;
}
