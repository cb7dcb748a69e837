import { stringify } from 'yaml';
import type { Distribution, NodeContext } from '../drivers/distribution/distribution.ts';
import type { OperatingSystem } from '../drivers/os/os.ts';
import type { DesiredCluster, DesiredMachine } from '../model/desired.ts';
import type { SeedFiles } from '../model/seed.ts';
import { networkConfig } from './seed/network-config.ts';
import { nodeSettings, settingsText } from './seed/settings.ts';
import { joinUserData } from './seed/user-data.ts';

/** Where the in-guest program and its settings stand in every guest. */
const PROGRAM = '/usr/local/libexec/kreconcile/guest';
const SETTINGS = '/etc/kreconcile/node.env';

export interface SeedInputs {
  readonly machine: DesiredMachine;
  readonly cluster: DesiredCluster | null;
  readonly os: OperatingSystem;
  readonly distribution: Distribution | null;
  /** Text of the in-guest program. */
  readonly program: string;
  readonly secrets: Readonly<Record<string, string>>;
  readonly generation: number;
  readonly address: string | null;
  readonly controlPlaneAddress: string | null;
  /** Whether a blank state disk may be formatted. */
  readonly stateNew: boolean;
  /** `settled`: the same identity, network and per-boot work, and nothing of first boot: no secret, no user-data. */
  readonly phase: 'first-boot' | 'settled';
}

/**
 * The NoCloud seed of a machine. Its instance-id is the domain's UUID and the generation, so that cloud-init runs once per root disk. What must
 * come before services (program, settings, state disk) stands in `bootcmd`, which cloud-init runs before `write_files`.
 */
export function renderSeed(inputs: SeedInputs): SeedFiles {
  const { machine, generation } = inputs;
  const own = `#cloud-config\n${stringify(cloudConfig(inputs), { lineWidth: 0 })}`;
  return {
    metaData: stringify({ 'instance-id': `${machine.uuid}-${generation}`, 'local-hostname': machine.name }),
    networkConfig: stringify(networkConfig(machine, inputs.address)),
    userData: inputs.phase === 'first-boot' && machine.userData !== null ? joinUserData(own, machine.userData) : own,
  };
}

function cloudConfig(inputs: SeedInputs): object {
  const { machine, os, phase } = inputs;
  const base = { hostname: machine.name, preserve_hostname: false, ...os.cloudConfig, ...access(machine) };
  if (phase === 'settled') return { ...base, bootcmd: [mountState(), ...os.bootCommands] };
  const agent =
    os.agentPackages.length === 0 ? [] : [`${PROGRAM} install-packages ${os.agentPackages.join(' ')} || true`];
  return {
    ...base,
    bootcmd: [install(inputs), mountState(), ...os.bootCommands],
    write_files: files(inputs),
    runcmd: [
      ...agent,
      ...os.firstBootCommands,
      ...(inputs.cluster ? [`${PROGRAM} start bootstrap bootstrap-first </dev/null`] : []),
    ],
  };
}

function access({ spec }: DesiredMachine): object {
  const { user, sshAuthorizedKeys } = spec.access;
  if (sshAuthorizedKeys.length === 0) return {};
  if (user === null) return { ssh_authorized_keys: [...sshAuthorizedKeys] };
  const account = {
    name: user,
    lock_passwd: true,
    shell: '/bin/sh',
    sudo: 'ALL=(ALL) NOPASSWD:ALL',
    ssh_authorized_keys: [...sshAuthorizedKeys],
  };
  return { users: ['default', account] };
}

function files(inputs: SeedInputs): readonly object[] {
  const node = contextOf(inputs);
  if (!node || !inputs.distribution) return [];
  return inputs.distribution.firstBootFiles(node, inputs.secrets).map(({ path, content, permissions }) => ({
    path,
    permissions,
    encoding: 'b64',
    content: base64(content),
  }));
}

/** Written once per root: a later program is installed through the guest agent and must not be undone by a reboot. */
function install(inputs: SeedInputs): string {
  const node = contextOf(inputs);
  const extra = node && inputs.distribution ? inputs.distribution.settings(node) : {};
  const settings = settingsText({ ...nodeSettings(inputs), ...extra });
  return [
    `if [ ! -e ${SETTINGS} ]; then`,
    `mkdir -p ${folderOf(PROGRAM)} ${folderOf(SETTINGS)}`,
    writeBase64(PROGRAM, inputs.program, '0755'),
    writeBase64(SETTINGS, settings, '0600'),
    'fi',
  ].join('\n');
}

/** Once it is mounted, nothing may ever format it again, whatever disk turns up later. */
function mountState(): string {
  return `if [ -x ${PROGRAM} ]; then ${PROGRAM} mount-state && sed -i "s/^STATE_NEW=.*/STATE_NEW=''/" ${SETTINGS}; fi`;
}

function writeBase64(path: string, text: string, mode: string): string {
  return `base64 -d >${path}.new <<'KRECONCILE'\n${base64(text).replaceAll(/.{76}/g, '$&\n')}\nKRECONCILE\nchmod ${mode} ${path}.new && mv ${path}.new ${path}`;
}

function contextOf({ machine, cluster, address, controlPlaneAddress }: SeedInputs): NodeContext | null {
  if (!cluster) return null;
  return {
    machine,
    cluster,
    address,
    controlPlaneAddress,
    arch: machine.spec.image.arch === 'aarch64' ? 'arm64' : 'amd64',
  };
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}
