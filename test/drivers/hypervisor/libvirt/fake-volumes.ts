import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { VirshComplaint } from '../../../virsh/fake-virsh.ts';

/** Storage pools of a fake libvirt, which as root may open every file. */
export interface FakeVolumes {
  /** Folders by name of the pool. */
  readonly pools: ReadonlyMap<string, string>;
  /** Answers commands about pools and volumes; `null` for others. */
  answer(words: readonly string[]): string | null;
}

export function fakeVolumes(): FakeVolumes {
  const pools = new Map<string, string>();
  const option = (words: readonly string[], name: string): string => words[words.indexOf(name) + 1] ?? '';
  const volume = (words: readonly string[]): string => {
    const folder = pools.get(option(words, '--pool'));
    if (folder === undefined) throw new VirshComplaint(`failed to get pool '${option(words, '--pool')}'`);
    const path = join(folder, words[1] ?? '');
    if (!existsSync(path)) throw new VirshComplaint(`failed to get vol '${words[1]}'`);
    return path;
  };
  const commands: Readonly<Record<string, (words: readonly string[]) => string>> = {
    'pool-create-as': (words) => {
      if (pools.has(words[1] ?? '')) throw new VirshComplaint(`operation failed: pool '${words[1]}' already exists`);
      pools.set(words[1] ?? '', option(words, '--target'));
      return `Pool ${words[1]} created`;
    },
    'pool-destroy': (words) => {
      if (!pools.delete(words[1] ?? '')) throw new VirshComplaint(`failed to get pool '${words[1]}'`);
      return `Pool ${words[1]} destroyed`;
    },
    'vol-download': (words) => {
      copyFileSync(volume(words), words[2] ?? '');
      return '';
    },
    'vol-info': (words) => {
      const size = JSON.parse(readFileSync(volume(words), 'utf8'))['virtual-size'];
      return `Name:           ${words[1]}\nType:           file\nCapacity:       ${size} bytes\nAllocation:     4096 bytes`;
    },
    'vol-resize': (words) => {
      const header = JSON.parse(readFileSync(volume(words), 'utf8'));
      const size = Number((words[2] ?? '').replace('MiB', '')) * 2 ** 20;
      writeFileSync(volume(words), JSON.stringify({ ...header, 'virtual-size': size }));
      return '';
    },
  };
  return { pools, answer: (words) => commands[words[0] ?? '']?.(words) ?? null };
}
