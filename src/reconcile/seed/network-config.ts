import type { DesiredMachine } from '../../model/desired.ts';
import { parseCidr } from '../../model/ipv4.ts';

/**
 * cloud-init's network configuration, version 2. The interface is found by its MAC. `dhcp-identifier: mac` keeps a lease over a new root disk, where
 * the client's own identity is another. Static: no router advertisements, for which networkd would wait at every boot.
 */
export function networkConfig(machine: DesiredMachine, address: string | null): object {
  const { addressing } = machine.spec.network;
  const match = { macaddress: machine.mac };
  const block = addressing === null ? null : parseCidr(addressing.subnet);
  if (!addressing || !block || address === null) {
    return { version: 2, ethernets: { primary: { match, dhcp4: true, 'dhcp-identifier': 'mac' } } };
  }
  return {
    version: 2,
    ethernets: {
      primary: {
        match,
        dhcp4: false,
        'accept-ra': false,
        addresses: [`${address}/${block.prefixLength}`],
        ...(addressing.gateway === null ? {} : { gateway4: addressing.gateway }),
        ...(addressing.dns.length === 0 ? {} : { nameservers: { addresses: [...addressing.dns] } }),
      },
    },
  };
}
