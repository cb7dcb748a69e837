import type { DesiredMachine } from '../../model/desired.ts';
import { parseCidr } from '../../model/ipv4.ts';

/**
 * Network configuration, version 2. Matches by MAC, because names of interfaces differ between images. DHCP identifies itself by
 * MAC too: by the DUID that a guest makes up, each new root disk would be another client and get another address.
 */
export function networkConfig(machine: DesiredMachine, address: string | null): object {
  const { addressing } = machine.spec.network;
  const match = { macaddress: machine.mac };
  const block = addressing === null ? null : parseCidr(addressing.subnet);
  if (addressing === null || block === null || address === null) {
    return { version: 2, ethernets: { primary: { match, dhcp4: true, 'dhcp-identifier': 'mac' } } };
  }
  // `default` in place of 0.0.0.0/0 is not understood by every renderer of older cloud-init.
  const routes = addressing.gateway === null ? {} : { routes: [{ to: '0.0.0.0/0', via: addressing.gateway }] };
  const dns = addressing.dns.length === 0 ? {} : { nameservers: { addresses: addressing.dns } };
  return {
    version: 2,
    ethernets: { primary: { match, dhcp4: false, addresses: [`${address}/${block.prefixLength}`], ...routes, ...dns } },
  };
}
