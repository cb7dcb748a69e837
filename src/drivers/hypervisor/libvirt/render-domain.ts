import type { Mark } from '../../../model/mark.ts';
import { markNamespace, markPrefix, markText } from './mark-text.ts';
import { agentChannel, type DomainFirmware } from './parse-domain.ts';
import { buildXml } from './xml.ts';

/** Everything that a definition is made of: the mark, and what the host adds to it. */
export interface DomainRequest {
  readonly mark: Mark;
  readonly uuid: string;
  readonly mac: string;
  /** As libvirt stored it at the first definition; `null` before. A new version of it is another machine for the guest. */
  readonly machineType: string | null;
  /** What libvirt chose for the firmware that the domain has already; another build of it may not read the variables of this one. */
  readonly firmware: DomainFirmware | null;
  readonly acceleration: 'kvm' | 'emulation';
  readonly maxCpus: number;
  /** The images folder takes O_DIRECT. */
  readonly directIo: boolean;
  readonly paths: {
    readonly root: string;
    readonly image: string;
    readonly seed: string;
    readonly consoleLog: string;
  };
  readonly state: { readonly path: string; readonly serial: string } | null;
}

/** Serials by which a guest finds its disks under `/dev/disk/by-id/virtio-*`. */
export const rootSerial = 'kreconcile-root';
export const seedSerial = 'kreconcile-seed';

/** Room for what is attached later: q35 by itself leaves one slot to plug into. */
const rootPorts = 12;

type Tree = Readonly<Record<string, unknown>>;

/** The domain XML. Which elements and why: design, section 5; the choices were tried on libvirt 9.0 and QEMU 7.2. */
export function renderDomain(request: DomainRequest): string {
  const { mark, acceleration } = request;
  const { spec } = mark;
  return buildXml({
    domain: {
      '@type': acceleration === 'kvm' ? 'kvm' : 'qemu',
      name: mark.machine,
      uuid: request.uuid,
      metadata: { [`${markPrefix}:mark`]: { [`@xmlns:${markPrefix}`]: markNamespace, '#text': markText(mark) } },
      memory: { '@unit': 'MiB', '#text': spec.memoryMiB },
      currentMemory: { '@unit': 'MiB', '#text': spec.memoryMiB },
      vcpu: { '@placement': 'static', '@current': spec.cpus, '#text': Math.max(request.maxCpus, spec.cpus) },
      ...firmware(request),
      features: { acpi: {}, apic: {} },
      cpu: cpu(request),
      clock: { '@offset': 'utc', timer: timers },
      on_poweroff: 'destroy',
      on_reboot: 'restart',
      on_crash: 'restart',
      devices: devices(request),
    },
  });
}

const timers: readonly Tree[] = [
  { '@name': 'rtc', '@tickpolicy': 'catchup' },
  { '@name': 'pit', '@tickpolicy': 'delay' },
  { '@name': 'hpet', '@present': 'no' },
];

/** The serial number tells cloud-init where to look, also in images whose detector asks for more than a disk. */
function firmware({ mark, machineType, firmware: chosen }: DomainRequest): Tree {
  const { firmware, image } = mark.spec;
  const machine = machineType ?? (image.arch === 'aarch64' ? 'virt' : 'q35');
  const efi = { firmware: { feature: { '@enabled': 'no', '@name': 'secure-boot' } } };
  return {
    sysinfo: { '@type': 'smbios', system: { entry: { '@name': 'serial', '#text': 'ds=nocloud' } } },
    os: {
      ...(firmware === 'efi' ? { '@firmware': 'efi' } : {}),
      type: { '@arch': image.arch, '@machine': machine, '#text': 'hvm' },
      ...(firmware === 'efi' ? efi : {}),
      ...(firmware === 'efi' && chosen?.isEfi ? present({ loader: chosen.loader, nvram: chosen.nvram }) : {}),
      smbios: { '@mode': 'sysinfo' },
    },
  };
}

function present(elements: Tree): Tree {
  return Object.fromEntries(Object.entries(elements).filter(([, element]) => element !== undefined));
}

/** Emulation knows neither of the host's own models. */
function cpu({ mark, acceleration }: DomainRequest): Tree {
  const mode = acceleration === 'emulation' ? 'maximum' : mark.spec.cpuMode;
  return { '@mode': mode, ...(mode === 'host-passthrough' ? { '@check': 'none' } : {}) };
}

function devices(request: DomainRequest): Tree {
  const { mark, mac, paths } = request;
  const log = { '@file': paths.consoleLog, '@append': 'on' };
  const { attach } = mark.spec.network;
  return {
    controller: [
      { '@type': 'pci', '@index': 0, '@model': 'pcie-root' },
      ...Array.from({ length: rootPorts }, (_, port) => ({
        '@type': 'pci',
        '@index': port + 1,
        '@model': 'pcie-root-port',
      })),
      { '@type': 'usb', '@model': 'none' },
    ],
    disk: disks(request),
    interface: {
      '@type': attach.kind,
      mac: { '@address': mac },
      source: { [`@${attach.kind}`]: attach.name },
      model: { '@type': 'virtio' },
    },
    serial: { '@type': 'pty', log, target: { '@port': 0 } },
    console: { '@type': 'pty', target: { '@type': 'serial', '@port': 0 } },
    channel: { '@type': 'unix', target: { '@type': 'virtio', '@name': agentChannel } },
    rng: { '@model': 'virtio', backend: { '@model': 'random', '#text': '/dev/urandom' } },
    video: { model: { '@type': 'none' } },
    memballoon: { '@model': 'virtio', '@autodeflate': 'on', '@freePageReporting': 'on' },
  };
}

function disks({ mark, paths, state, directIo }: DomainRequest): readonly Tree[] {
  const { format } = mark.spec.image;
  const io = directIo ? { '@cache': 'none', '@io': 'native' } : { '@cache': 'writeback' };
  const thin = { '@name': 'qemu', '@type': 'qcow2', ...io, '@discard': 'unmap', '@detect_zeroes': 'unmap' };
  const file = { '@type': 'file', '@device': 'disk' };
  const root = {
    ...file,
    driver: thin,
    source: { '@file': paths.root },
    backingStore: {
      '@type': 'file',
      format: { '@type': format },
      source: { '@file': paths.image },
      backingStore: {},
    },
    target: { '@dev': 'vda', '@bus': 'virtio' },
    serial: rootSerial,
    boot: { '@order': 1 },
  };
  const seed = {
    ...file,
    driver: { '@name': 'qemu', '@type': 'raw' },
    source: { '@file': paths.seed },
    target: { '@dev': 'vdb', '@bus': 'virtio' },
    readonly: {},
    serial: seedSerial,
  };
  if (state === null) return [root, seed];
  const kept = {
    ...file,
    driver: thin,
    source: { '@file': state.path },
    backingStore: {},
    target: { '@dev': 'vdc', '@bus': 'virtio' },
    serial: state.serial,
  };
  return [root, seed, kept];
}
