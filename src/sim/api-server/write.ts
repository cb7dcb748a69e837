import type { HttpReply, HttpRequest } from '../../model/http.ts';
import type { KubeMetadata, KubeObject, SimCluster } from '../cluster-state.ts';
import type { SimHand } from '../hand.ts';
import type { ResourcePath } from './handler.ts';
import { kubeError, kubeJson, notFound } from './kube-reply.ts';
import { objectsOf, timestamp } from './objects.ts';
import { parseProtobuf } from './protobuf.ts';

type RequestBody = Pick<HttpRequest, 'body' | 'bodyBytes'>;

/** Keeps a new object in the cluster's datastore. */
export function createObject(hand: SimHand, cluster: SimCluster, path: ResourcePath, body: RequestBody): HttpReply {
  const given = parseObject(body);
  if (!given) return unreadable;
  const { resource } = path;
  const { name } = given.metadata;
  const namespace = resource.isNamespaced ? (path.namespace ?? 'default') : '';
  if (isTaken(cluster, path, namespace, name)) {
    return kubeError(409, 'AlreadyExists', `${resource.name} "${name}" already exists`);
  }
  const metadata: KubeMetadata = {
    ...given.metadata,
    ...(resource.isNamespaced ? { namespace } : {}),
    uid: hand.nextUuid(),
    resourceVersion: nextVersion(cluster),
    creationTimestamp: timestamp(hand.nowMs),
  };
  return keep(cluster, path, namespace, { ...given, apiVersion: 'v1', kind: resource.kind, metadata }, 201);
}

/** Replaces an object that is there. */
export function replaceObject(_hand: SimHand, cluster: SimCluster, path: ResourcePath, body: RequestBody): HttpReply {
  const given = parseObject(body);
  if (!given) return unreadable;
  const namespace = path.namespace ?? '';
  const known = cluster.objects[`${path.resource.name}/${namespace}/${path.name}`];
  if (!known || given.metadata.name !== path.name) return notFound(path.resource.name, path.name ?? '');
  const metadata = { ...given.metadata, ...known.metadata, resourceVersion: nextVersion(cluster) };
  return keep(cluster, path, namespace, { ...given, apiVersion: 'v1', kind: path.resource.kind, metadata }, 200);
}

/** Removes an object; with a namespace goes what is in it. */
export function deleteObject(cluster: SimCluster, path: ResourcePath): HttpReply {
  const { resource, name } = path;
  const key = `${resource.name}/${path.namespace ?? ''}/${name}`;
  const known = cluster.objects[key];
  if (!known) return notFound(resource.name, name ?? '');
  delete cluster.objects[key];
  if (resource.name === 'namespaces') {
    for (const other of Object.keys(cluster.objects)) if (other.split('/')[1] === name) delete cluster.objects[other];
  }
  cluster.resourceVersion += 1;
  const details = { name, kind: resource.name, uid: known.metadata.uid };
  return kubeJson({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details });
}

/** `kubectl cordon` and `uncordon`: of a node only `spec.unschedulable` can be changed. A cordon by hand is not ours. */
export function patchNode(cluster: SimCluster, path: ResourcePath, body: RequestBody): HttpReply {
  const node = cluster.nodes[path.name ?? ''];
  if (!node) return notFound('nodes', path.name ?? '');
  const patch = parseJson(body.body) as { readonly spec?: { readonly unschedulable?: boolean | null } } | null;
  const wanted = patch?.spec?.unschedulable;
  if (wanted === undefined)
    return kubeError(405, 'MethodNotAllowed', 'only spec.unschedulable of a node can be changed');
  if (wanted !== node.unschedulable) {
    node.unschedulable = wanted === true;
    node.cordonedByUs = false;
  }
  cluster.resourceVersion += 1;
  const found = objectsOf(cluster, path.resource, null).find((object) => object.metadata.name === path.name);
  return kubeJson(found);
}

function isTaken(cluster: SimCluster, path: ResourcePath, namespace: string, name: string): boolean {
  const within = path.resource.isNamespaced ? namespace : null;
  return objectsOf(cluster, path.resource, within).some((object) => object.metadata.name === name);
}

function keep(
  cluster: SimCluster,
  path: ResourcePath,
  namespace: string,
  object: KubeObject,
  status: number,
): HttpReply {
  cluster.objects[`${path.resource.name}/${namespace}/${object.metadata.name}`] = object;
  return kubeJson(object, status);
}

function nextVersion(cluster: SimCluster): string {
  cluster.resourceVersion += 1;
  return String(cluster.resourceVersion);
}

const unreadable = kubeError(400, 'BadRequest', 'the body is not an object with a name');

function parseObject({ body, bodyBytes }: RequestBody): KubeObject | null {
  const value = (bodyBytes && parseProtobuf(bodyBytes)) ?? (parseJson(body) as Partial<KubeObject> | null);
  const name = value?.metadata?.name;
  return typeof name === 'string' && /^[a-z0-9][a-z0-9.-]{0,252}$/.test(name) ? (value as KubeObject) : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
