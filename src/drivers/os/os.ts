import type { OsName } from '../../model/manifest.ts';

/** The os role: pure facts and the cloud-init dialect of one guest operating system. */
export interface OperatingSystem {
  readonly name: OsName;
  /** Login user of the vendor's cloud image. */
  readonly defaultUser: string;
  readonly serviceManager: 'systemd' | 'openrc';
  /** Packages that give what kreconcile itself needs in a guest (the guest agent). */
  readonly agentPackages: readonly string[];
  /** Packages that a Kubernetes node needs from the OS beside the distribution's own binaries. */
  readonly nodePackages: readonly string[];
  /** Extra top-level cloud-config keys (`manage_etc_hosts`, apt settings…), merged into the user-data. */
  readonly cloudConfig: Readonly<Record<string, unknown>>;
  /** Shell lines that run on every boot before services, each a complete command. */
  readonly bootCommands: readonly string[];
  /** Shell lines at the end of first boot: enable and start the guest agent, quirks. */
  readonly firstBootCommands: readonly string[];
}
