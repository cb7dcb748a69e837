/** The column "Change" of docs/manifest.md: fields of manifests against the planner's own table of classes. */
import type { Kind } from '../src/model/manifest.ts';
import type { ChangeClass } from '../src/model/report.ts';
import { CHANGE_CLASSES } from '../src/reconcile/plan/change.ts';

const words: Readonly<Record<ChangeClass, string>> = {
  live: 'at once',
  'in-place': 'in place, node by node',
  restart: 'restart',
  recreate: 'new root disk',
  refuse: 'not possible',
};

/** Where a field of a manifest stands in the applied spec. Fields below it share its class. */
const appliedPaths: Readonly<Record<Kind, Readonly<Record<string, string>>>> = {
  Cluster: {
    'spec.distribution': '/kubernetes/distribution',
    'spec.version': '/kubernetes/version',
    'spec.image': '/image',
    'spec.controlPlane.addresses': '/address',
    'spec.network': '/network/attach',
    'spec.endpoint': '/kubernetes/endpointHost',
    'spec.podCIDR': '/kubernetes/podCIDR',
    'spec.serviceCIDR': '/kubernetes/serviceCIDR',
    'spec.cni': '/kubernetes/cni',
    'spec.registries': '/kubernetes/registries',
    'spec.mirrors': '/kubernetes/mirrors',
    'spec.config': '/kubernetes/config',
    'spec.access': '/access',
    'spec.keepPaths': '/kubernetes/keepPaths',
  },
  Machine: {
    'spec.image': '/image',
    'spec.network': '/network/attach',
    'spec.address': '/address',
    'spec.access': '/access',
    'spec.userData': '/userDataDigest',
  },
  MachineClass: { 'spec.memory': '/memoryMiB', 'spec.cpuMode': '/cpuMode', 'spec.firmware': '/firmware' },
  Image: {
    'spec.os': '/image',
    'spec.version': '/image',
    'spec.arch': '/image',
    'spec.checksum': '/image',
    'spec.format': '/image',
  },
  Network: {
    'spec.libvirtNetwork': '/network/attach',
    'spec.bridge': '/network/attach',
    'spec.subnet': '/network/addressing',
    'spec.range': '/network/addressing',
    'spec.gateway': '/network/addressing',
    'spec.dns': '/network/addressing',
  },
};

/** What one class does not say: it depends on the direction, or is about which machines there are. */
const special: Readonly<Record<string, string>> = {
  'metadata.name': 'another object',
  'spec.controlPlane': '',
  'spec.controlPlane.replicas': '',
  'spec.workers': '',
  'spec.controlPlane.machineClass': 'as the class says',
  'spec.workers[].name': 'other nodes',
  'spec.workers[].replicas': 'nodes are made or removed',
  'spec.workers[].machineClass': 'as the class says',
  'spec.machineClass': 'as the class says',
  'spec.cpus': `at once up to the maximum it runs with, else ${words.restart}`,
  'spec.disk': 'grows at once, never shrinks',
  'spec.stateDisk': 'grows at once, never shrinks',
};

/** What a change of the field does. Fields that no machine's spec holds, such as policies, count from the next pass. */
export function changeOf(kind: Kind, field: string): string {
  const known = special[field];
  if (known !== undefined) return known;
  const applied = Object.entries(appliedPaths[kind]).find(
    ([path]) => field === path || field.startsWith(`${path}.`) || field.startsWith(`${path}[`),
  );
  if (!applied) return words.live;
  return [words[classAt(applied[1])], ...exceptions(field, ...applied)].join('; ');
}

/** What the table says of single keys of a free-form field. */
function exceptions(field: string, path: string, at: string): readonly string[] {
  if (field !== path) return [];
  const own = classAt(at);
  return Object.entries(CHANGE_CLASSES).flatMap(([key, name]) =>
    key.startsWith(`${at}/`) && name !== own ? [`\`${key.slice(at.length + 1)}\`: ${words[name]}`] : [],
  );
}

/** The longest prefix counts, as in the planner; what its table does not hold is a new root disk. */
function classAt(path: string): ChangeClass {
  const [prefix] = Object.keys(CHANGE_CLASSES)
    .filter((key) => path === key || path.startsWith(`${key}/`))
    .sort((a, b) => b.length - a.length);
  return (prefix && CHANGE_CLASSES[prefix]) || 'recreate';
}
