import type { Mark } from '../../../model/mark.ts';
import type { Domain, DomainShape } from '../../../model/observed.ts';
import { readMark } from './mark-text.ts';
import { trimDomain } from './trim-domain.ts';
import { attribute, child, children, parseXml, text, type XmlNode } from './xml.ts';

/** What one dump of a domain says. */
export interface DomainDescription {
  readonly name: string;
  readonly uuid: string;
  /** The dump is of a running domain. */
  readonly isLive: boolean;
  readonly mark: Mark | null | 'unreadable';
  /** `disconnected` also where nothing runs and the definition has a channel. */
  readonly agent: Domain['agent'];
  readonly shape: DomainShape;
  readonly firmware: DomainFirmware;
}

/** How a domain boots: what was asked for, and what libvirt chose for it. Elements stand as libvirt wrote them. */
export interface DomainFirmware {
  readonly isEfi: boolean;
  readonly loader: XmlNode;
  readonly nvram: XmlNode;
}

/** The name that guests and libvirt know the agent's channel by. */
export const agentChannel = 'org.qemu.guest_agent.0';

/** Reads what `virsh dumpxml` printed, of our domains and of others'. Throws `VirshFailed` for what is no domain. */
export function parseDomain(xml: string): DomainDescription {
  const domain = child(parseXml(trimDomain(xml)), 'domain');
  return {
    name: text(child(domain, 'name')),
    uuid: text(child(domain, 'uuid')),
    isLive: attribute(domain, 'id') !== undefined,
    mark: readMark(child(domain, 'metadata')),
    agent: agentState(domain),
    shape: shapeOf(domain),
    firmware: {
      isEfi: attribute(child(domain, 'os'), 'firmware') === 'efi',
      loader: child(domain, 'os', 'loader'),
      nvram: child(domain, 'os', 'nvram'),
    },
  };
}

function agentState(domain: XmlNode): Domain['agent'] {
  const targets = children(child(domain, 'devices'), 'channel').map((channel) => child(channel, 'target'));
  const ours = targets.find((target) => attribute(target, 'name') === agentChannel);
  if (ours === undefined) return 'absent';
  return attribute(ours, 'state') === 'connected' ? 'connected' : 'disconnected';
}

function shapeOf(domain: XmlNode): DomainShape {
  const vcpu = child(domain, 'vcpu');
  const maxCpus = Number(text(vcpu)) || 0;
  const devices = child(domain, 'devices');
  return {
    cpus: Number(attribute(vcpu, 'current') ?? maxCpus),
    maxCpus,
    memoryMiB: memoryMiB(child(domain, 'memory')),
    machineType: attribute(child(domain, 'os', 'type'), 'machine') ?? '',
    acceleration: attribute(domain, 'type') === 'kvm' ? 'kvm' : 'emulation',
    disks: children(devices, 'disk').map(diskOf),
    interfaces: children(devices, 'interface').map(interfaceOf),
  };
}

/** libvirt prints KiB, whatever was defined; the other units are those it accepts. */
const unitKiB: Readonly<Record<string, number>> = { KiB: 1, MiB: 1024, GiB: 1024 ** 2, TiB: 1024 ** 3 };

function memoryMiB(memory: XmlNode): number {
  const unit = unitKiB[attribute(memory, 'unit') ?? 'KiB'] ?? 1;
  return Math.floor((Number(text(memory)) * unit) / 1024);
}

function diskOf(disk: XmlNode): DomainShape['disks'][number] {
  const source = child(disk, 'source');
  return {
    target: attribute(child(disk, 'target'), 'dev') ?? '',
    path: attribute(source, 'file') ?? attribute(source, 'dev') ?? attribute(source, 'name') ?? '',
    serial: text(child(disk, 'serial')) || null,
  };
}

function interfaceOf(node: XmlNode): DomainShape['interfaces'][number] {
  const type = attribute(node, 'type');
  const kind = type === 'network' || type === 'bridge' ? type : 'other';
  const source = child(node, 'source');
  return {
    mac: (attribute(child(node, 'mac'), 'address') ?? '').toLowerCase(),
    kind,
    source: (kind === 'other' ? attribute(source, 'dev') : attribute(source, kind)) ?? '',
  };
}
