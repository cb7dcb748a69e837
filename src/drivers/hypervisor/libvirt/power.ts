import { KreError } from '../../../model/error.ts';
import type { Files } from '../../../model/ports.ts';
import type { Virsh } from '../../../virsh/virsh.ts';
import type { Hypervisor, MachineRef } from '../hypervisor.ts';
import { refused } from './failures.ts';
import type { HostOperations } from './host-operations.ts';
import type { Layout } from './layout.ts';
import { markNamespace, markPrefix, markText } from './mark-text.ts';
import type { Ownership } from './owned.ts';
import { isCopyOf } from './state-copy.ts';
import { removeCopy } from './state-files.ts';
import { buildXml } from './xml.ts';

type PowerActs = Pick<
  Hypervisor,
  'start' | 'shutdown' | 'powerOff' | 'reset' | 'resume' | 'setAutostart' | 'writeMark'
>;

/** libvirt waits up to a minute for an agent that was asked to shut down; whether it did is for observing to tell. */
const shutdownTimeoutMs = 4_000;

export interface PowerParts {
  readonly virsh: Virsh;
  readonly owned: Ownership;
  readonly layout: Layout;
  readonly files: Files;
  readonly operations: HostOperations;
}

/** The short acts; promises as `MachineActs` states them. */
export function createPowerActs({ virsh, owned, layout, files, operations }: PowerParts): PowerActs {
  return {
    start: async (machine) => {
      const { isActive, mark } = await owned.require(machine);
      await files.removeFile(layout.unmade(machine.name));
      await files.removeFile(layout.unstarted(machine.name, mark.generation));
      if (isActive) return;
      await operations.stop(isCopyOf(machine));
      const hasState = (await files.stat(layout.stateDisk(machine.name))) !== null;
      if (hasState) await removeCopy(files, layout, machine, mark.generation);
      await owned.act(machine, 'start', [['start', machine.uuid]]);
    },
    shutdown: async (machine, mode) => {
      const { isActive } = await owned.require(machine);
      if (isActive) await askForShutdown(virsh, machine, mode);
    },
    powerOff: async (machine) => {
      const { isActive } = await owned.require(machine);
      if (isActive) await owned.act(machine, 'power off', [['destroy', machine.uuid]]);
    },
    reset: async (machine) => {
      const { state } = await owned.require(machine);
      if (state === 'running') await owned.act(machine, 'reset', [['reset', machine.uuid]]);
    },
    resume: async (machine) => {
      const { state } = await owned.require(machine);
      if (state === 'paused') await owned.act(machine, 'resume', [['resume', machine.uuid]]);
    },
    setAutostart: async (machine, on) => {
      await owned.require(machine);
      const option = on ? [] : ['--disable'];
      await owned.act(machine, 'set autostart of', [['autostart', machine.uuid, ...option]]);
    },
    writeMark: async (machine, mark) => {
      const { isActive } = await owned.require(machine);
      const flags = isActive ? ['--live', '--config'] : ['--config'];
      const xml = buildXml({ mark: markText(mark) }).trim();
      const set = ['--key', markPrefix, '--set', xml];
      await owned.act(machine, 'mark', [['metadata', machine.uuid, markNamespace, ...flags, ...set]], 'input');
    },
  };
}

async function askForShutdown(virsh: Virsh, machine: MachineRef, mode: 'agent' | 'acpi'): Promise<void> {
  try {
    const options = { timeoutMs: shutdownTimeoutMs };
    const [result] = await virsh.run([['shutdown', machine.uuid, '--mode', mode]], options);
    // It may have gone off between looking and asking.
    if (result && !result.ok && !/domain is not running/i.test(result.error)) {
      throw refused(machine, 'shut down', result.error);
    }
  } catch (thrown) {
    if (thrown instanceof KreError && thrown.code === 'ExecTimeout') return;
    throw thrown;
  }
}
