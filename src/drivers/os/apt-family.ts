import type { OperatingSystem } from './os.ts';

/**
 * What Debian and Ubuntu have in common. Their cloud images hold no guest agent; its unit is started by udev when the channel is there, and starting
 * it by hand is for the boot in which it was installed. Name and 127.0.1.1 stand in /etc/hosts, where `localhost` (and not `true`) keeps
 * other lines on each boot.
 */
export const aptFamily: Omit<OperatingSystem, 'name' | 'defaultUser'> = {
  serviceManager: 'systemd',
  agentPackages: ['qemu-guest-agent'],
  nodePackages: ['ca-certificates', 'conntrack', 'curl', 'e2fsprogs', 'ethtool', 'iptables', 'kmod', 'socat'],
  cloudConfig: { manage_etc_hosts: 'localhost', package_update: false, package_upgrade: false },
  bootCommands: [],
  firstBootCommands: ['systemctl start qemu-guest-agent.service || true'],
};
