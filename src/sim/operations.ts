import type { GuestVerb } from '../model/plan.ts';
import { uncordonOurs } from './cluster.ts';
import { schedule } from './events.ts';
import { durationMs, messageOf, takeFault } from './fault.ts';
import { installedOf, memberOf } from './places.ts';
import type { InstalledRoot, SimDomain, SimOperation, WorldState } from './state.ts';
import { bootstrap, join } from './verb-begin.ts';
import { backup, drain, stage, upgrade, upgradeHalfway } from './verb-maintain.ts';
import { restore, rollback } from './verb-return.ts';
import { OperationFailure, type OperationScene } from './verb-scene.ts';
import { renewCertificates, restart, survey } from './verb-tend.ts';

/** What a host asks a guest to do. */
export interface OperationRequest {
  readonly id: string;
  readonly verb: GuestVerb;
  readonly input: Readonly<Record<string, string>>;
}

/** Operations that a guest remembers. */
const rememberedOperations = 20;

type SimVerb = (scene: OperationScene) => Readonly<Record<string, string>>;
const verbs: Readonly<Record<GuestVerb, SimVerb>> = {
  bootstrap,
  join,
  stage,
  drain,
  backup,
  upgrade,
  rollback,
  restore,
  survey,
  'renew-certificates': renewCertificates,
  restart,
};

/** Starts an operation in the guest; an id that the guest knows starts nothing. */
export function beginOperation(
  state: WorldState,
  domain: SimDomain,
  installed: InstalledRoot,
  request: OperationRequest,
  atMs: number,
): void {
  if (installed.operations.some((operation) => operation.id === request.id)) return;
  const started: SimOperation = {
    ...request,
    state: 'running',
    startedAtMs: atMs,
    endedAtMs: null,
    message: `${request.verb} is running`,
    result: {},
  };
  installed.operations = [...installed.operations, started].slice(-rememberedOperations);
  const dueMs = atMs + durationMs(state, request.verb, domain.name);
  schedule(state, { atMs: dueMs, kind: 'operation', of: domain.uuid, about: request.id });
}

/** The time of an operation is over: its effect comes about, or it has failed. */
export function finishOperation(state: WorldState, domain: SimDomain, id: string, atMs: number): void {
  const installed = installedOf(state, domain);
  const operation = installed?.operations.find((candidate) => candidate.id === id && candidate.state === 'running');
  if (!installed || !operation) return;
  const scene: OperationScene = { state, domain, installed, input: operation.input, id, atMs };
  const outcome = outcomeOf(scene, operation);
  const ended: SimOperation = { ...operation, ...outcome, endedAtMs: atMs, input: {} };
  installed.operations = installed.operations.map((candidate) => (candidate.id === id ? ended : candidate));
  if (operation.verb === 'drain' && ended.state === 'failed') giveBack(scene);
  if (operation.verb === 'bootstrap' && installed.cloudInit === 'running') {
    installed.cloudInit = ended.state === 'succeeded' ? 'done' : 'error';
  }
}

/** A drain that fails leaves no node cordoned. */
function giveBack({ state, domain, input }: OperationScene): void {
  const member = memberOf(state, domain);
  const node = member ? state.clusters[member.clusterUid]?.nodes[input['node'] ?? ''] : undefined;
  if (node) uncordonOurs(node);
}

function outcomeOf(scene: OperationScene, operation: SimOperation): Pick<SimOperation, 'state' | 'message' | 'result'> {
  const verb = verbs[operation.verb as GuestVerb];
  const result: Record<string, string> = {};
  try {
    const about = [operation.input['version'] ?? ''];
    const fault = takeFault(scene.state, [operation.verb], scene.domain.name, ['fail'], about);
    if (fault?.halfway && operation.verb === 'upgrade') {
      upgradeHalfway(scene);
      result['touched'] = 'yes';
    }
    if (fault) throw new OperationFailure(messageOf(fault));
    return { state: 'succeeded', message: `${operation.verb} is done`, result: verb(scene) };
  } catch (thrown) {
    if (!(thrown instanceof OperationFailure)) throw thrown;
    return { state: 'failed', message: thrown.message, result };
  }
}
