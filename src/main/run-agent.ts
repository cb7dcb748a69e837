import { type Agent, createAgent } from '../agent/agent.ts';
import { controlSocket } from '../cli/agent-client.ts';
import type { RunOptions } from '../cli/context.ts';
import { toKreError } from '../model/error.ts';
import type { HttpAddress } from '../model/http.ts';
import { ACCEPTED_SOURCE, createDecisions } from '../reconcile/decide.ts';
import { createSourceKeeper, type LoadManifests } from '../source/keeper.ts';
import type { Source } from '../source/source.ts';
import { systemExec } from '../sys/exec.ts';
import { takeLock } from '../sys/lock.ts';
import { createNotifier } from '../sys/notify.ts';
import { type ServedMetrics, serveMetrics } from './metrics.ts';
import { composePasses } from './passes.ts';
import { decisionRecords, type Workshop } from './workshop.ts';

export interface AgentRun extends RunOptions {
  readonly source: Source;
  readonly load: LoadManifests;
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Holds the host and runs the agent on it until the signal aborts. */
export async function runAgent(workshop: Workshop, run: AgentRun): Promise<void> {
  const { config, files } = workshop;
  const { state } = config.folders;
  await files.ensureFolder(state, 0o711);
  const locks = [await takeLock(config.hypervisor.uri)];
  try {
    locks.push(await takeLock((await files.realPath(state)) ?? state));
    await serve(workshop, run);
  } finally {
    for (const lock of locks) await lock.release();
  }
}

async function serve(workshop: Workshop, run: AgentRun): Promise<void> {
  const metrics = run.control === 'required' ? await serveMetrics(workshop, run.version) : null;
  const agent = await openAgent(workshop, run, metrics);
  const world = await workshop.drivers.serve();
  const hangUp = (): void => void agent.reconcile();
  process.on('SIGHUP', hangUp);
  run.onReady?.(agent);
  try {
    await agent.run(run.signal);
  } finally {
    process.off('SIGHUP', hangUp);
    await metrics?.close();
    await world.stop();
  }
}

async function openAgent(workshop: Workshop, run: AgentRun, metrics: ServedMetrics | null): Promise<Agent> {
  const { config, files, clock, log, records } = workshop;
  const { source, load, version, env, onReport, onError } = run;
  const keeper = createSourceKeeper({ source, load, files, clock, log, stateFolder: config.folders.state });
  const { url } = source.describe();
  return createAgent({
    clock,
    speed: workshop.speed,
    log,
    http: workshop.http,
    notifier: createNotifier(systemExec, log, env),
    identity: { version, pid: process.pid, uri: config.hypervisor.uri, source: url },
    owner: config.owner,
    hypervisor: workshop.drivers.hypervisor,
    source,
    keeper,
    control: await controlAddress(workshop, run.control),
    compose: (pokes) => composePasses(workshop, keeper, url, pokes),
    decisions: (look) => createDecisions({ clock, look, records: decisionRecords(workshop) }),
    accepted: async () => acceptedRevisions((await records.read()).confirmations),
    status: workshop.publisher.status,
    events: workshop.eventFile.latest,
    history: workshop.history.entries,
    predict: workshop.history.predict,
    backups: workshop.backups.list,
    random: Math.random,
    onReport: (report) => {
      metrics?.onReport(report);
      onReport?.(report);
    },
    onError: (error, inARow) => {
      workshop.publisher.failed(error);
      metrics?.onError(error);
      onError?.(error, inARow);
    },
  });
}

export function acceptedRevisions(confirmations: readonly { object: string; revision: string }[]): readonly string[] {
  return confirmations.filter((entry) => entry.object === ACCEPTED_SOURCE).map((entry) => entry.revision);
}

/** The control socket, in a folder that is made if missing. A one-shot run goes on without one. */
async function controlAddress(
  { config, files, log }: Workshop,
  need: RunOptions['control'],
): Promise<HttpAddress | null> {
  const { run } = config.folders;
  const path = controlSocket(run);
  try {
    await files.ensureFolder(run, 0o755);
    if (need === 'if possible' && path.length > 96) return null;
    return {
      kind: 'socket',
      path,
      ...(config.controlGroup === null ? {} : { mode: 0o660, group: config.controlGroup }),
    };
  } catch (thrown) {
    if (need === 'required') throw thrown;
    log.warn({ error: toKreError(thrown) }, 'control socket cannot be offered');
    return null;
  }
}
