/** A simulated host with an agent's state folder in memory, on which revisions are rolled out for good or only rehearsed. */

import { lookOnce } from '../../src/main/look.ts';
import { composeRehearsal, simulatedDrivers } from '../../src/main/rehearsal.ts';
import { simulate } from '../../src/main/simulate.ts';
import { openWorkshop, type Workshop } from '../../src/main/workshop.ts';
import type { AgentConfig } from '../../src/model/agent-config.ts';
import type { Http } from '../../src/model/http.ts';
import type { ManifestSet } from '../../src/model/manifest.ts';
import type { Observed } from '../../src/model/observed.ts';
import type { Files, Log } from '../../src/model/ports.ts';
import type { Simulation } from '../../src/model/simulation.ts';
import type { WorldSettings } from '../../src/sim/new-world.ts';
import { openSimWorld } from '../../src/sim/open.ts';
import { createVirtualClock, type VirtualClock } from '../../src/sim/virtual-clock.ts';
import type { SimWorld } from '../../src/sim/world.ts';
import { DEFAULT_LIMITS } from '../../src/simulate/rest.ts';
import { rehearse } from '../../src/simulate/run.ts';
import { snapshotFiles } from '../../src/simulate/snapshot-files.ts';
import { createRecorder, type Recorded } from '../../src/simulate/timeline/recorder.ts';
import { systemFiles } from '../../src/sys/files.ts';

export interface Site {
  readonly world: SimWorld;
  readonly clock: VirtualClock;
  readonly files: Files;
  readonly workshop: Workshop;
  /** Carries a revision out on the host itself, to its end or until so much time has passed. */
  rollOut(set: ManifestSet, longestMs?: number): Promise<Recorded>;
  /** Rehearses it in a copy. */
  rehearse(set: ManifestSet, faults?: readonly string[], guests?: Observed['guests']): Promise<Simulation>;
  /** Everything that the host and its state folder hold, as text. */
  picture(): Promise<string>;
}

const quiet: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet };
const never = (): never => {
  throw new Error('a rehearsal runs no program and opens no connection');
};
const http: Http = { listen: never, call: never };

const config: AgentConfig = {
  host: 'host-1',
  owner: 'kreconcile',
  source: null,
  hypervisor: { uri: 'sim://memory', allowEmulation: true },
  folders: {
    state: '/nowhere/state',
    images: '/nowhere/images',
    kubeconfigs: '/nowhere/state/kubeconfigs',
    run: '/nowhere/run',
  },
  kubeconfigGroup: null,
  controlGroup: null,
  placement: { takeUnplaced: true },
  prune: { maxDeletes: 2 },
  listen: null,
  blockers: [],
};

export async function createSite(settings: WorldSettings = {}): Promise<Site> {
  const clock = createVirtualClock();
  const world = await openSimWorld('sim://memory', { seed: 'site', ...settings, clock });
  const files = snapshotFiles(systemFiles);
  const drivers = simulatedDrivers(world, config.owner);
  const workshop = await openWorkshop({ config, clock, speed: 1, files, http, log: quiet, drivers });
  const signal = new AbortController().signal;
  return {
    world,
    clock,
    files,
    workshop,
    async rollOut(set, longestMs = DEFAULT_LIMITS.longestMs) {
      const beganAtMs = clock.now();
      const { host } = await drivers.hypervisor.inventory();
      const recorder = createRecorder(beganAtMs, host);
      const ledger = await workshop.ledger.read();
      const parts = composeRehearsal({ workshop, world, clock, set, ledger, blockers: {} });
      const rest = await rehearse({ ...parts, recorder, limits: { ...DEFAULT_LIMITS, longestMs }, signal });
      await workshop.ledger.write(await parts.reconcile.readLedger());
      return recorder.finish(rest);
    },
    async picture() {
      const state = await world.look((hand) => structuredClone(hand.state));
      return JSON.stringify({ state, kept: await contentOf(files, config.folders.state) }, null, 1);
    },
    async rehearse(set, faults = [], guests = undefined) {
      const status = { url: 'test', lastGoodRevision: set.revision, lastAttemptedRevision: set.revision } as const;
      const source = { set, status: { ...status, problem: null, checkedAtMs: clock.now() } };
      const look = await lookOnce(workshop, drivers.hypervisor.inventory(), () => Promise.resolve(source), guests);
      return simulate(workshop, { look, set }, { guests: undefined, faults, signal });
    },
  };
}

async function contentOf(files: Files, folder: string): Promise<Record<string, unknown>> {
  const names = await files.list(folder);
  const entries = names.map(async (name): Promise<[string, unknown]> => {
    const path = `${folder}/${name}`;
    const isFolder = (await files.stat(path))?.kind === 'folder';
    return [name, isFolder ? await contentOf(files, path) : await files.read(path)];
  });
  return Object.fromEntries(await Promise.all(entries));
}
