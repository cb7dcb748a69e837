import { Document } from 'yaml';
import type { Distribution, NodeContext } from '../drivers/distribution/distribution.ts';
import type { OperatingSystem } from '../drivers/os/os.ts';
import type { DesiredCluster, DesiredMachine } from '../model/desired.ts';
import type { SeedFiles } from '../model/seed.ts';
import { firstBootCommand, laterBootCommand, programPath, settingsPath } from './seed/boot-command.ts';
import { type CloudConfig, cloudConfigText, mergeCloudConfig, readUserData } from './seed/cloud-config.ts';
import { networkConfig } from './seed/network-config.ts';
import { nodeSettings, settingsText } from './seed/settings.ts';

export interface SeedInputs {
  readonly machine: DesiredMachine;
  /** `null` with a plain machine, as is `distribution`. */
  readonly cluster: DesiredCluster | null;
  readonly os: OperatingSystem;
  readonly distribution: Distribution | null;
  /** Text of the in-guest program. */
  readonly program: string;
  readonly secrets: Readonly<Record<string, string>>;
  readonly generation: number;
  /** The machine's own address where it is known beforehand; `null` for DHCP. */
  readonly address: string | null;
  readonly controlPlaneAddress: string | null;
  /** Whether a blank state disk may be formatted. */
  readonly stateNew: boolean;
  /** Whether first boot leaves a control plane without a cluster, for the verb `restore`; default no. */
  readonly restore?: boolean;
  /** Whether first boot leaves a control plane without a cluster, for the verb `join`; default no. */
  readonly joins?: boolean;
  /**
   * `settled`: for a guest whose first boot has ended. Same meta-data and network configuration and what runs on each boot; no secret, no work of first
   * boot, and never again a new state disk.
   */
  readonly phase: 'first-boot' | 'settled';
}

/** The NoCloud seed of one generation of a machine. The same request gives the same texts. `ManifestInvalid` for userData that cannot be used. */
export function renderSeed(request: SeedInputs): SeedFiles {
  const { machine, phase } = request;
  const instance = `${machine.uuid}-${request.generation}`;
  const theirs = machine.userData === null ? {} : readUserData(machine.name, machine.userData);
  const userData =
    phase === 'first-boot'
      ? mergeCloudConfig(firstBoot(request, instance), theirs)
      : mergeCloudConfig(settled(request), eachBootOf(theirs));
  return {
    userData: cloudConfigText(userData),
    metaData: yamlText({ 'instance-id': instance, 'local-hostname': machine.name }),
    networkConfig: yamlText(networkConfig(machine, request.address)),
  };
}

function yamlText(value: object): string {
  return new Document(value, { version: '1.1' }).toString({ lineWidth: 0 });
}

/** Who the machine is and who may enter: the same on every boot. */
function identity({ machine, os }: SeedInputs): CloudConfig {
  const { user, sshAuthorizedKeys } = machine.spec.access;
  const keys = sshAuthorizedKeys.length === 0 ? {} : { ssh_authorized_keys: sshAuthorizedKeys };
  const named = user !== null && user !== os.defaultUser;
  return {
    hostname: machine.name,
    preserve_hostname: false,
    ssh_pwauth: false,
    ...os.cloudConfig,
    ...(named
      ? { users: [{ name: user, shell: '/bin/bash', sudo: 'ALL=(ALL) NOPASSWD:ALL', lock_passwd: true, ...keys }] }
      : { users: ['default'], ...keys }),
  };
}

function firstBoot(request: SeedInputs, instance: string): CloudConfig {
  const { machine, os, program, distribution, secrets } = request;
  const node = nodeOf(request);
  const settings = settingsOf(request, request.stateNew);
  const files = node && distribution ? distribution.firstBootFiles(node, secrets) : [];
  return {
    ...identity(request),
    write_files: [
      { path: settingsPath, permissions: '0644', content: settings },
      { path: programPath, permissions: '0755', content: program },
      ...files.map(({ path, permissions, content }) => ({ path, permissions, content })),
    ],
    bootcmd: [firstBootCommand(instance, settings, program), ...os.bootCommands],
    runcmd: [
      // Not `packages`: that asks a mirror in any case, and an image for offline sites holds them already.
      [programPath, 'install-packages', ...os.agentPackages],
      ...os.firstBootCommands,
      ...(machine.spec.kubernetes ? [`${programPath} start bootstrap bootstrap-first </dev/null`] : []),
    ],
  };
}

function settled(request: SeedInputs): CloudConfig {
  return { ...identity(request), bootcmd: [laterBootCommand(settingsOf(request, false)), ...request.os.bootCommands] };
}

/** What a Machine's own user-data says about each boot; the rest of it was work of first boot, and may hold secrets. */
function eachBootOf(theirs: CloudConfig): CloudConfig {
  const bootcmd = theirs['bootcmd'];
  return Array.isArray(bootcmd) ? { bootcmd } : {};
}

function settingsOf(request: SeedInputs, stateNew: boolean): string {
  const { machine, os, address, distribution, restore = false } = request;
  return settingsText(nodeSettings({ machine, os, address, distribution, node: nodeOf(request), stateNew, restore }));
}

function nodeOf({ machine, cluster, address, controlPlaneAddress, joins = false }: SeedInputs): NodeContext | null {
  if (cluster === null || machine.spec.kubernetes === null) return null;
  return {
    machine,
    cluster,
    address,
    controlPlaneAddress,
    arch: machine.spec.image.arch === 'aarch64' ? 'arm64' : 'amd64',
    ...(joins ? { joins } : {}),
  };
}
