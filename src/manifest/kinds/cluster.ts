import * as z from 'zod';
import { DEFAULTS } from '../../model/defaults.ts';
import type {
  ClusterManifest,
  ClusterSpec,
  Cni,
  NodePool,
  RegistryMirror,
  ReleaseMirrors,
} from '../../model/manifest.ts';
import { access } from '../fields/access.ts';
import { cidr, hostPort, ipv4Address } from '../fields/address.ts';
import { duration, wholeNumber } from '../fields/amount.ts';
import { label, maxPoolReplicas, nameLimits, reference } from '../fields/name.ts';
import { guestPath } from '../fields/path.ts';
import { changePolicyFields, policyFields } from '../fields/policies.ts';
import { remediation } from '../fields/remediation.ts';
import { schedule, timeZone } from '../fields/schedule.ts';
import { webUrl } from '../fields/url.ts';
import { documentSchema, type KindDefinition } from '../kind.ts';
import { matching } from '../matching.ts';
import { clusterRules } from './cluster-rules.ts';

const versionName = z
  .string()
  .regex(/^[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}$/, 'a version such as v1.36.1 (kubeadm) or v1.36.4+k3s1 (k3s)')
  .meta({ title: 'version' });

const pool = matching<NodePool>()(
  z.strictObject({
    name: label(nameLimits.pool).describe(
      'Nodes are named `<cluster>-<pool>-<n>`. Not `cp`: control planes are named so.',
    ),
    replicas: wholeNumber(0, maxPoolReplicas).describe('Number of nodes.'),
    machineClass: reference('MachineClass').describe('Size of the nodes.'),
  }),
);

const registry = matching<RegistryMirror>()(
  z.strictObject({
    host: hostPort.describe('Registry as image names write it, for example `registry.k8s.io`.'),
    mirrors: z.array(webUrl).min(1).max(20).describe('Base URLs, tried in order.'),
    insecure: z.boolean().meta({ default: false }).describe('Accept any certificate of the mirrors.').optional(),
  }),
);

const releaseMirrors = matching<ReleaseMirrors>()(
  z.strictObject({
    kubernetes: webUrl
      .meta({ default: 'https://dl.k8s.io' })
      .describe('`<url>/release/<version>/bin/linux/<arch>/kubeadm` and `.sha256`.')
      .optional(),
    k3s: webUrl
      .meta({ default: 'https://github.com/k3s-io/k3s/releases/download' })
      .describe('`<url>/<tag>/k3s` and `sha256sum-<arch>.txt`.')
      .optional(),
    containerd: webUrl
      .meta({ default: 'https://github.com/containerd/containerd/releases/download' })
      .describe('Archives of containerd.')
      .optional(),
    runc: webUrl
      .meta({ default: 'https://github.com/opencontainers/runc/releases/download' })
      .describe('runc.')
      .optional(),
    cniPlugins: webUrl
      .meta({ default: 'https://github.com/containernetworking/plugins/releases/download' })
      .describe('Archives of the CNI plugins.')
      .optional(),
  }),
);

const cni = matching<Cni>()(
  z.strictObject({
    plugin: z
      .enum(['bridge', 'manifest', 'none'])
      .describe(
        '`bridge`: kreconcile writes a plain bridge configuration; `manifest`: it applies `manifest`; `none`: somebody else sees to it.',
      ),
    manifest: z
      .string()
      .max(2048)
      .meta({ title: 'URL or path' })
      .describe(
        'With `plugin: manifest`: an http or https URL, or a path below the manifest folder. That file is not read as a manifest of kreconcile.',
      )
      .optional(),
  }),
);

const controlPlane = z.strictObject({
  replicas: z
    .int()
    .refine((count): boolean => [1, 3, 5].includes(count), {
      error: '1, 3 or 5',
      params: {
        hint: 'The datastore decides by majority: an even number bears no more failures than the odd one below it, and more than 5 slow it down.',
      },
    })
    .meta({ title: '1, 3 or 5', default: DEFAULTS.controlPlaneReplicas, enum: [1, 3, 5] })
    .describe(
      'Number of control planes: 1, or 3 or 5 of which a majority must serve. More than one takes `spec.endpoint`, a name or address that leads to all of them.',
    )
    .optional(),
  machineClass: reference('MachineClass').describe('Size of the control plane.'),
  addresses: z
    .array(ipv4Address)
    .min(1)
    .max(99)
    .describe(
      "Fixed addresses, one for each replica, inside the Network's subnet. Default: allotted from its range, or reserved in the libvirt network.",
    )
    .optional(),
});

const spec = matching<ClusterSpec>()(
  z.strictObject({
    distribution: z.enum(['k3s', 'kubeadm']).describe('Distribution of Kubernetes.'),
    version: versionName.describe(
      'Version as the distribution writes it: kubeadm `v1.36.1`, k3s `v1.36.4+k3s1`. One minor up at a time, never down.',
    ),
    image: reference('Image').describe('Image that the nodes start from.'),
    controlPlane: controlPlane.describe('The nodes `<cluster>-cp-<n>` that run the API and the datastore.'),
    workers: z.array(pool).max(50).describe('Pools of worker nodes.').optional(),
    network: reference('Network')
      .meta({ default: DEFAULTS.network })
      .describe('Network that the nodes are attached to.')
      .optional(),
    endpoint: hostPort
      .describe(
        "Published name or address of the API, with a port if wanted; also a TLS SAN. Default: the first control plane's address. With several control planes it must be given, and nodes use it at the API server's own port (6443).",
      )
      .optional(),
    podCIDR: cidr(8, 24).meta({ default: DEFAULTS.podCIDR }).describe('Addresses of pods.').optional(),
    serviceCIDR: cidr(8, 28).meta({ default: DEFAULTS.serviceCIDR }).describe('Addresses of services.').optional(),
    cni: cni.describe('Pod network. Default: a plain bridge.').optional(),
    registries: z
      .array(registry)
      .max(50)
      .describe('Mirrors of image registries, for sites without internet.')
      .optional(),
    mirrors: releaseMirrors
      .describe('Where releases are downloaded from; each laid out as the official site is.')
      .optional(),
    config: z
      .record(z.string(), z.unknown())
      .describe(
        "The distribution's own keys. k3s: those of config.yaml; kubeadm: one key for each kind of configuration, such as ClusterConfiguration.",
      )
      .optional(),
    access: access.describe('Who may log in to the nodes.').optional(),
    keepPaths: z
      .array(guestPath)
      .max(50)
      .describe("Further folders of the nodes that outlive the root disk, beside the distribution's own.")
      .optional(),
    upgrade: z
      .strictObject({
        maxUnavailable: wholeNumber(1, maxPoolReplicas)
          .meta({ default: DEFAULTS.maxUnavailable })
          .describe('Workers that may be away at the same time.')
          .optional(),
        versions: z
          .array(versionName)
          .max(20)
          .describe(
            'Versions on the way to `version`, lowest first, each upgraded to and proven before the next. For a change that skips a minor.',
          )
          .optional(),
        ...changePolicyFields,
      })
      .describe('How changes roll over the nodes.')
      .optional(),
    backup: z
      .strictObject({
        maxAge: duration
          .meta({ default: DEFAULTS.backup.maxAge })
          .describe('Age up to which a backup of the datastore counts as fresh before a disruption.')
          .optional(),
        keep: wholeNumber(1, 1000)
          .meta({ default: DEFAULTS.backup.keep })
          .describe(
            'Backups kept on the host. The last verified one, and what a change under way may need to go back, are kept beyond that.',
          )
          .optional(),
        schedule: schedule
          .describe('When backups are taken beside those before disruptions. Without it none is taken by the clock.')
          .optional(),
        timeZone: timeZone.meta({ default: DEFAULTS.backup.timeZone }).describe('Time zone of `schedule`.').optional(),
      })
      .describe('Backups of the datastore.')
      .optional(),
    remediation: remediation
      .describe('What is done about nodes that are not healthy. Without it nothing is.')
      .optional(),
    ...policyFields,
  }),
);

/** A Kubernetes cluster and its nodes. */
export const cluster: KindDefinition<ClusterManifest> = {
  kind: 'Cluster',
  schema: documentSchema(
    'Cluster',
    'A Kubernetes cluster and the virtual machines that are its nodes.',
    nameLimits.cluster,
    spec.describe('What the cluster is.'),
  ),
  rules: clusterRules,
};
