import type { HttpReply } from '../../model/http.ts';
import { kubeJson } from './kube-reply.ts';

/** A kind of object that the simulated API knows. */
export interface ResourceKind {
  /** As in paths: `configmaps`. */
  readonly name: string;
  readonly kind: string;
  readonly isNamespaced: boolean;
  readonly shortName: string;
  /** Whether users may make and delete them. */
  readonly isStored: boolean;
}

export const RESOURCES: readonly ResourceKind[] = [
  { name: 'nodes', kind: 'Node', isNamespaced: false, shortName: 'no', isStored: false },
  { name: 'namespaces', kind: 'Namespace', isNamespaced: false, shortName: 'ns', isStored: true },
  { name: 'configmaps', kind: 'ConfigMap', isNamespaced: true, shortName: 'cm', isStored: true },
  { name: 'pods', kind: 'Pod', isNamespaced: true, shortName: 'po', isStored: false },
];

/** What the API offers, in the form that every client understands (upstream's aggregated form is optional); `null` for another path. */
export function discover(path: string, version: string): HttpReply | null {
  if (path === '/api') return kubeJson({ kind: 'APIVersions', versions: ['v1'] });
  if (path === '/apis') return kubeJson({ kind: 'APIGroupList', apiVersion: 'v1', groups: [] });
  if (path === '/api/v1') {
    return kubeJson({ kind: 'APIResourceList', groupVersion: 'v1', resources: RESOURCES.map(resourceEntry) });
  }
  if (path === '/openapi/v3') return kubeJson({ paths: {} });
  if (path === '/version') return kubeJson(versionInfo(version));
  return null;
}

function resourceEntry(resource: ResourceKind): object {
  return {
    name: resource.name,
    singularName: resource.kind.toLowerCase(),
    namespaced: resource.isNamespaced,
    kind: resource.kind,
    verbs: resource.isStored ? ['create', 'delete', 'get', 'list', 'update'] : ['get', 'list', 'patch'],
    shortNames: [resource.shortName],
  };
}

function versionInfo(version: string): object {
  const [, major = '1', minor = '0'] = /^v(\d+)\.(\d+)/.exec(version) ?? [];
  return {
    major,
    minor,
    gitVersion: version,
    gitCommit: 'simulated',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: 'none',
    compiler: 'none',
    platform: 'linux/amd64',
  };
}
