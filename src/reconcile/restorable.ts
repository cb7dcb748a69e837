import type { DesiredCluster } from '../model/desired.ts';
import { KreError } from '../model/error.ts';
import type { Backup, Inventory, Restoration } from '../model/observed.ts';
import type { World } from './reconcile.ts';

/** What a person may have back, as the host stands now. */
export interface Restorable {
  readonly restoration: Omit<Restoration, 'atMs'>;
  readonly backup: Backup;
}

/**
 * Judges whether a cluster of the manifests may be brought back from a backup (its id, or `latest`). `RestoreRefused` says why not, `NotFound` that there
 * is no such backup.
 */
export function restorable(world: World | null, name: string, text: string, replace: boolean): Restorable {
  const cluster = world?.desired.clusters.find((entry) => entry.name === name);
  if (!world || !cluster)
    throw refused(
      `no cluster ${name} is in the manifests`,
      'Commit it first; a restoration makes what the manifests ask for.',
    );
  const [machine = '', second] = cluster.controlPlanes;
  if (second !== undefined)
    throw refused(
      `${name} has ${cluster.controlPlanes.length} control planes`,
      'Commit one replica, restore, and commit the others again when it is back.',
    );
  const backup = backupNamed(world, cluster, text);
  const { inventory } = world.observed;
  if (!inventory.known)
    throw refused(`nobody knows what is there: ${inventory.reason}`, 'Start libvirt, and try again.');
  const hindrance = hindranceOf(inventory.value, machine, replace);
  if (hindrance)
    throw refused(hindrance.message, hindrance.hint.replaceAll('BACKUP', backup.id).replaceAll('CLUSTER', name));
  return { restoration: { cluster: name, machine, backup: backup.id, replace }, backup };
}

function backupNamed({ observed }: World, cluster: DesiredCluster, text: string): Backup {
  const all = observed.records.backups;
  const own = all.filter((backup) => backup.cluster === cluster.name);
  const verified = own.filter((backup) => backup.verified);
  const latest = verified.reduce<Backup | null>((a, b) => (a === null || b.atMs >= a.atMs ? b : a), null);
  const found = text === 'latest' ? latest : all.find((backup) => backup.id === text);
  if (!found)
    throw noBackup(
      cluster.name,
      text,
      own.map((backup) => backup.id),
    );
  if (found.cluster !== cluster.name)
    throw refused(
      `${found.id} is a backup of ${found.cluster}, not of ${cluster.name}`,
      'kreconcile backup list shows which are whose.',
    );
  if (!found.verified)
    throw refused(`${found.id} was never opened and checked`, 'Name a verified one: kreconcile backup list');
  if (found.distribution !== undefined && found.distribution !== cluster.distribution)
    throw refused(
      `${found.id} is of ${found.distribution}, and ${cluster.name} is ${cluster.distribution} now`,
      'Data of one distribution is of no use to another: commit the distribution of the backup.',
    );
  return found;
}

/** What stands in the place of the lost machine; `null`: nothing, or what may be removed. */
function hindranceOf(
  { domains, folders }: Inventory,
  machine: string,
  replace: boolean,
): { readonly message: string; readonly hint: string } | null {
  if (domains.some((domain) => domain.name === machine)) {
    return replace
      ? null
      : {
          message: `the control plane ${machine} is there, with its data`,
          hint: 'To give its data up, with its state disk set aside under retained/: kreconcile restore CLUSTER BACKUP --replace',
        };
  }
  if (!folders.some((folder) => folder.machine === machine && folder.hasStateDisk)) return null;
  return {
    message: `the state disk of ${machine} is there: the agent makes the machine again with the data on it`,
    hint: 'If that data is to be given up: wait for the machine, and then kreconcile restore CLUSTER BACKUP --replace',
  };
}

function refused(message: string, hint: string): KreError {
  return new KreError({ code: 'RestoreRefused', message, hint, disposition: 'stalled' });
}

function noBackup(cluster: string, text: string, ids: readonly string[]): KreError {
  return new KreError({
    code: 'NotFound',
    message: `there is no backup ${text} of ${cluster} on this host`,
    hint:
      ids.length === 0
        ? `Put one into backups/${cluster}/ of the state folder, with its JSON file.`
        : `One of: ${ids.slice(-20).join(', ')}, or latest.`,
    disposition: 'stalled',
  });
}
