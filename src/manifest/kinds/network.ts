import * as z from 'zod';
import { type Ipv4Block, isHostAddress, parseCidr, parseIpv4 } from '../../model/ipv4.ts';
import type { NetworkManifest, NetworkSpec } from '../../model/manifest.ts';
import { cidr, ipv4Address } from '../fields/address.ts';
import { interfaceName, libvirtName, nameLimits } from '../fields/name.ts';
import { type Draft, documentSchema, type Finding, type KindDefinition } from '../kind.ts';
import { matching } from '../matching.ts';

const spec = matching<NetworkSpec>()(
  z.strictObject({
    libvirtNetwork: libvirtName.describe('An existing libvirt network. Exactly one of this and `bridge`.').optional(),
    bridge: interfaceName
      .describe('An existing bridge of the host. Exactly one of this and `libvirtNetwork`.')
      .optional(),
    subnet: cidr(8, 30).describe('Subnet for static addresses. Default: machines get theirs by DHCP.').optional(),
    range: z
      .strictObject({
        start: ipv4Address.describe('First address that may be given out.'),
        end: ipv4Address.describe('Last address that may be given out.'),
      })
      .describe('Addresses of the subnet that kreconcile may give to machines. Keep DHCP servers out of it.')
      .optional(),
    gateway: ipv4Address.describe('Default route of machines with a static address.').optional(),
    dns: z.array(ipv4Address).max(10).describe('Name servers of machines with a static address.').optional(),
  }),
);

type NetworkDraft = Draft<NetworkSpec>;

function rules(network: NetworkDraft): readonly Finding[] {
  return [...attachment(network), ...staticFields(network), ...insideSubnet(network), ...rangeOrder(network)];
}

function attachment({ libvirtNetwork, bridge }: NetworkDraft): readonly Finding[] {
  const allowed = 'exactly one of libvirtNetwork and bridge';
  if (libvirtNetwork !== undefined && bridge !== undefined) {
    const hint = 'Remove one of the two.';
    return [
      {
        path: ['spec', 'bridge'],
        message: 'spec has both libvirtNetwork and bridge',
        allowed,
        hint,
        related: ['spec', 'libvirtNetwork'],
      },
    ];
  }
  if (libvirtNetwork !== undefined || bridge !== undefined) return [];
  const hint = 'Add `libvirtNetwork: default`, or the name of a bridge of the host.';
  const absent = [
    ['spec', 'libvirtNetwork'],
    ['spec', 'bridge'],
  ];
  return [{ path: ['spec'], message: 'spec has neither libvirtNetwork nor bridge', allowed, hint, absent }];
}

/** Fields that would silently do nothing without a subnet. */
function staticFields(network: NetworkDraft): readonly Finding[] {
  if (network.subnet !== undefined) return [];
  return (['range', 'gateway', 'dns'] as const)
    .filter((field) => network[field] !== undefined)
    .map((field) => ({
      path: ['spec', field],
      message: `spec.${field} has no meaning without spec.subnet`,
      allowed: `${field} together with subnet`,
      hint: `Add subnet, or remove ${field}: without a subnet the network's DHCP decides.`,
      absent: [['spec', 'subnet']],
    }));
}

function insideSubnet(network: NetworkDraft): readonly Finding[] {
  const block = network.subnet === undefined ? null : parseCidr(network.subnet);
  if (!block) return [];
  return [
    ...outside(network.range?.start, ['spec', 'range', 'start'], block, network.subnet),
    ...outside(network.range?.end, ['spec', 'range', 'end'], block, network.subnet),
    ...outside(network.gateway, ['spec', 'gateway'], block, network.subnet),
  ];
}

function outside(text: string | undefined, path: readonly string[], block: Ipv4Block, subnet = ''): readonly Finding[] {
  const address = text === undefined ? null : parseIpv4(text);
  if (address === null || isHostAddress(block, address)) return [];
  return [
    {
      path,
      message: `${path.join('.')} is ${text}, which no machine in ${subnet} can have`,
      allowed: `an address inside ${subnet}, neither its first nor its last`,
      hint: 'Correct the address or the subnet.',
      related: ['spec', 'subnet'],
    },
  ];
}

function rangeOrder({ range, gateway }: NetworkDraft): readonly Finding[] {
  const start = range?.start === undefined ? null : parseIpv4(range.start);
  const end = range?.end === undefined ? null : parseIpv4(range.end);
  if (start === null || end === null) return [];
  if (start > end) {
    const message = `spec.range ends at ${range?.end}, before its start ${range?.start}`;
    const allowed = 'an end that is not before the start';
    return [
      {
        path: ['spec', 'range', 'end'],
        message,
        allowed,
        hint: 'Exchange the two.',
        related: ['spec', 'range', 'start'],
      },
    ];
  }
  const router = gateway === undefined ? null : parseIpv4(gateway);
  if (router === null || router < start || router > end) return [];
  return [
    {
      path: ['spec', 'range'],
      message: `spec.range holds the gateway ${gateway}, which no machine may get`,
      allowed: 'a range without the gateway',
      hint: 'Begin or end the range beside the gateway.',
      related: ['spec', 'gateway'],
    },
  ];
}

/** Where machines are attached and what addresses they may have. */
export const network: KindDefinition<NetworkManifest> = {
  kind: 'Network',
  schema: documentSchema(
    'Network',
    'An existing libvirt network or host bridge. The libvirt network `default` needs no manifest.',
    nameLimits.label,
    spec.describe('What machines are attached to and which addresses they get.'),
  ),
  rules,
};
