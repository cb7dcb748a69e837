import type { HostNetwork } from '../../../model/observed.ts';
import { attribute, child, children, parseXml, type XmlNode } from './xml.ts';

/** Reads what `virsh net-dumpxml` printed; `active` is what `net-list` said. */
export function parseNetwork(xml: string, active: boolean): HostNetwork {
  const network = child(parseXml(xml), 'network');
  const ip = children(network, 'ip').find(isIpv4);
  const name = child(network, 'name');
  return {
    kind: 'network',
    name: typeof name === 'string' ? name : '',
    active,
    dhcp: dhcpOf(ip),
    reservations: children(child(ip, 'dhcp'), 'host').flatMap((host) => {
      const mac = attribute(host, 'mac');
      const address = attribute(host, 'ip');
      if (mac === undefined || address === undefined) return [];
      return [{ mac: mac.toLowerCase(), address, name: attribute(host, 'name') ?? null }];
    }),
  };
}

function isIpv4(ip: XmlNode): boolean {
  return (attribute(ip, 'family') ?? 'ipv4') === 'ipv4' && !(attribute(ip, 'address') ?? '').includes(':');
}

function dhcpOf(ip: XmlNode): HostNetwork['dhcp'] {
  const range = child(ip, 'dhcp', 'range');
  const start = attribute(range, 'start');
  const end = attribute(range, 'end');
  const gateway = attribute(ip, 'address');
  if (start === undefined || end === undefined || gateway === undefined) return null;
  return { start, end, gateway, prefix: prefixOf(ip) };
}

/** libvirt writes the mask as it was defined: as a prefix or as four numbers. */
function prefixOf(ip: XmlNode): number {
  const prefix = attribute(ip, 'prefix');
  if (prefix !== undefined) return Number(prefix);
  const bits = (attribute(ip, 'netmask') ?? '')
    .split('.')
    .map((part) => Number(part).toString(2))
    .join('');
  return [...bits].filter((bit) => bit === '1').length;
}
