import type { CliContext, Host, HostOptions } from '../cli/context.ts';
import type { AgentConfig } from '../model/agent-config.ts';
import { toKreError } from '../model/error.ts';
import type { Clock, Files } from '../model/ports.ts';
import type { SourceStatus } from '../model/status.ts';
import type { Enforced } from '../reconcile/reconcile.ts';
import { invalidRevision } from '../source/keeper.ts';
import { openSource } from '../source/open-source.ts';
import type { Source } from '../source/source.ts';
import { makeTemporaryFolder } from '../sys/host.ts';
import { createHttp } from '../sys/http.ts';
import { createLog } from '../sys/log.ts';
import { type Drivers, openDrivers } from './drivers.ts';
import { noSource, readSettings } from './settings.ts';
import type { Workshop } from './workshop.ts';

export interface HostParts {
  readonly files: Files;
  readonly clock: Clock;
  readonly env: CliContext['env'];
  readonly cwd: string;
  readonly version: string;
  readonly isErrTerminal: boolean;
  readonly errHasColor: boolean;
}

/** What a host is made of; each part is opened when it is first asked for. */
interface HostGround {
  readonly config: AgentConfig;
  readonly clock: Clock;
  drivers(): Promise<Drivers>;
  workshop(): Promise<Workshop>;
  sourceIn(stateFolder: string, signal?: AbortSignal): Source;
}

async function openGround(parts: HostParts, options: HostOptions): Promise<HostGround> {
  const { files, env } = parts;
  const config = await readSettings(files, parts.cwd, options);
  const speed = options.speed ?? 1;
  const clock =
    speed === 1 ? parts.clock : (await import('../sim/accelerated-clock.ts')).acceleratedClock(parts.clock, speed);
  const log = createLog({
    level: options.logLevel ?? 'warn',
    format: parts.isErrTerminal ? 'text' : 'json',
    useColor: parts.errHasColor,
  });
  const http = createHttp(log);
  const drivers = once(() => openDrivers({ config, clock, files, http, log }));
  const credentialsFolder = env['CREDENTIALS_DIRECTORY'] ?? null;
  return {
    config,
    clock,
    drivers,
    workshop: once(async () => {
      const made = await drivers();
      const { openWorkshop } = await import('./workshop.ts');
      return openWorkshop({ config, clock, speed, files, http, log, drivers: made });
    }),
    sourceIn(stateFolder, signal) {
      if (!config.source) throw noSource();
      return openSource(config.source, { files, log, stateFolder, credentialsFolder, ...(signal ? { signal } : {}) });
    },
  };
}

/** A host as configuration and options name it, with everything that commands do to it. */
export async function openHost(parts: HostParts, options: HostOptions): Promise<Host> {
  const { files, env } = parts;
  const { config, clock, drivers, workshop, sourceIn } = await openGround(parts, options);
  // The hypervisor works on its answer while the libraries for manifests are loaded and the manifests read.
  let asked: Promise<unknown> = Promise.resolve();
  const newest = once(async () => {
    await asked;
    return readNewest(files, sourceIn);
  });
  const enforced = async () => enforcedBy(await newest(), urlOf(config) ?? '', clock.now());
  const enforcedOrWhy = () => enforced().catch((thrown) => notEnforced(thrown, urlOf(config), clock.now()));
  const lookNow: Host['look'] = async (guests, { evenWithoutSource = false } = {}) => {
    const opened = drivers();
    asked = opened.catch(() => undefined);
    const inventory = (await opened).hypervisor.inventory();
    // Who fails first is told; the other is of no interest then.
    void inventory.catch(() => undefined);
    const { lookOnce } = await import('./look.ts');
    return lookOnce(await workshop(), inventory, evenWithoutSource ? enforcedOrWhy : enforced, guests);
  };
  return {
    config,
    clock,
    sourceUrl: urlOf(config),
    newest,
    look: lookNow,
    async decisions() {
      const { createDecisions } = await import('../reconcile/decide.ts');
      const { decisionRecords } = await import('./workshop.ts');
      return createDecisions({ clock, look: () => lookNow(), records: decisionRecords(await workshop()) });
    },
    kubeconfigPath: (cluster) => `${config.folders.kubeconfigs}/${cluster}.kubeconfig`,
    async kubeconfigs() {
      const names = await files.list(config.folders.kubeconfigs);
      return names.flatMap((name) => /^(.+)\.kubeconfig$/.exec(name)?.[1] ?? []);
    },
    backups: async () => (await workshop()).backups.list(),
    history: async (object) => (await workshop()).history.entries(object),
    events: async (limit) => (await workshop()).eventFile.latest(limit),
    simulate: async (request) =>
      (await import('./simulate.ts')).simulateNewest({ newest, look: lookNow, workshop }, request),
    predict: async (predictions) => (await workshop()).history.predict(predictions),
    async runAgent(run) {
      // A third of the program, which looking does not need.
      const { runAgent } = await import('./run-agent.ts');
      const source = sourceIn(config.folders.state, run.signal);
      const made = await workshop();
      const { checkCluster } = made.library;
      const { loadManifestFolder } = await import('../manifest/load.ts');
      const load = (folder: string, revision: string) => loadManifestFolder(files, folder, { revision, checkCluster });
      await runAgent(made, { ...run, source, load, version: parts.version, env });
    },
  };
}

function enforcedBy(newest: Awaited<ReturnType<Host['newest']>>, url: string, nowMs: number): Enforced {
  const status: SourceStatus = {
    url,
    lastGoodRevision: newest.ok ? newest.revision : null,
    lastAttemptedRevision: newest.revision,
    problem: newest.ok ? null : invalidRevision(newest.revision, newest.problems),
    checkedAtMs: nowMs,
  };
  return { set: newest.ok ? newest.set : null, status };
}

/** That the source cannot be read now, for whoever wants to see the rest; without a source at all there is nothing to see. */
function notEnforced(thrown: unknown, url: string | null, nowMs: number): Enforced {
  const { code, message, hint } = toKreError(thrown);
  if (url === null || !code.startsWith('Source')) throw thrown;
  const problem = { code, message, hint, details: [] };
  return {
    set: null,
    status: { url, lastGoodRevision: null, lastAttemptedRevision: null, problem, checkedAtMs: nowMs },
  };
}

/** The newest revision, in a place of its own where it has to be fetched: the state folder may belong to a running agent. */
async function readNewest(files: Files, sourceIn: (stateFolder: string) => Source): ReturnType<Host['newest']> {
  const folder = await makeTemporaryFolder('kreconcile-');
  try {
    const fetched = await sourceIn(folder).fetch(null);
    const [{ loadManifestFolder }, { loadLibrary }] = await Promise.all([
      import('../manifest/load.ts'),
      import('./library.ts'),
    ]);
    const { checkCluster } = await loadLibrary(files);
    const result = await loadManifestFolder(files, fetched.folder, { revision: fetched.revision, checkCluster });
    return { ...result, revision: fetched.revision };
  } finally {
    await files.removeFolder(folder);
  }
}

function urlOf({ source }: AgentConfig): string | null {
  if (!source) return null;
  return source.kind === 'folder' ? source.folder : source.url;
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => {
    made ??= make();
    return made;
  };
}
