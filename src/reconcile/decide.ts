import type { DecisionRecords } from '../model/decision-records.ts';
import { KreError } from '../model/error.ts';
import { objectKey } from '../model/mark.ts';
import type { Adoption, Backup, BackupRequest, ConfirmedAct, Restoration } from '../model/observed.ts';
import type { Block, GuardName } from '../model/plan.ts';
import type { Clock } from '../model/ports.ts';
import { adoptable, isRetainedName } from './adoptable.ts';
import { type Cancellable, cancellable, wishedFor } from './cancellable.ts';
import type { Look } from './reconcile.ts';
import { restorable } from './restorable.ts';

/** What a person decides. Each is kept in the state folder. Deciding the same again changes nothing. */
export interface Decisions {
  /** `scope`: `agent`, `Cluster/x`, `Machine/x` or `Node/x`; also written small, or a name alone where it says enough. Resolves with the scope. `Usage` without a reason. */
  suspend(scope: string, reason: string): Promise<{ readonly scope: string }>;
  resume(scope: string): Promise<{ readonly scope: string; readonly wasSuspended: boolean }>;
  /**
   * What the enforced revision asks of an object and a person has to allow, or a revision that rewinds the branch. Where several things wait, the first is
   * allowed and told. `NotFound` if nothing waits for that.
   */
  confirm(what: string): Promise<Confirmed>;
  /** Lets what failed and was rolled back, or failed too often, be tried again as the enforced revision asks. `NotFound` if nothing waits for that. */
  retry(object: string): Promise<{ readonly what: string; readonly revision: string }>;
  /** Asks for a backup of a cluster now. `NotFound` for a cluster that is not in the manifests, `Blocked` for one that is off. */
  backup(cluster: string): Promise<BackupRequest>;
  /**
   * Brings a lost cluster of one control plane back from a backup (its id, or `latest`). `replace`: also where its control plane is there, whose state disk
   * is set aside. Or puts a retained state disk, given by its name, back under the machine of an object that it was of. `RestoreRefused` with the reason, `NotFound` for a cluster or backup that is not known, `StateUnreadable` for a damaged backup.
   */
  restore(object: string, from: string, replace: boolean): Promise<Restoration | Adoption>;
  /** Strikes off what `restore` asked for an object. `NotFound` if it stands no more, `RestoreRefused` if something was done for it already. */
  cancelRestore(object: string): Promise<Cancellable>;
}

export interface Confirmed {
  /** `Source`, or an object's key. */
  readonly what: string;
  readonly revision: string;
  /** What the confirmation allows, and nothing else. */
  readonly allows: 'rewind' | ConfirmedAct;
}

export interface DecisionParts {
  readonly clock: Clock;
  readonly records: DecisionRecords & {
    suspensions(): Promise<Readonly<Record<string, unknown>>>;
    /** Rejects with `StateUnreadable` if the bytes are not those that were saved. */
    checkBackup(backup: Backup): Promise<void>;
  };
  /** Where things stand now. */
  readonly look: () => Promise<Look>;
}

/** Key under which an accepted revision of the source is kept among the confirmations. */
export const ACCEPTED_SOURCE = 'Source';
/** What a confirmation of a block allows; the first of several that wait is the one that is meant. */
const ACT_OF_GUARD: ReadonlyMap<GuardName, ConfirmedAct> = new Map([
  ['PruneConfirm', 'delete'],
  ['PruneLimit', 'delete'],
  ['AppliedListLost', 'delete'],
  ['RecreateConfirm', 'recreate'],
  ['ClusterLost', 'begin-anew'],
]);
const CONFIRMABLE: ReadonlySet<GuardName> = new Set(ACT_OF_GUARD.keys());
const RETRIABLE: ReadonlySet<GuardName> = new Set(['Quarantined', 'OperationFailed', 'RemediationHeld']);

export function createDecisions({ clock, records, look }: DecisionParts): Decisions {
  return {
    async suspend(text, reason) {
      const scope = resolveScope(text, scopesOf(await look()));
      if (reason.trim() === '') throw reasonMissing(scope);
      await records.suspend(scope, reason, clock.now());
      return { scope };
    },
    async resume(text) {
      const suspended = await records.suspensions();
      // What is suspended may be gone from the manifests.
      const scope = resolveScope(text, [...Object.keys(suspended), ...scopesOf(await look())]);
      const wasSuspended = scope in suspended;
      if (wasSuspended) await records.resume(scope);
      return { scope, wasSuspended };
    },
    async confirm(text) {
      const { source, world } = await look();
      const rewound = source.problem?.code === 'SourceRewound' ? source.lastAttemptedRevision : null;
      if (rewound !== null && text.length >= 7 && rewound.startsWith(text)) {
        await records.confirm({ object: ACCEPTED_SOURCE, revision: rewound });
        return { what: ACCEPTED_SOURCE, revision: rewound, allows: 'rewind' };
      }
      const { what, revision, blocks } =
        waitingIn(world, text, CONFIRMABLE) ?? nothingWaits(world, text, 'confirmation', rewound);
      const allows = actOf(blocks);
      await records.confirm({ object: what, revision, allows });
      return { what, revision, allows };
    },
    async retry(text) {
      const { world } = await look();
      const { what, revision } = waitingIn(world, text, RETRIABLE) ?? nothingWaits(world, text, 'retry', null);
      await records.retry(what, revision, clock.now());
      return { what, revision };
    },
    async backup(text) {
      const { world } = await look();
      const clusters = world?.desired.clusters ?? [];
      const key = resolveScope(
        text,
        clusters.map(({ name }) => `Cluster/${name}`),
      );
      const cluster = clusters.find(({ name }) => `Cluster/${name}` === key);
      if (cluster?.powerState === 'Off') throw poweredOff(cluster.name);
      const request = { cluster: cluster?.name ?? text, atMs: clock.now() };
      await records.requestBackup(request.cluster, request.atMs);
      return request;
    },
    restore: async (text, from, replace) => {
      const { world } = await look();
      const parts = { clock, records };
      return isRetainedName(from)
        ? decideAdoption(parts, world, text, from, replace)
        : decideRestoration(parts, world, text, from, replace);
    },
    cancelRestore: async (text) => cancelWish(records, await look(), text),
  };
}

type RestoreParts = Pick<DecisionParts, 'clock' | 'records'>;

/** Of two wishes for one machine the older is given up first. */
async function decideAdoption(
  { clock, records }: RestoreParts,
  world: Look['world'],
  text: string,
  retained: string,
  replace: boolean,
): Promise<Adoption> {
  const objects = world?.desired.machines.map(({ object }) => objectKey(object)) ?? [];
  const adoption = { ...adoptable(world, resolveScope(text, objects), retained, replace), atMs: clock.now() };
  if (adoption.object.startsWith('Cluster/')) await records.endRestoration(adoption.object.slice('Cluster/'.length));
  await records.adopt(adoption);
  return adoption;
}

async function decideRestoration(
  { clock, records }: RestoreParts,
  world: Look['world'],
  text: string,
  backup: string,
  replace: boolean,
): Promise<Restoration> {
  const names = world?.desired.clusters.map(({ name }) => `Cluster/${name}`) ?? [];
  const key = resolveScope(text, names);
  const found = restorable(world, key.slice(key.indexOf('/') + 1), backup, replace);
  await records.checkBackup(found.backup);
  const restoration = { ...found.restoration, atMs: clock.now() };
  await records.endAdoption(key);
  await records.restore(restoration);
  return restoration;
}

async function cancelWish(records: RestoreParts['records'], now: Look, text: string): Promise<Cancellable> {
  const wished = wishedFor(now.world);
  const known = wished.length > 0 ? wished : scopesOf(now).filter((scope) => !scope.startsWith('Node/'));
  const found = cancellable(now.world, resolveScope(text, known));
  if (found.object.startsWith('Cluster/')) await records.endRestoration(found.object.slice('Cluster/'.length));
  await records.endAdoption(found.object);
  return found;
}

/** `Cluster/x`, `Machine/x` and `Node/x` that the manifests name, and what blocks are about. */
function scopesOf({ world }: Look): readonly string[] {
  if (!world) return [];
  const { machines, clusters } = world.desired;
  return [
    ...clusters.map((cluster) => `Cluster/${cluster.name}`),
    ...machines.map((machine) =>
      machine.object.kind === 'Machine' ? objectKey(machine.object) : `Node/${machine.name}`,
    ),
    ...world.plan.blocks.flatMap(({ object }) => (object ? [objectKey(object)] : [])),
  ];
}

/** `dev`, `cluster/dev` and `Cluster/dev` mean the same where only one of that name is known. */
function resolveScope(text: string, known: readonly string[]): string {
  if (text === 'agent') return 'agent';
  const found = meantBy(text, known);
  const [only, second] = found.filter(
    (scope) => !scope.startsWith('Node/') || found.length === 1 || text.toLowerCase().startsWith('node/'),
  );
  if (only !== undefined && second === undefined) return only;
  throw new KreError({
    code: 'NotFound',
    message: only === undefined ? `no object ${text} is known` : `${text} may mean ${found.join(' or ')}`,
    hint:
      known.length === 0
        ? 'No object is known at all.'
        : `One of: ${[...new Set(known)].sort().slice(0, 20).join(', ')}.`,
    disposition: 'stalled',
  });
}

/** Those of the known that a text names, in full or by the name alone. */
function meantBy(text: string, known: readonly string[]): readonly string[] {
  const wanted = text.toLowerCase();
  return [...new Set(known)].filter(
    (scope) => scope.toLowerCase() === wanted || scope.slice(scope.indexOf('/') + 1) === wanted,
  );
}

function actOf(blocks: readonly Block[]): ConfirmedAct {
  const waiting = new Set(blocks.map(({ guard }) => guard));
  return [...ACT_OF_GUARD].find(([guard]) => waiting.has(guard))?.[1] ?? 'delete';
}

/** The object that a text means among those with a block of these guards; `null` if it means none of them. */
function waitingIn(
  world: Look['world'],
  text: string,
  guards: ReadonlySet<GuardName>,
): { readonly what: string; readonly revision: string; readonly blocks: readonly Block[] } | null {
  const waiting = waitingFor(world, guards);
  const keys = waiting.map(({ key }) => key);
  // The node that a block is about means its cluster.
  const about = waiting.find(({ target }) => `${target.kind}/${target.name}`.toLowerCase() === nodeText(text));
  if (!world || (!about && meantBy(text, keys).length === 0)) return null;
  const what = about?.key ?? resolveScope(text, keys);
  return { what, revision: world.plan.revision, blocks: waiting.filter(({ key }) => key === what) };
}

/** Blocks of these guards, each with the key of its object. */
function waitingFor(
  world: Look['world'],
  guards: ReadonlySet<GuardName>,
): readonly (Block & { readonly key: string })[] {
  const blocks = world?.plan.blocks ?? [];
  return blocks.flatMap((block) =>
    block.object && guards.has(block.guard) ? [{ ...block, key: objectKey(block.object) }] : [],
  );
}

function nodeText(text: string): string {
  const wanted = text.toLowerCase().replace(/^node\//, 'machine/');
  return wanted.includes('/') ? wanted : `machine/${wanted}`;
}

function reasonMissing(scope: string): KreError {
  return new KreError({
    code: 'Usage',
    message: `${scope} is not suspended: nobody could tell why`,
    hint: `kreconcile suspend ${scope === 'agent' ? '' : `${scope} `}--reason "…"`,
    disposition: 'stalled',
  });
}

function poweredOff(cluster: string): KreError {
  return new KreError({
    code: 'Blocked',
    message: `${cluster} is switched off: there is nobody to take a backup`,
    hint: 'A backup is taken of a running datastore; commit powerState: On.',
    disposition: 'stalled',
  });
}

function nothingWaits(
  world: Look['world'],
  text: string,
  what: 'confirmation' | 'retry',
  rewound: string | null,
): never {
  const waiting = new Set(waitingFor(world, what === 'retry' ? RETRIABLE : CONFIRMABLE).map(({ key }) => key));
  const told =
    waiting.size === 0
      ? `\`kreconcile plan\` shows what is blocked and what a ${what} would lift.`
      : `What waits for one: ${[...waiting].sort().slice(0, 20).join(', ')}.`;
  throw new KreError({
    code: 'NotFound',
    message: `nothing waits for a ${what} of ${text}`,
    hint: rewound === null ? told : `The branch was rewound: kreconcile confirm ${rewound}`,
    disposition: 'stalled',
  });
}
