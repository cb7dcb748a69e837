import type { AgentConfig } from '../model/agent-config.ts';
import type { Desired } from '../model/desired.ts';
import type { Http } from '../model/http.ts';
import type { ManifestSet } from '../model/manifest.ts';
import type { Clock, Files, Log } from '../model/ports.ts';
import { createEventFile, type EventFile } from '../publish/event-file.ts';
import { createHistory, type History } from '../publish/history/history.ts';
import { createPublisher, type Publisher } from '../publish/publisher.ts';
import { createStatusFile, type StatusFile } from '../publish/status-file.ts';
import { createKubeconfigWriter, type KubeconfigWriter } from '../publish/write-kubeconfig.ts';
import type { DecisionParts } from '../reconcile/decide.ts';
import { desiredDigest } from '../reconcile/desire/digest.ts';
import { desire } from '../reconcile/desire.ts';
import { type BackupFolder, createBackupFolder } from '../records/backups.ts';
import { createLedgerFile, type LedgerFile } from '../records/ledger-file.ts';
import { createRecords, type RecordKeeper } from '../records/records.ts';
import { createStore } from '../records/store.ts';
import type { Drivers } from './drivers.ts';
import { type Library, loadLibrary } from './library.ts';

/** What looking and running need alike. */
export interface Workshop {
  readonly config: AgentConfig;
  readonly clock: Clock;
  /** How fast that clock runs. */
  readonly speed: number;
  readonly files: Files;
  readonly http: Http;
  readonly log: Log;
  readonly library: Library;
  readonly drivers: Drivers;
  readonly records: RecordKeeper;
  readonly ledger: LedgerFile;
  readonly backups: BackupFolder;
  readonly kubeconfigs: KubeconfigWriter;
  readonly statusFile: StatusFile;
  readonly eventFile: EventFile;
  readonly history: History;
  readonly publisher: Publisher;
  readonly desire: (set: ManifestSet) => Desired;
}

export type WorkshopParts = Pick<Workshop, 'config' | 'clock' | 'speed' | 'files' | 'http' | 'log' | 'drivers'>;

/** Puts the concrete parts together. Reads the program's own files and nothing of the host. */
export async function openWorkshop(parts: WorkshopParts): Promise<Workshop> {
  const { config, files, log } = parts;
  const { state } = config.folders;
  const library = await loadLibrary(files);
  const store = createStore({ files, log, folder: state });
  const backups = createBackupFolder(files, state);
  const records = createRecords(store, {
    listBackups: () => backups.list(),
    isInPlace: (entry) => kubeconfigs.isInPlace(entry),
  });
  const statusFile = createStatusFile(files, state, log);
  const eventFile = createEventFile(files, state, log);
  const kubeconfigs = createKubeconfigWriter({
    files,
    folder: config.folders.kubeconfigs,
    group: config.kubeconfigGroup,
    notePublished: records.notePublished,
    noteUnpublished: records.noteUnpublished,
  });
  const { k3s, kubeadm } = library.distributions;
  const recipes = { k3s: k3s.recipe, kubeadm: kubeadm.recipe };
  return {
    ...parts,
    library,
    records,
    ledger: createLedgerFile(store),
    backups,
    kubeconfigs,
    statusFile,
    eventFile,
    history: createHistory(files, state, log, desiredDigest),
    publisher: createPublisher({ host: config.host, statusFile, eventFile, kubeconfigPath: kubeconfigs.path, log }),
    desire: (set) =>
      desire(set, recipes, {
        owner: config.owner,
        host: config.host,
        takeUnplaced: config.placement.takeUnplaced,
        emulationAllowed: config.hypervisor.allowEmulation,
        maxDeletes: config.prune.maxDeletes,
        programs: library.programs,
      }),
  };
}

/** The records as people's decisions use them. */
export function decisionRecords({ records, backups }: Workshop): DecisionParts['records'] {
  return {
    ...records,
    suspensions: async () => (await records.read()).suspensions,
    checkBackup: async (backup) => void (await backups.read(backup)),
  };
}
