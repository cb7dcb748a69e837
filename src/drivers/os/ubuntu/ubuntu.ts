import type { OperatingSystem } from '../os.ts';

/**
 * Ubuntu's cloud images: systemd, no guest agent. Automatic package upgrades are held back from restarting services under a running
 * cluster by nobody but the user; they stay as the image has them.
 */
export const ubuntu: OperatingSystem = {
  name: 'ubuntu',
  defaultUser: 'ubuntu',
  serviceManager: 'systemd',
  agentPackages: ['qemu-guest-agent'],
  nodePackages: ['ca-certificates', 'conntrack', 'curl', 'ethtool', 'iptables', 'kmod', 'socat'],
  cloudConfig: { manage_etc_hosts: false, package_update: false, package_upgrade: false },
  bootCommands: [],
  firstBootCommands: ['systemctl start qemu-guest-agent.service || true'],
};
