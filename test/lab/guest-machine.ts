import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Exec } from '../../src/model/ports.ts';
import type { SeedFiles } from '../../src/model/seed.ts';
import { systemExec } from '../../src/sys/exec.ts';
import { createVirsh, type Virsh } from '../../src/virsh/virsh.ts';
import type { LabHost } from './host.ts';

/** A bare domain for tests of what is inside guests: defined by a plain XML, without the product's hypervisor driver. */
export interface GuestMachine {
  readonly name: string;
  readonly uuid: string;
  readonly mac: string;
  readonly memoryMiB: number;
  /** Paths as the lab host sees them. */
  readonly disks: readonly { readonly path: string; readonly serial?: string; readonly readOnly?: boolean }[];
}

/** Programs run inside the lab host. */
export function execIn(host: LabHost): Exec {
  return {
    run: (request) => {
      const [program = '', ...args] = host.enter([request.program, ...request.args]);
      return systemExec.run({ ...request, program, args });
    },
    stream: () => {
      throw new Error('not needed here');
    },
  };
}

/** virsh inside the lab host, as the product runs it. */
export function virshIn(host: LabHost): Virsh {
  const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, child: () => quiet };
  return createVirsh({ exec: execIn(host), uri: host.uri, log: quiet });
}

/** Folder of the lab host's images, as the machine and as the lab host see it. */
export function imagesFolder(root: string): { readonly outside: string; readonly inside: string } {
  return { outside: join(root, 'var/lib/libvirt/images'), inside: '/var/lib/libvirt/images' };
}

/** Brings an image where QEMU's user may read it. Returns its path inside the lab host. */
export async function bringImage(host: LabHost, name: string, image: string): Promise<string> {
  const path = `/var/lib/libvirt/images/${name}.base`;
  await host.must(['cp', '--reflink=auto', '--sparse=always', image, path], { timeoutMs: 600_000 });
  return path;
}

/** A disk over an image, or a blank one. Returns its path inside the lab host. */
export async function makeDisk(
  host: LabHost,
  name: string,
  from: { readonly image: string } | { readonly sizeMiB: number },
): Promise<string> {
  const path = `/var/lib/libvirt/images/${name}.qcow2`;
  const what = 'image' in from ? ['-F', 'qcow2', '-b', from.image, path] : [path, `${from.sizeMiB}M`];
  await host.must(['rm', '-f', path]);
  await host.must(['qemu-img', 'create', '-q', '-f', 'qcow2', ...what]);
  return path;
}

/** The seed as a NoCloud disk. Returns its path inside the lab host. */
export async function makeSeed(host: LabHost, root: string, name: string, seed: SeedFiles): Promise<string> {
  const { outside, inside } = imagesFolder(root);
  const folder = join(outside, `${name}.d`);
  await mkdir(folder, { recursive: true });
  const files = { 'user-data': seed.userData, 'meta-data': seed.metaData, 'network-config': seed.networkConfig };
  for (const [file, text] of Object.entries(files)) await writeFile(join(folder, file), text);
  const path = `${inside}/${name}.iso`;
  const paths = Object.keys(files).map((file) => `${inside}/${name}.d/${file}`);
  await host.must(['genisoimage', '-quiet', '-output', path, '-volid', 'cidata', '-joliet', '-rock', ...paths]);
  return path;
}

/** Defines the domain anew (it must be off) and starts it. Its console goes to `<name>.console` beside its disks. */
export async function startMachine(host: LabHost, root: string, machine: GuestMachine): Promise<void> {
  const { outside, inside } = imagesFolder(root);
  const letters = 'abcdef';
  const disks = machine.disks.map(
    (
      { path, serial, readOnly },
      index,
    ) => `<disk type='file' device='disk'><driver name='qemu' type='${path.endsWith('.iso') ? 'raw' : 'qcow2'}'/>
      <source file='${path}'/><target dev='vd${letters[index]}' bus='virtio'/>${serial ? `<serial>${serial}</serial>` : ''}${readOnly ? '<readonly/>' : ''}</disk>`,
  );
  const xml = `<domain type='qemu'><name>${machine.name}</name><uuid>${machine.uuid}</uuid><memory unit='MiB'>${machine.memoryMiB}</memory><vcpu>1</vcpu>
    <os><type arch='x86_64' machine='q35'>hvm</type></os><features><acpi/></features><cpu mode='maximum'/>
    <devices>${disks.join('\n')}
    <interface type='network'><mac address='${machine.mac}'/><source network='default'/><model type='virtio'/></interface>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <serial type='file'><source path='${inside}/${machine.name}.console' append='on'/></serial>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng></devices></domain>`;
  await writeFile(join(outside, `${machine.name}.xml`), xml);
  await host.must(['virsh', '-q', '-c', host.uri, 'define', `${inside}/${machine.name}.xml`]);
  await host.must(['virsh', '-q', '-c', host.uri, 'start', machine.uuid]);
}

/** Cuts the power. */
export async function stopMachine(host: LabHost, machine: { readonly uuid: string }): Promise<void> {
  await host.run(['virsh', '-q', '-c', host.uri, 'destroy', machine.uuid]);
}
