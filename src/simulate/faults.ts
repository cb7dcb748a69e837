import type { DesiredMachine } from '../model/desired.ts';
import { KreError } from '../model/error.ts';
import type { Domain } from '../model/observed.ts';
import type { SimFault } from '../sim/fault.ts';

/** What can be asked to fail, and what that means. */
export const FAILURES = {
  boot: 'the machine starts and its guest never answers',
  'api-start': 'the API server never gets ready',
  'node-ready': 'the node never gets ready',
  shutdown: 'the guest does not follow a shutdown',
  'image-download': 'the image (named by its object) cannot be fetched',
  'copy-state': 'the state disk cannot be copied',
  bootstrap: 'the distribution cannot be brought up',
  join: 'the node cannot join',
  stage: 'the new version cannot be staged',
  drain: 'the node cannot be drained',
  backup: 'the datastore cannot be backed up',
  upgrade: 'the upgrade in place fails',
  rollback: 'going back from an upgrade fails',
  restore: 'a backup cannot be brought back',
  survey: 'the volumes in use cannot be listed',
  'renew-certificates': 'certificates cannot be renewed',
  restart: 'the main service does not start again',
} as const;

export type Failure = keyof typeof FAILURES;

/** A failure that a person asked for. */
export interface FaultRequest {
  readonly what: Failure;
  /** A machine, or the object of an image; `null`: wherever it comes up. */
  readonly where: string | null;
  /** How often it strikes; `null`: whenever it is tried. */
  readonly times: number | null;
}

/** What faults may name. */
export interface FaultNames {
  /** By name: what is there and what is wanted; one of both may be missing. */
  readonly machines: ReadonlyMap<string, { readonly wanted: DesiredMachine | null; readonly present: Domain | null }>;
  /** Digests of images by the names of their objects. */
  readonly images: ReadonlyMap<string, string>;
}

/** What comes up again when something goes back: these strike what is new alone, so that going back ends well. */
const OF_THE_NEW: ReadonlySet<Failure> = new Set(['boot', 'api-start', 'node-ready']);

/** `upgrade`, `upgrade:dev-cp-1` or `upgrade:dev-cp-1:2` (the first two times). `Usage` for what cannot fail or is not there. */
export function parseFault(text: string, names: FaultNames): FaultRequest {
  const [what = '', where, times, ...rest] = text.split(':');
  if (!isFailure(what))
    throw usage(
      `${what === '' ? 'nothing' : what} is not what can fail`,
      `One of: ${Object.keys(FAILURES).join(', ')}.`,
    );
  const known: readonly string[] = [...(what === 'image-download' ? names.images : names.machines).keys()];
  if (where !== undefined && where !== '' && !known.includes(where)) {
    throw usage(
      `${text} names ${where}, which neither the manifests nor the host have`,
      `One of: ${[...known].sort().slice(0, 20).join(', ')}.`,
    );
  }
  if ((times !== undefined && !/^[1-9]\d{0,2}$/.test(times)) || rest.length > 0) {
    throw usage(
      `${text} is not of the form WHAT:WHERE:TIMES`,
      'For example upgrade:dev-cp-1, or drain:dev-cp-1:2 for the first two times.',
    );
  }
  return {
    what,
    where: where === undefined || where === '' ? null : where,
    times: times === undefined ? null : Number(times),
  };
}

/** The same as the simulated world takes it. */
export function simFaults({ what, where, times }: FaultRequest, names: FaultNames): readonly SimFault[] {
  const fault = {
    on: nameInWorld(what),
    kind: 'fail',
    // The worse of what happens: one that fails before it touches anything disturbs nobody.
    ...(what === 'upgrade' ? { halfway: true } : {}),
    ...(times === null ? {} : { times }),
  } as const;
  if (what === 'image-download')
    return [{ ...fault, ...(where === null ? {} : { machine: names.images.get(where) ?? where }) }];
  if (!OF_THE_NEW.has(what)) return [{ ...fault, ...(where === null ? {} : { machine: where }) }];
  const machines = where === null ? [...names.machines.keys()] : [where];
  return machines.map((machine) => {
    const only = newnessOf(names, machine, what);
    return { ...fault, machine, ...(only === null ? {} : { only }) };
  });
}

/** What tells the new from what ran before: the image, else the version, else of a boot the memory. `null` where nothing ran before, or none changes. */
function newnessOf({ machines }: FaultNames, name: string, what: Failure): string | null {
  const { wanted, present } = machines.get(name) ?? {};
  const mark = present?.mark;
  if (!wanted || !mark || mark === 'unreadable') return null;
  if (mark.spec.image.digest !== wanted.spec.image.digest) return wanted.spec.image.digest;
  const version = wanted.spec.kubernetes?.version;
  if (version !== undefined && version !== mark.spec.kubernetes?.version) return version;
  const { memoryMiB } = wanted.spec;
  return what === 'boot' && memoryMiB !== mark.spec.memoryMiB ? `${memoryMiB} MiB` : null;
}

/** Verbs are called as in the guest, phases as in `Durations`. */
function nameInWorld(what: Failure): string {
  const phases: Readonly<Partial<Record<Failure, string>>> = {
    'api-start': 'apiStart',
    'node-ready': 'nodeReady',
    'image-download': 'imageDownload',
    'copy-state': 'copyState',
  };
  return phases[what] ?? what;
}

function isFailure(text: string): text is Failure {
  return Object.hasOwn(FAILURES, text);
}

function usage(message: string, hint: string): KreError {
  return new KreError({ code: 'Usage', message, hint, disposition: 'stalled' });
}
