import type { OperatingSystem } from '../os.ts';

/**
 * Debian's genericcloud images: systemd, no guest agent. `manage_etc_hosts` stays off: the in-guest program keeps the endpoint's name
 * in /etc/hosts.
 */
export const debian: OperatingSystem = {
  name: 'debian',
  defaultUser: 'debian',
  serviceManager: 'systemd',
  agentPackages: ['qemu-guest-agent'],
  nodePackages: ['ca-certificates', 'conntrack', 'curl', 'ethtool', 'iptables', 'kmod', 'socat'],
  cloudConfig: { manage_etc_hosts: false, package_update: false, package_upgrade: false },
  bootCommands: [],
  firstBootCommands: ['systemctl start qemu-guest-agent.service || true'],
};
