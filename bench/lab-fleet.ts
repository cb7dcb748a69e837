import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLayout } from '../src/drivers/hypervisor/libvirt/layout.ts';
import { renderDomain } from '../src/drivers/hypervisor/libvirt/render-domain.ts';
import { loadLibrary } from '../src/main/library.ts';
import { loadManifests } from '../src/manifest/load.ts';
import type { Desired, DesiredMachine } from '../src/model/desired.ts';
import type { Mark } from '../src/model/mark.ts';
import { desire } from '../src/reconcile/desire.ts';
import { systemFiles } from '../src/sys/files.ts';
import { type LabImage, labArtifacts } from '../test/lab/artifacts.ts';
import { type LabHost, startLabHost } from '../test/lab/host.ts';

const owner = 'kreconcile';
const images = '/var/lib/libvirt/images/kreconcile';

/** A lab host with machines of ours on it, and the manifests that want exactly them. */
export interface LabFleet {
  readonly host: LabHost;
  /** Below it, what the host sees as its own folders. */
  readonly root: string;
  readonly manifestFolder: string;
  /** The built program as it was when the fleet was started. */
  readonly program: string;
  readonly tiny: LabImage;
  /** Defines the machines that are not there yet, as the driver would; all that are wanted stand in the manifests. */
  define(count: number, powerState: 'On' | 'Off'): Promise<Desired>;
  /** The options by which the program sees this host. */
  readonly options: readonly string[];
  stop(): Promise<void>;
}

/** Names of the machines, in the order in which they are made. */
export function machineName(number: number): string {
  return `vm-${String(number + 1).padStart(3, '0')}`;
}

export async function startLabFleet(name: string): Promise<LabFleet> {
  const root = await mkdtemp(join(tmpdir(), `kreconcile-bench-${name}-`));
  await chmod(root, 0o755);
  const host = await startLabHost({ name, root });
  const program = await installProgram(root);
  const manifestFolder = join(root, 'manifests');
  const stateFolder = join(root, 'state');
  const config = join(root, 'agent.yaml');
  await Promise.all([manifestFolder, stateFolder].map((folder) => mkdir(folder)));
  await writeFile(config, 'hypervisor: {allowEmulation: true}\nplacement: {takeUnplaced: true}\n');
  const { tiny } = labArtifacts();
  const defined = new Set<string>();
  return {
    host,
    root,
    manifestFolder,
    program,
    tiny,
    async define(count, powerState) {
      const text = manifests(count, powerState, tiny.checksum);
      await writeFile(join(manifestFolder, 'fleet.yaml'), text);
      const desired = await desiredOf(text);
      const missing = desired.machines.filter((machine) => !defined.has(machine.name));
      await defineAll({ host, root }, missing);
      for (const machine of missing) defined.add(machine.name);
      return desired;
    },
    options: ['--config', config, '--dir', manifestFolder, '-c', host.uri, '--state-dir', stateFolder],
    async stop() {
      await host.stop();
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** Copies the built program below a folder, so that a build meanwhile does not matter; returns the path of its `main.js`. */
export async function installProgram(folder: string): Promise<string> {
  const project = fileURLToPath(new URL('..', import.meta.url));
  const target = join(folder, 'opt');
  await mkdir(target);
  for (const part of ['dist', 'package.json']) await cp(join(project, part), join(target, part), { recursive: true });
  return join(target, 'dist/main.js');
}

function manifests(count: number, powerState: string, checksum: string): string {
  const header = (kind: string, name: string) =>
    `---\napiVersion: kreconcile.dev/v1alpha1\nkind: ${kind}\nmetadata: {name: ${name}}\nspec:`;
  const shared = [
    `${header('MachineClass', 'tiny')} {cpus: 1, memory: 160Mi, disk: 1Gi, cpuMode: maximum}`,
    `${header('Image', 'tiny')} {os: debian, version: "12", arch: x86_64, url: "https://images.test/tiny.qcow2", checksum: "${checksum}"}`,
  ];
  const machines = Array.from(
    { length: count },
    (_, number) =>
      `${header('Machine', machineName(number))} {image: tiny, machineClass: tiny, powerState: ${powerState}}`,
  );
  return `${[...shared, ...machines].join('\n')}\n`;
}

async function desiredOf(text: string): Promise<Desired> {
  const loaded = loadManifests({ revision: 'bench', files: [{ path: 'fleet.yaml', content: text }] });
  if (!loaded.ok) throw new Error(loaded.problems.map(({ message }) => message).join('\n'));
  const { distributions, programs } = await loadLibrary(systemFiles);
  const recipes = { k3s: distributions.k3s.recipe, kubeadm: distributions.kubeadm.recipe };
  const host = 'bench';
  return desire(loaded.set, recipes, {
    owner,
    host,
    takeUnplaced: true,
    emulationAllowed: true,
    maxDeletes: 1,
    programs,
  });
}

/** What the driver's `define` does for each, with one virsh for all; the disks are empty files, nothing is started from them here. */
async function defineAll({ host, root }: Pick<LabFleet, 'host' | 'root'>, machines: readonly DesiredMachine[]) {
  if (machines.length === 0) return;
  const layout = createLayout(images);
  const folder = join(root, 'definitions');
  await mkdir(folder, { recursive: true });
  const commands: string[] = [];
  for (const machine of machines) {
    const file = join(folder, `${machine.name}.xml`);
    await writeFile(file, domainXml(machine));
    for (const path of [layout.rootDisk(machine.name, 1), layout.seed(machine.name, 1)]) {
      await mkdir(join(root, dirname(path)), { recursive: true });
      await writeFile(join(root, path), '');
    }
    commands.push(`define ${file}`);
    if (machine.powerState === 'On') commands.push(`autostart ${machine.name}`);
  }
  await host.must(['virsh', '-q', '-c', host.uri], { input: `${commands.join('\n')}\n`, timeoutMs: 300_000 });
}

function domainXml(machine: DesiredMachine): string {
  const layout = createLayout(images);
  const mark: Mark = {
    schema: 1,
    owner,
    object: machine.object,
    machine: machine.name,
    spec: machine.spec,
    address: null,
    generation: 1,
    previousGeneration: null,
    provenAtMs: Date.now(),
    quarantined: [],
    prune: machine.prune,
    deletionPolicy: machine.deletionPolicy,
    revision: 'bench',
  };
  return renderDomain({
    mark,
    uuid: machine.uuid,
    mac: machine.mac,
    machineType: null,
    firmware: null,
    acceleration: 'emulation',
    maxCpus: 2,
    directIo: false,
    paths: {
      root: layout.rootDisk(machine.name, 1),
      image: layout.image(machine.spec.image.digest, machine.spec.image.format),
      seed: layout.seed(machine.name, 1),
      consoleLog: `/var/log/libvirt/qemu/${machine.name}.console.log`,
    },
    state: null,
  });
}

const stopwatch = fileURLToPath(new URL('stopwatch.mjs', import.meta.url));

/** One run of a command: by the wall and by the processor, which other work on the machine disturbs less. */
export interface Timing {
  readonly ms: number;
  readonly cpuMs: number;
}

/** Each run of each command (its words), run in turn inside the lab host. */
export async function timeInside<const K extends string>(
  host: LabHost,
  runs: number,
  commands: Readonly<Record<K, readonly string[]>>,
): Promise<Readonly<Record<K, readonly Timing[]>>> {
  const input = JSON.stringify({ runs, commands });
  const output = await host.must([process.execPath, stopwatch], { input, timeoutMs: 600_000 });
  return JSON.parse(output) as Record<K, readonly Timing[]>;
}

/** Puts a virsh before the real one in PATH that notes when it was started and with what; see `virshCalls`. */
export async function spyOnVirsh(
  root: string,
  real = '/usr/bin/virsh',
): Promise<{ readonly env: Readonly<Record<string, string>> }> {
  const folder = join(root, 'spy');
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o777);
  const log = join(folder, 'calls');
  await writeFile(log, '', { mode: 0o666 });
  await chmod(log, 0o666);
  const script = `#!/bin/bash\nprintf '%s %s\\n' "$EPOCHREALTIME" "\${*//$'\\n'/ }" >>${log}\nexec ${real} "$@"\n`;
  await writeFile(join(folder, 'virsh'), script, { mode: 0o755 });
  return { env: { PATH: `${folder}:/usr/sbin:/usr/bin:/sbin:/bin` } };
}

/** Calls since the spy was set; time in ms since the epoch. */
export async function virshCalls(root: string): Promise<readonly { readonly atMs: number; readonly args: string }[]> {
  const text = await readFile(join(root, 'spy', 'calls'), 'utf8');
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const space = line.indexOf(' ');
      return { atMs: Number(line.slice(0, space)) * 1000, args: line.slice(space + 1) };
    });
}
