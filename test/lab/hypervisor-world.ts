import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { markNamespace } from '../../src/drivers/hypervisor/libvirt/mark-text.ts';
import type { DesiredImage } from '../../src/model/desired.ts';
import type { HypervisorWorld } from '../drivers/hypervisor/contract-world.ts';
import { type LabImage, labArtifacts } from './artifacts.ts';
import { type DriverProcess, startDriverProcess } from './driver-process.ts';
import { type LabHost, startLabHost } from './host.ts';
import { until } from './waiting.ts';

const owner = 'lab';

/** A contract world on real libvirt; also what the lab needs beside the contract. */
export interface LibvirtWorld extends HypervisorWorld {
  readonly host: LabHost;
  readonly process: DriverProcess;
  virsh(...args: readonly string[]): Promise<string>;
}

/** A lab host with the driver in it, as the agent's user, and the tiny guest on a server. */
export async function startLibvirtWorld(name: string): Promise<LibvirtWorld> {
  const root = await mkdtemp(join(tmpdir(), `kreconcile-lab-${name}-`));
  await execa('chmod', ['0755', root]);
  const program = join(root, 'opt');
  await mkdir(program);
  const host = await startLabHost({ name, root });
  const { tiny } = labArtifacts();
  const imagesUrl = await host.serve(dirname(tiny.path), 8082);
  const running = await startDriverProcess(host, program, owner);
  const virsh = (...args: readonly string[]) => host.must(['virsh', '-q', '-c', host.uri, ...args]);
  return {
    host,
    process: running,
    virsh,
    driver: running.driver,
    owner,
    network: 'default',
    freeAddresses: ['192.168.122.41', '192.168.122.42'],
    cpuMode: 'maximum',
    ...images(imagesUrl, tiny),
    addForeign: (domain, kind) => addForeign(host, root, domain, kind),
    until: (what, condition) => until(what, 180_000, async () => condition()),
    dispose: async () => {
      await running.stop();
      await host.stop();
      await rm(root, { recursive: true, force: true });
    },
  };
}

function images(url: string, tiny: LabImage): Pick<HypervisorWorld, 'image' | 'missingImage' | 'forgedImage'> {
  const image: DesiredImage = {
    name: 'tiny',
    urls: [`${url}/not-here.qcow2`, `${url}/lab-tiny.qcow2`],
    digest: tiny.checksum,
    os: 'debian',
    version: '12',
    arch: 'x86_64',
    format: 'qcow2',
  };
  return {
    image,
    missingImage: { ...image, name: 'missing', digest: `sha256:${'1'.repeat(64)}`, urls: [`${url}/not-here.qcow2`] },
    forgedImage: { ...image, name: 'forged', digest: `sha256:${'2'.repeat(64)}`, urls: [`${url}/lab-tiny.qcow2`] },
  };
}

async function addForeign(host: LabHost, root: string, name: string, kind: 'unmarked' | 'other-owner') {
  const uuid = randomUUID();
  const mark = {
    schema: 1,
    owner: 'somebody-else',
    object: { kind: 'Machine', name },
    machine: name,
    generation: 1,
    spec: { image: {}, network: {} },
  };
  const metadata = `<metadata><k:mark xmlns:k="${markNamespace}">${JSON.stringify(mark)}</k:mark></metadata>`;
  const file = join(root, `${name}.xml`);
  await writeFile(
    file,
    `<domain type="qemu"><name>${name}</name><uuid>${uuid}</uuid>${kind === 'unmarked' ? '' : metadata}
     <memory unit="MiB">64</memory><vcpu>1</vcpu><os><type arch="x86_64" machine="q35">hvm</type></os></domain>`,
  );
  await host.must(['virsh', '-q', '-c', host.uri, 'define', file]);
  return { name, uuid };
}
