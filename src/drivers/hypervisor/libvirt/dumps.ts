import { KreError } from '../../../model/error.ts';
import type { Clock, Log } from '../../../model/ports.ts';
import type { VirshCommand, VirshResult } from '../../../virsh/batch.ts';
import type { Virsh } from '../../../virsh/virsh.ts';
import type { DomainListing } from './domain-list.ts';
import { saysBlocked, saysNoDomain } from './failures.ts';
import type { DomainDescription } from './parse-domain.ts';

/** A domain that is listed. */
export type ListedDomain = DomainListing['domains'][number];

/** What is known of a listed domain. */
export interface Described {
  readonly current: DomainDescription;
  /** The definition of the next boot. */
  readonly next: DomainDescription;
  /** Read just now; else what it said before a long job began to hold it. */
  readonly isFresh: boolean;
}

export interface Descriptions {
  /** By UUID; a listed domain that is in neither was undefined meanwhile. */
  readonly domains: ReadonlyMap<string, Described>;
  /** By UUID: why a domain that was never described is not now. */
  readonly unread: ReadonlyMap<string, string>;
  /** One for each listed network. */
  readonly networks: readonly VirshResult[];
}

export interface DumpParts {
  readonly virsh: Virsh;
  readonly clock: Clock;
  readonly log: Log;
  /** Reads one dump; remembers what it read last for the same text. */
  readonly describe: (key: string, xml: string) => DomainDescription;
}

/** For all dumps together. */
const bulkTimeoutMs = 20_000;
/** For one domain alone, once the bulk did not end. */
const aloneTimeoutMs = 5_000;
const aloneAtOnce = 8;
/** Each question to a domain that is held keeps one of libvirt's twenty workers waiting for half a minute. */
const askAgainMs = 60_000;

interface Hold {
  readonly reason: string;
  readonly againAtMs: number;
}

/**
 * Reads the dumps of all listed domains and networks in one virsh. Since libvirt 11.0 a dump waits for a long job on its domain (a migration, a
 * snapshot). Such a domain is found by asking each alone, and from then on does not hold up the others: it stands as it was described last, with its
 * state of now, and is asked again every minute. One that was never described is told as unread, for it may be ours.
 */
export function createDumps(parts: DumpParts): (listing: DomainListing) => Promise<Descriptions> {
  const { virsh, clock, log } = parts;
  const held = new Map<string, Hold>();
  const known = new Map<string, Described>();

  const take = (listed: ListedDomain, answers: readonly VirshResult[] | null): void => {
    const failed = answers?.find(({ ok }) => !ok);
    if (answers === null || (failed && saysBlocked(failed.error))) {
      const reason = failed?.error ?? `no answer within ${aloneTimeoutMs / 1000} s`;
      if (!held.has(listed.uuid))
        log.warn({ domain: listed.uuid, reason }, 'a domain does not let itself be described');
      held.set(listed.uuid, { reason, againAtMs: clock.now() + askAgainMs });
      return;
    }
    held.delete(listed.uuid);
    const described = describeAnswers(parts, listed, answers);
    if (described) known.set(listed.uuid, described);
    else known.delete(listed.uuid);
  };

  return async ({ domains, networks }) => {
    forgetMissing([held, known], domains);
    const asked = domains.filter(({ uuid }) => (held.get(uuid)?.againAtMs ?? 0) <= clock.now());
    const [suspected, usual] = [true, false].map((isHeld) => asked.filter(({ uuid }) => held.has(uuid) === isHeld));
    const questions = networks.map(({ uuid }): VirshCommand => ['net-dumpxml', uuid]);
    const bulk = await orNull(
      virsh.run([...(usual ?? []).flatMap(dumpsOf), ...questions], { timeoutMs: bulkTimeoutMs }),
    );
    const left = [...(bulk ?? [])];
    if (bulk) for (const listed of usual ?? []) take(listed, left.splice(0, dumpsOf(listed).length));
    // Networks are held by no domain: where they do not answer either, nobody does.
    const described = bulk ? left : await virsh.run(questions, { timeoutMs: bulkTimeoutMs });
    await eachAlone(virsh, [...(suspected ?? []), ...(bulk ? [] : (usual ?? []))], take);
    if (!bulk && asked.length > 1 && asked.every(({ uuid }) => held.has(uuid))) throw silent();
    return {
      domains: new Map(domains.flatMap((listed) => shownOf(listed, held, known))),
      unread: new Map([...held].flatMap(([uuid, { reason }]) => (known.has(uuid) ? [] : [[uuid, reason]]))),
      networks: described,
    };
  };
}

/** A running domain is described twice: as it is, and as it will be. */
function dumpsOf({ uuid, isActive, persistent }: ListedDomain): readonly VirshCommand[] {
  const current: VirshCommand = ['dumpxml', uuid];
  return isActive && persistent ? [current, ['dumpxml', uuid, '--inactive']] : [current];
}

/** `null`: undefined between the list and the dump. */
function describeAnswers(parts: DumpParts, { uuid }: ListedDomain, answers: readonly VirshResult[]): Described | null {
  const found = answers.map((answer, index) => {
    if (answer.ok) return parts.describe(`${uuid}/${index}`, answer.stdout);
    if (saysNoDomain(answer.error)) return null;
    throw notDescribed(uuid, answer.error);
  });
  const [current, next = current] = found;
  return current && next ? { current, next, isFresh: true } : null;
}

function shownOf(
  { uuid }: ListedDomain,
  held: ReadonlyMap<string, Hold>,
  known: ReadonlyMap<string, Described>,
): readonly (readonly [string, Described])[] {
  const described = known.get(uuid);
  return described ? [[uuid, held.has(uuid) ? { ...described, isFresh: false } : described]] : [];
}

/** Asks a few at a time; one that does not answer keeps nobody waiting but its own turn. */
async function eachAlone(
  virsh: Virsh,
  domains: readonly ListedDomain[],
  take: (listed: ListedDomain, answers: readonly VirshResult[] | null) => void,
): Promise<void> {
  const waiting = [...domains];
  const turn = async (): Promise<void> => {
    for (let listed = waiting.shift(); listed; listed = waiting.shift()) {
      take(listed, await orNull(virsh.run(dumpsOf(listed), { timeoutMs: aloneTimeoutMs })));
    }
  };
  await Promise.all(Array.from({ length: aloneAtOnce }, turn));
}

async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (thrown) {
    if (thrown instanceof KreError && thrown.code === 'ExecTimeout') return null;
    throw thrown;
  }
}

function forgetMissing(maps: readonly Map<string, unknown>[], domains: readonly ListedDomain[]): void {
  const listed = new Set(domains.map(({ uuid }) => uuid));
  for (const map of maps) for (const uuid of map.keys()) if (!listed.has(uuid)) map.delete(uuid);
}

function notDescribed(uuid: string, detail: string): KreError {
  return new KreError({
    code: 'VirshFailed',
    message: `libvirt did not describe the domain ${uuid}: ${detail}`,
    hint: `See what virsh dumpxml ${uuid} says, and whether a long job holds it: virsh domjobinfo ${uuid}.`,
    disposition: 'retry',
  });
}

function silent(): KreError {
  return new KreError({
    code: 'ExecTimeout',
    message: 'libvirt described none of its domains in time',
    hint: 'The host may be busy; nothing is changed until libvirt answers.',
    disposition: 'retry',
  });
}
