import type { Availability, Span } from '../../model/simulation.ts';
import type { Sample } from './sample.ts';

/** What users notice, from one moment to the next. Times count from the start. */
export interface AvailabilityLog {
  add(sample: Sample): void;
  /** Open spans count to `endMs`. */
  all(endMs: number): readonly Availability[];
  /** When something last came or went. */
  lastChangeMs(): number;
}

interface Track {
  readonly kind: Availability['kind'];
  readonly name: string;
  readonly cluster: string | null;
  sinceMs: number | null;
  goneMs: number | null;
  isUp: boolean;
  isCordoned: boolean;
  readonly away: Span[];
  readonly cordoned: Span[];
}

const order: Readonly<Record<Availability['kind'], number>> = { api: 0, node: 1, machine: 2 };

export function createAvailabilityLog(startMs: number): AvailabilityLog {
  const tracks = new Map<string, Track>();
  let last = 0;

  const note = (
    kind: Track['kind'],
    name: string,
    now: { cluster: string | null; isUp: boolean; isCordoned: boolean },
    atMs: number,
  ) => {
    const key = `${kind}/${name}`;
    const known = tracks.get(key);
    const track = known ?? newTrack(kind, name, now.cluster);
    tracks.set(key, track);
    if (track.goneMs !== null) track.goneMs = null;
    if (known ? track.isUp === now.isUp && track.isCordoned === now.isCordoned : false) return;
    if (known && atMs > 0) last = atMs;
    if (now.isUp && track.sinceMs === null) track.sinceMs = atMs;
    if (track.sinceMs !== null) turn(track.away, !now.isUp, atMs);
    turn(track.cordoned, now.isCordoned, atMs);
    track.isUp = now.isUp;
    track.isCordoned = now.isCordoned;
  };
  const noteGone = (present: ReadonlySet<string>, atMs: number): void => {
    for (const [key, track] of tracks) {
      if (present.has(key) || track.goneMs !== null) continue;
      track.goneMs = atMs;
      last = atMs;
      track.isUp = false;
      track.isCordoned = false;
      turn(track.away, false, atMs);
      turn(track.cordoned, false, atMs);
    }
  };
  return {
    add(sample) {
      const atMs = sample.atMs - startMs;
      const present = new Set<string>();
      for (const [name, isUp] of sample.apis) {
        present.add(`api/${name}`);
        note('api', name, { cluster: name, isUp, isCordoned: false }, atMs);
      }
      for (const [name, machine] of sample.machines) {
        const kind = machine.cluster === null ? 'machine' : 'node';
        present.add(`${kind}/${name}`);
        note(kind, name, machine, atMs);
      }
      noteGone(present, atMs);
    },
    all: (endMs) => [...tracks.values()].map((track) => availabilityOf(track, endMs)).sort(byPlace),
    lastChangeMs: () => last,
  };
}

function newTrack(kind: Track['kind'], name: string, cluster: string | null): Track {
  const nothing = { sinceMs: null, goneMs: null, isUp: false, isCordoned: false };
  return { kind, name, cluster: kind === 'api' ? null : cluster, ...nothing, away: [], cordoned: [] };
}

/** Opens or closes the last span. One that would last no time was none. */
function turn(spans: Span[], isOn: boolean, atMs: number): void {
  const last = spans.at(-1);
  const isOpen = last !== undefined && last.endMs === null;
  if (isOn === isOpen) return;
  if (isOn) spans.push({ startMs: atMs, endMs: null });
  else if (last) {
    spans.pop();
    if (last.startMs < atMs) spans.push({ ...last, endMs: atMs });
  }
}

function availabilityOf(track: Track, endMs: number): Availability {
  const { kind, name, cluster, sinceMs, goneMs, away, cordoned } = track;
  const lengths = away.map((span) => (span.endMs ?? endMs) - span.startMs);
  return {
    kind,
    name,
    cluster,
    sinceMs,
    goneMs,
    away,
    cordoned,
    awayMs: lengths.reduce((sum, length) => sum + length, 0),
    longestAwayMs: Math.max(0, ...lengths),
  };
}

function byPlace(a: Availability, b: Availability): number {
  const clusterOf = (entry: Availability): string => (entry.kind === 'api' ? entry.name : (entry.cluster ?? '\uffff'));
  if (clusterOf(a) !== clusterOf(b)) return clusterOf(a) < clusterOf(b) ? -1 : 1;
  if (a.kind !== b.kind) return order[a.kind] - order[b.kind];
  return compareNames(a.name, b.name);
}

/** `dev-w-2` before `dev-w-10`. */
function compareNames(a: string, b: string): number {
  const [, stemA = a, numberA = ''] = /^(.*?)(\d*)$/.exec(a) ?? [];
  const [, stemB = b, numberB = ''] = /^(.*?)(\d*)$/.exec(b) ?? [];
  if (stemA !== stemB) return stemA < stemB ? -1 : 1;
  return Number(numberA) - Number(numberB);
}
