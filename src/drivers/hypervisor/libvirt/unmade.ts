/** What stands in the folder of a machine that has no domain, and so no mark, yet. */
import type { FileStat, Files } from '../../../model/ports.ts';
import type { MachineRef } from '../hypervisor.ts';
import type { Layout } from './layout.ts';

/** For whom a folder was made. */
export interface Unmade {
  readonly owner: string;
  readonly uuid: string;
  /** The blank state disk as it was when it was made there; absent: it was not, or nobody knows. */
  readonly state?: Pick<FileStat, 'sizeBytes' | 'modifiedMs'>;
}

const maxBytes = 4_096;

/** `null` where nothing readable says so. */
export async function readUnmade(files: Files, layout: Layout, machine: string): Promise<Unmade | null> {
  const text = await files.read(layout.unmade(machine), maxBytes);
  try {
    const { owner, uuid, state } = JSON.parse(text ?? 'null') as Partial<Unmade>;
    if (typeof owner !== 'string' || typeof uuid !== 'string') return null;
    const isStat = typeof state?.sizeBytes === 'number' && typeof state.modifiedMs === 'number';
    return { owner, uuid, ...(isStat ? { state } : {}) };
  } catch {
    return null;
  }
}

/** Writes down for whom the folder, which stands, is made. What an interrupted preparation wrote stays. */
export async function markUnmade(files: Files, layout: Layout, machine: MachineRef, owner: string): Promise<void> {
  const known = await readUnmade(files, layout, machine.name);
  if (known?.owner === owner && known.uuid === machine.uuid) return;
  await writeUnmade(files, layout, machine, { owner, uuid: machine.uuid });
}

/** Adds that the state disk was made with the folder just now; not where nothing says for whom that is. */
export async function noteBlankState(files: Files, layout: Layout, machine: MachineRef): Promise<void> {
  const unmade = await readUnmade(files, layout, machine.name);
  const stat = await files.stat(layout.stateDisk(machine.name));
  if (unmade === null || stat === null) return;
  const state = { sizeBytes: stat.sizeBytes, modifiedMs: stat.modifiedMs };
  await writeUnmade(files, layout, machine, { ...unmade, state });
}

function writeUnmade(files: Files, layout: Layout, { name }: MachineRef, unmade: Unmade): Promise<void> {
  return files.write(layout.unmade(name), `${JSON.stringify(unmade)}\n`);
}

/** Whether the machine was ever started from that root disk. */
export async function wasStarted(files: Files, layout: Layout, machine: string, generation: number): Promise<boolean> {
  const found = await files.list(layout.generation(machine, generation));
  return found.includes('root.qcow2') && !found.includes('unstarted');
}
