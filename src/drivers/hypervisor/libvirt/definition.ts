import { KreError } from '../../../model/error.ts';
import type { Files } from '../../../model/ports.ts';
import type { DefineRequest } from '../hypervisor.ts';
import type { HostReader } from './host.ts';
import type { Layout } from './layout.ts';
import type { Ownership } from './owned.ts';
import { renderDomain } from './render-domain.ts';
import type { StorageTools } from './tools.ts';

export interface DefinitionParts {
  readonly owned: Ownership;
  readonly host: HostReader;
  readonly layout: Layout;
  readonly files: Files;
  readonly tools: StorageTools;
  readonly owner: string;
  readonly allowEmulation: boolean;
}

/** See `MachineActs.define`. */
export function createDefine(parts: DefinitionParts): (request: DefineRequest) => Promise<void> {
  const { owned, host, layout, files, tools } = parts;
  let directIo: boolean | null = null;
  // tmpfs and some overlay file systems refuse O_DIRECT, and QEMU would not start.
  const takesDirectIo = async (path: string): Promise<boolean> => {
    directIo ??= await tools.succeeds('dd', [`if=${path}`, 'of=/dev/null', 'bs=4096', 'count=1', 'iflag=direct']);
    return directIo;
  };
  return async ({ machine, mac, mark, stateDiskSerial }) => {
    if (mark.owner !== parts.owner || mark.machine !== machine.name) throw wrongMark(machine.name);
    const existing = await owned.find(machine);
    const facts = await host.capabilities();
    if (facts.acceleration === 'emulation' && !parts.allowEmulation) throw emulationRefused(facts.accelerationReason);
    const image = layout.image(mark.spec.image.digest, mark.spec.image.format);
    const xml = renderDomain({
      mark,
      uuid: machine.uuid,
      mac,
      machineType: existing?.next.shape.machineType ?? null,
      firmware: existing?.next.firmware ?? null,
      acceleration: facts.acceleration,
      // Room to raise vCPUs without a reboot; more than the host has would only slow the guest down.
      maxCpus: Math.min(mark.spec.cpus * 2, facts.cpus),
      directIo: await takesDirectIo(image),
      paths: {
        root: layout.rootDisk(machine.name, mark.generation),
        image,
        seed: layout.seed(machine.name, mark.generation),
        consoleLog: consoleLog(machine.name),
      },
      state: stateDiskSerial === null ? null : { path: layout.stateDisk(machine.name), serial: stateDiskSerial },
    });
    const file = `${layout.machine(machine.name)}/.definition.xml`;
    await files.ensureFolder(layout.machine(machine.name), 0o711);
    await files.write(file, xml, { mode: 0o600 });
    try {
      await owned.act(machine, 'define', [['define', file, '--validate']]);
    } finally {
      await files.removeFile(file);
    }
    await files.removeFile(layout.unmade(machine.name));
  };
}

/** Beside QEMU's own logs, where virtlogd may write on every distribution; no domain of ours can have a dot in its name. */
function consoleLog(name: string): string {
  return `/var/log/libvirt/qemu/${name}.console.log`;
}

function wrongMark(name: string): KreError {
  return new KreError({
    code: 'Internal',
    message: `the mark for ${name} is of another machine or owner`,
    hint: 'This is a defect of kreconcile: please report it.',
    disposition: 'bug',
  });
}

function emulationRefused(reason: string): KreError {
  return new KreError({
    code: 'EmulationRefused',
    message: `this host has no usable hardware virtualisation: ${reason}`,
    hint: 'Enable it in the firmware and load the kvm module, or allow emulation in the agent configuration (slow).',
    disposition: 'stalled',
  });
}
