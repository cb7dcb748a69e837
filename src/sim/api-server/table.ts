/** Lists as kubectl wants to print them (upstream's meta.k8s.io/v1 Table). */
import type { KubeObject } from '../cluster-state.ts';
import type { ResourceKind } from './discovery.ts';

interface Column {
  readonly name: string;
  /** Columns of priority 1 are shown by `-o wide` alone. */
  readonly priority: 0 | 1;
  readonly cell: (object: KubeObject, nowMs: number) => string | number;
}

interface NodeView {
  readonly spec?: { readonly unschedulable?: boolean };
  readonly status?: {
    readonly conditions?: readonly { readonly status: string }[];
    readonly addresses?: readonly { readonly type: string; readonly address: string }[];
    readonly nodeInfo?: Readonly<Record<string, string>>;
  };
}

const nameColumn: Column = { name: 'Name', priority: 0, cell: (object) => object.metadata.name };
const ageColumn: Column = {
  name: 'Age',
  priority: 0,
  cell: (object, nowMs) => age(nowMs - Date.parse(object.metadata.creationTimestamp ?? '')),
};
const info = (name: string, key: string, priority: 0 | 1): Column => ({
  name,
  priority,
  cell: (object) => (object as NodeView).status?.nodeInfo?.[key] ?? '<unknown>',
});

const columns: Readonly<Record<string, readonly Column[]>> = {
  nodes: [
    nameColumn,
    { name: 'Status', priority: 0, cell: (object) => nodeStatus(object as NodeView) },
    { name: 'Roles', priority: 0, cell: nodeRoles },
    ageColumn,
    info('Version', 'kubeletVersion', 0),
    { name: 'Internal-IP', priority: 1, cell: (object) => internalAddress(object as NodeView) },
    { name: 'External-IP', priority: 1, cell: () => '<none>' },
    info('OS-Image', 'osImage', 1),
    info('Kernel-Version', 'kernelVersion', 1),
    info('Container-Runtime', 'containerRuntimeVersion', 1),
  ],
  namespaces: [nameColumn, { name: 'Status', priority: 0, cell: () => 'Active' }, ageColumn],
  configmaps: [nameColumn, { name: 'Data', priority: 0, cell: dataCount }, ageColumn],
};

/** The objects as a table; kinds without columns of their own show name and age. */
export function asTable(
  resource: ResourceKind,
  objects: readonly KubeObject[],
  resourceVersion: string,
  nowMs: number,
): object {
  const shown = columns[resource.name] ?? [nameColumn, ageColumn];
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: { resourceVersion },
    columnDefinitions: shown.map(({ name, priority }) => ({
      name,
      priority,
      type: name === 'Data' ? 'integer' : 'string',
      format: name === 'Name' ? 'name' : '',
      description: '',
    })),
    rows: objects.map((object) => ({
      cells: shown.map(({ cell }) => cell(object, nowMs)),
      object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata },
    })),
  };
}

function nodeStatus(node: NodeView): string {
  const isReady = node.status?.conditions?.[0]?.status === 'True';
  return `${isReady ? 'Ready' : 'NotReady'}${node.spec?.unschedulable ? ',SchedulingDisabled' : ''}`;
}

function nodeRoles(object: KubeObject): string {
  const roles = Object.keys(object.metadata.labels ?? {}).flatMap(
    (label) => /^node-role\.kubernetes\.io\/(.+)/.exec(label)?.[1] ?? [],
  );
  return roles.join(',') || '<none>';
}

function internalAddress(node: NodeView): string {
  return node.status?.addresses?.find((address) => address.type === 'InternalIP')?.address ?? '<none>';
}

function dataCount(object: KubeObject): number {
  return ['data', 'binaryData'].reduce((sum, key) => sum + Object.keys(object[key] ?? {}).length, 0);
}

/** As kubectl shortens it. */
function age(spanMs: number): string {
  const seconds = Math.max(0, Math.floor(spanMs / 1000));
  if (!Number.isFinite(seconds)) return '<unknown>';
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
