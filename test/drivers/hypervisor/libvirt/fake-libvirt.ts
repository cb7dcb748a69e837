import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Hypervisor } from '../../../../src/drivers/hypervisor/hypervisor.ts';
import { createLibvirt } from '../../../../src/drivers/hypervisor/libvirt/index.ts';
import type { Downloads } from '../../../../src/model/download.ts';
import type { Clock, ExecRequest, ExecResult, Files } from '../../../../src/model/ports.ts';
import { systemDownloads } from '../../../../src/sys/download.ts';
import { systemExec } from '../../../../src/sys/exec.ts';
import { systemFiles } from '../../../../src/sys/files.ts';
import { createVirsh } from '../../../../src/virsh/virsh.ts';
import { type FakeVirsh, fakeVirsh, quietLog, VirshComplaint } from '../../../virsh/fake-virsh.ts';

/** A domain as the fake libvirt keeps it. */
export interface FakeDomain {
  name: string;
  readonly uuid: string;
  xml: string;
  isRunning: boolean;
  /** What it was started with. */
  liveXml?: string;
  isSaved?: boolean;
}

/** The real driver over real files in a temporary folder and a libvirt that knows a few commands. */
export interface FakeLibvirt {
  readonly driver: Hypervisor;
  readonly imagesFolder: string;
  readonly domains: Map<string, FakeDomain>;
  readonly virsh: FakeVirsh;
  /** Names of the programs that were run since the last call, virsh included. */
  takePrograms(): readonly string[];
  /** A driver over the same host whose files fail from the n-th change on, as if the process had died there. */
  dyingAfter(changes: number): Hypervisor;
  dispose(): Promise<void>;
}

export interface FakeSettings {
  readonly allowEmulation?: boolean;
  readonly downloads?: Downloads;
  /** Answers other than the usual; `null` leaves the command to the fake. */
  readonly answer?: (words: readonly string[]) => string | null;
  readonly clock?: Clock;
  /** Free space in the images folder; `null` is that of the machine. */
  readonly freeBytes?: () => number | null;
  /** What a program does other than the usual; `null` leaves it to the fake. */
  readonly tool?: (request: ExecRequest) => ExecResult | Promise<ExecResult> | null;
}

export const fakeOwner = 'here';
const fixture = (name: string) => readFileSync(join(import.meta.dirname, 'fixtures', name), 'utf8');

export async function startFakeLibvirt(settings: FakeSettings = {}): Promise<FakeLibvirt> {
  const imagesFolder = await mkdtemp(join(tmpdir(), 'kreconcile-images-'));
  const domains = new Map<string, FakeDomain>();
  const virsh = fakeVirsh(
    (words) => settings.answer?.(words) ?? answer(domains, words),
    (request) => settings.tool?.(request) ?? runTool(request),
  );
  let seen = 0;
  const driverOver = (files: Files): Hypervisor =>
    createLibvirt({
      virsh: createVirsh({ exec: virsh.exec, uri: 'qemu:///system', log: quietLog }),
      exec: virsh.exec,
      files,
      downloads: settings.downloads ?? systemDownloads,
      clock: settings.clock ?? { now: () => Date.UTC(2026, 10, 20, 21, 15) },
      log: quietLog,
      imagesFolder,
      owner: fakeOwner,
      allowEmulation: settings.allowEmulation ?? true,
    });
  return {
    driver: driverOver(filesWith(settings.freeBytes)),
    imagesFolder,
    domains,
    virsh,
    takePrograms: () => {
      const names = virsh.requests.slice(seen).map((request) => request.program);
      seen = virsh.requests.length;
      return names;
    },
    dyingAfter: (changes) => driverOver(dyingFiles(changes)),
    dispose: () => rm(imagesFolder, { recursive: true, force: true }),
  };
}

function filesWith(freeBytes: () => number | null = () => null): Files {
  return { ...systemFiles, freeBytes: async (path) => freeBytes() ?? systemFiles.freeBytes(path) };
}

function dyingFiles(changes: number): Files {
  let left = changes;
  const change =
    <Args extends unknown[], T>(act: (...args: Args) => Promise<T>) =>
    (...args: Args): Promise<T> =>
      left-- > 0 ? act(...args) : Promise.reject(new Error('the process died here'));
  const { write, ensureFolder, rename, removeFile, removeFolder } = systemFiles;
  return {
    ...systemFiles,
    write: change(write),
    ensureFolder: change(ensureFolder),
    rename: change(rename),
    removeFile: change(removeFile),
    removeFolder: change(removeFolder),
  };
}

function answer(domains: Map<string, FakeDomain>, words: readonly string[]): string {
  const [command = '', target = ''] = words;
  const all = [...domains.values()];
  if (command === 'list')
    return words.includes('--name') ? all.map(({ uuid, name }) => `${uuid} ${name}`).join('\n') : '';
  if (command === 'domstats') return all.map(stateBlock).join('\n\n');
  if (command === 'net-list') return 'f2897e91-0362-4280-8deb-8b80d251f4e0';
  if (command === 'net-dumpxml') return fixture('network-default.xml');
  if (command === 'net-info') return 'Name:           default\nActive:         yes';
  if (command === 'nodeinfo')
    return 'CPU model:           x86_64\nCPU(s):              8\nMemory size:         16053836 KiB';
  if (command === 'version') return 'Using library: libvirt 9.0.0\nRunning hypervisor: QEMU 7.2.22';
  if (command === 'domcapabilities')
    return '<domainCapabilities><domain>qemu</domain><arch>x86_64</arch></domainCapabilities>';
  if (command === 'net-update') return 'Updated network default live state';
  if (command === 'define') return define(domains, target);
  const domain = domains.get(target) ?? all.find(({ name }) => name === target);
  if (!domain) throw new VirshComplaint(`failed to get domain '${target}'`);
  return act(domains, domain, words);
}

function stateBlock({ name, isRunning }: FakeDomain): string {
  return `Domain: '${name}'\n  state.state=${isRunning ? 1 : 5}\n  state.reason=1`;
}

const quiet = ['autostart', 'metadata', 'shutdown', 'reset', 'resume', 'setvcpus', 'blockresize'];

function act(domains: Map<string, FakeDomain>, domain: FakeDomain, words: readonly string[]): string {
  const [command = ''] = words;
  if (command === 'domuuid') return domain.uuid;
  if (command === 'dominfo') return `Name: ${domain.name}\nManaged save:   ${domain.isSaved ? 'yes' : 'no'}`;
  if (command === 'domstate') return domain.isRunning ? 'running' : 'shut off';
  if (command === 'dumpxml') {
    const isLive = domain.isRunning && !words.includes('--inactive');
    return isLive ? (domain.liveXml ?? domain.xml).replace('<domain ', "<domain id='7' ") : domain.xml;
  }
  if (command === 'start' || command === 'destroy') {
    domain.isRunning = command === 'start';
    domain.liveXml = domain.xml;
  } else if (command === 'undefine') domains.delete(domain.uuid);
  else if (!quiet.includes(command)) throw new VirshComplaint(`the fake does not know ${command}`);
  return '';
}

function define(domains: Map<string, FakeDomain>, file: string): string {
  const xml = readFileSync(file, 'utf8').replace('machine="q35"', 'machine="pc-q35-7.2"');
  const name = /<name>(.*)<\/name>/.exec(xml)?.[1] ?? '';
  const uuid = /<uuid>(.*)<\/uuid>/.exec(xml)?.[1] ?? '';
  domains.set(uuid, { isRunning: false, ...domains.get(uuid), name, uuid, xml });
  return '';
}

/** What the other programs leave behind: a disk is a small JSON file that says what it was made as. */
function runTool(request: ExecRequest): ExecResult | Promise<ExecResult> {
  const { program, args } = request;
  if (program === 'cp' && args.includes('--reflink=always')) return toolFailure('Operation not supported');
  if (program === 'cp' || (program === 'touch' && args[0] === '-r')) return systemExec.run(request);
  const done = (stdout = ''): ExecResult => ({ exitCode: 0, stdout, stderr: '' });
  const last = args.at(-1) ?? '';
  if (program === 'qemu-img' && args[0] === 'create') {
    const path = args.at(-2) ?? '';
    const backing = args.includes('-b') ? { 'backing-filename': args[args.indexOf('-b') + 1] } : {};
    const size = Number(last.replace('M', '')) * 2 ** 20;
    writeFileSync(path, JSON.stringify({ format: 'qcow2', 'virtual-size': size, ...backing }));
  }
  if (program === 'qemu-img' && args[0] === 'info') return done(readFileSync(last, 'utf8'));
  const output = args.indexOf('-output');
  if (output >= 0) writeFileSync(args[output + 1] ?? '', readFileSync(join(last, 'user-data')));
  return done();
}

/** What a program says that fails. */
export function toolFailure(said: string): ExecResult {
  return { exitCode: 1, stdout: '', stderr: said };
}

/** Puts an image into the store as a fetch would leave it. */
export async function placeImage({ imagesFolder }: FakeLibvirt, digest: string, sizeMiB = 40): Promise<void> {
  const header = JSON.stringify({ format: 'qcow2', 'virtual-size': sizeMiB * 2 ** 20 });
  await writeFile(join(imagesFolder, `${digest.replace(':', '-')}.qcow2`), header);
}

export function readText(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch(() => null);
}
