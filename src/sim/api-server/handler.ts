import type { HttpHandler, HttpReply, HttpRequest } from '../../model/http.ts';
import type { KubeObject, SimCluster } from '../cluster-state.ts';
import type { SimHand } from '../hand.ts';
import type { SimWorld } from '../world.ts';
import { discover, RESOURCES, type ResourceKind } from './discovery.ts';
import { kubeError, kubeJson, notFound } from './kube-reply.ts';
import { objectsOf } from './objects.ts';
import { asTable } from './table.ts';
import { createObject, deleteObject, patchNode, replaceObject } from './write.ts';

/** One object or a collection, as a path names it. */
export interface ResourcePath {
  readonly resource: ResourceKind;
  readonly namespace: string | null;
  readonly name: string | null;
}

/** Answers as the API server of one control plane: enough for kubectl to look around and to keep ConfigMaps and namespaces. */
export function apiHandler(world: SimWorld, machineUuid: string): HttpHandler {
  return (request) => {
    if (request.clientName === undefined) return Promise.resolve(unauthorized);
    const answer = (hand: SimHand): HttpReply => {
      const domain = hand.state.domains[machineUuid];
      const cluster = domain ? hand.clusterServedBy(domain) : null;
      if (!cluster || !domain || !hand.isServing(domain)) return unavailable;
      return answerFor(hand, cluster, hand.installedOf(domain)?.kubernetes ?? '', request);
    };
    return request.method === 'GET' ? world.look(answer) : world.change(answer);
  };
}

const unauthorized = kubeError(401, 'Unauthorized', 'Unauthorized');
const unavailable = kubeError(503, 'ServiceUnavailable', 'the simulated API server is not ready');

function answerFor(hand: SimHand, cluster: SimCluster, version: string, request: HttpRequest): HttpReply {
  if (/^\/(readyz|livez|healthz)$/.test(request.path)) return { status: 200, contentType: 'text/plain', body: 'ok' };
  const discovered = discover(request.path, version);
  if (discovered) return discovered;
  const path = parsePath(request.path);
  if (!path) return kubeError(404, 'NotFound', 'the simulated API server does not know this path');
  if (request.query['watch'] === 'true') return kubeError(405, 'MethodNotAllowed', 'watching is not simulated');
  if (request.method === 'GET')
    return path.name === null ? list(hand, cluster, path, request) : get(hand, cluster, path, request);
  if (path.resource.name === 'nodes' && request.method === 'PATCH') return patchNode(cluster, path, request);
  if (!path.resource.isStored)
    return kubeError(405, 'MethodNotAllowed', `${path.resource.name} cannot be changed here`);
  if (request.method === 'POST') return createObject(hand, cluster, path, request);
  if (request.method === 'PUT') return replaceObject(hand, cluster, path, request);
  if (request.method === 'DELETE') return deleteObject(cluster, path);
  return kubeError(405, 'MethodNotAllowed', `${request.method} is not simulated`);
}

/** `/api/v1/<resource>[/<name>]` or `/api/v1/namespaces/<namespace>/<resource>[/<name>]`. */
function parsePath(path: string): ResourcePath | null {
  const parts = path.split('/').slice(1).map(decodeURIComponent);
  if (parts[0] !== 'api' || parts[1] !== 'v1') return null;
  const isInNamespace = parts[2] === 'namespaces' && parts.length > 4;
  const [name, object = null, ...rest] = isInNamespace ? parts.slice(4) : parts.slice(2);
  const resource = RESOURCES.find((candidate) => candidate.name === name);
  if (!resource || rest.length > 0 || (isInNamespace && !resource.isNamespaced)) return null;
  return { resource, namespace: isInNamespace ? (parts[3] ?? null) : null, name: object };
}

function list(hand: SimHand, cluster: SimCluster, path: ResourcePath, request: HttpRequest): HttpReply {
  const wanted = /^metadata\.name=(.+)$/.exec(request.query['fieldSelector'] ?? '')?.[1];
  const objects = objectsOf(cluster, path.resource, path.namespace).filter(
    (object) => wanted === undefined || object.metadata.name === wanted,
  );
  const resourceVersion = String(cluster.resourceVersion);
  if (wantsTable(request)) return kubeJson(asTable(path.resource, objects, resourceVersion, hand.nowMs));
  return kubeJson({
    kind: `${path.resource.kind}List`,
    apiVersion: 'v1',
    metadata: { resourceVersion },
    items: objects.map(({ kind: _kind, apiVersion: _version, ...item }) => item),
  });
}

function get(hand: SimHand, cluster: SimCluster, path: ResourcePath, request: HttpRequest): HttpReply {
  const found: KubeObject | undefined = objectsOf(cluster, path.resource, path.namespace).find(
    (object) => object.metadata.name === path.name,
  );
  if (!found) return notFound(path.resource.name, path.name ?? '');
  if (!wantsTable(request)) return kubeJson(found);
  return kubeJson(asTable(path.resource, [found], String(cluster.resourceVersion), hand.nowMs));
}

function wantsTable(request: HttpRequest): boolean {
  return (request.headers['accept'] ?? '').includes('as=Table');
}
