import { KreError } from '../../../model/error.ts';
import type { DomainState } from '../../../model/observed.ts';
import type { VirshCommand, VirshResult } from '../../../virsh/batch.ts';
import { parseStates } from './domain-state.ts';

/** What there is, before anything is described. */
export interface DomainListing {
  readonly domains: readonly {
    readonly uuid: string;
    readonly name: string;
    readonly state: DomainState;
    readonly stateReason: string;
    readonly isActive: boolean;
    readonly persistent: boolean;
    readonly autostart: boolean;
    readonly managedSave: boolean;
  }[];
  readonly networks: readonly { readonly uuid: string; readonly active: boolean }[];
}

/**
 * Nine RPCs each, whatever the number of domains; the table that `list` prints by default would be one RPC a domain, and
 * `dominfo` a dozen.
 */
export const listCommands: readonly VirshCommand[] = [
  ['list', '--all', '--uuid', '--name'],
  ['list', '--all', '--uuid', '--transient'],
  ['list', '--all', '--uuid', '--autostart'],
  ['list', '--all', '--uuid', '--with-managed-save'],
  ['domstats', '--state'],
  ['net-list', '--all', '--uuid'],
  ['net-list', '--uuid'],
];

const uuidForm = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Reads the answers to `listCommands`; a failed one is `VirshFailed`, because half a list looks like deleted domains. */
export function readListing(results: readonly VirshResult[]): DomainListing {
  const [names = '', transient = '', autostart = '', saved = '', stats = '', networks = '', active = ''] = results.map(
    (result, index) => {
      if (!result.ok) throw notListed(index, result.error);
      return result.stdout;
    },
  );
  const [transients, autostarts, saves, actives] = [transient, autostart, saved, active].map(uuidSet);
  const states = parseStates(stats);
  return {
    domains: lines(names).map((line) => {
      const { uuid, name } = splitName(line);
      const { state, reason } = states.get(name) ?? { state: 'unknown', reason: 'unknown' };
      return {
        uuid,
        name,
        state,
        stateReason: reason,
        isActive: state !== 'shut off' && state !== 'unknown',
        persistent: !transients?.has(uuid),
        autostart: autostarts?.has(uuid) ?? false,
        managedSave: saves?.has(uuid) ?? false,
      };
    }),
    networks: [...uuidSet(networks)].map((uuid) => ({ uuid, active: actives?.has(uuid) ?? false })),
  };
}

function lines(text: string): readonly string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}

function uuidSet(text: string): ReadonlySet<string> {
  return new Set(lines(text).map((line) => line.trim()));
}

function splitName(line: string): { readonly uuid: string; readonly name: string } {
  const uuid = line.slice(0, 36);
  if (!uuidForm.test(uuid))
    throw notListed(0, `it printed ${JSON.stringify(line.slice(0, 60))} where a UUID should stand`);
  return { uuid, name: line.slice(36).trim() };
}

function notListed(index: number, error: string): KreError {
  return new KreError({
    code: 'VirshFailed',
    message: `virsh ${listCommands[index]?.join(' ')}: ${error}`,
    hint: 'Try the command by hand; nothing is changed until libvirt tells all of its domains.',
    disposition: 'retry',
  });
}
