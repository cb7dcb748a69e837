/** What `kreconcile init` writes: one small cluster, the agent's configuration, and how to go on. */
export interface StarterFile {
  readonly path: string;
  readonly text: string;
}

const modeline =
  '# yaml-language-server: $schema=https://raw.githubusercontent.com/kreconcile/kreconcile/main/schema/kreconcile.schema.json\n';

const machineClasses = `${modeline}apiVersion: kreconcile.dev/v1alpha1
kind: MachineClass
metadata:
  name: small
spec:
  cpus: 2
  memory: 4Gi
  disk: 40Gi
`;

const images = `${modeline}# Replace url and checksum by an image of your choice; its publisher states the digest in SHA512SUMS beside it. A download that
# does not have the digest is refused.
apiVersion: kreconcile.dev/v1alpha1
kind: Image
metadata:
  name: debian-13
spec:
  os: debian
  version: "13"
  url: https://cloud.debian.org/images/cloud/trixie/20260712-2537/debian-13-genericcloud-amd64-20260712-2537.qcow2
  checksum: sha512:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
`;

const cluster = `${modeline}apiVersion: kreconcile.dev/v1alpha1
kind: Cluster
metadata:
  name: dev
spec:
  distribution: k3s
  version: v1.35.8+k3s1
  image: debian-13
  controlPlane:
    replicas: 1
    machineClass: small
  workers:
    - name: general
      replicas: 1
      machineClass: small
`;

const agent = `# Goes to /etc/kreconcile/agent.yaml on the libvirt host.
source:
  url: https://git.example/infrastructure.git
  branch: main
  path: cluster.d
  # credentials: {tokenFile: /etc/kreconcile/token}
hypervisor:
  uri: qemu:///system
placement:
  # Whether this host takes objects that name no placement.host.
  takeUnplaced: true
prune:
  # Objects that one commit may delete without a person's confirmation.
  maxDeletes: 1
`;

const readme = `# Desired state

\`cluster.d/\` says which virtual machines and Kubernetes clusters the host should run. kreconcile follows this repository: a commit
is all that a change takes.

\`\`\`
kreconcile validate cluster.d
kreconcile plan --dir cluster.d                 # what it would do on this host, and why
kreconcile simulate --dir cluster.d             # how that would go: rehearsed in a copy of this host
kreconcile apply --dir cluster.d -c sim:///tmp/try   # carried out on a simulated host
\`\`\`

\`agent.yaml\` is an example of the agent's configuration; it belongs to the host, not to the desired state.
`;

export const starterFiles: readonly StarterFile[] = [
  { path: 'cluster.d/classes.yaml', text: machineClasses },
  { path: 'cluster.d/images.yaml', text: images },
  { path: 'cluster.d/dev.yaml', text: cluster },
  { path: 'agent.yaml', text: agent },
  { path: 'README.md', text: readme },
];
