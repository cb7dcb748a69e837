import { KreError } from '../../../model/error.ts';

/**
 * Where everything of ours lies below the images folder: images by digest on the top, one folder a machine, and
 * `retained`. Image names have a dot, machine names (DNS labels) have none, so they never meet.
 */
export interface Layout {
  readonly root: string;
  readonly retained: string;
  machine(name: string): string;
  generation(name: string, generation: number): string;
  rootDisk(name: string, generation: number): string;
  seed(name: string, generation: number): string;
  /** Stands in a generation's folder until the machine is first started from it. */
  unstarted(name: string, generation: number): string;
  /** Says for whom a machine's folder was made, until the machine has a domain. */
  unmade(name: string): string;
  stateDisk(name: string): string;
  /** The copy of the state disk that was made for leaving a generation. */
  stateCopy(name: string, generation: number): string;
  /** The state disk that going back has put aside. */
  setAsideState(name: string): string;
  image(digest: string, format: 'qcow2' | 'raw'): string;
  /** What is downloaded of an image so far. */
  partialImage(digest: string): string;
}

/** An image that has its final name in the images folder. */
export interface ImageFile {
  readonly digest: string;
  readonly format: 'qcow2' | 'raw';
}

const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const digestForm = /^(sha256):([0-9a-f]{64})$|^(sha512):([0-9a-f]{128})$/;
const imageName = /^(sha256-[0-9a-f]{64}|sha512-[0-9a-f]{128})\.(qcow2|raw)$/;
const retainedName = 'retained';
/** The state disk in a machine's folder. */
export const stateDiskName = 'state.qcow2';
/** In the folder of a machine that has no domain yet. */
export const unmadeName = 'unmade.json';
/** The state disk that going back has put aside, in a machine's folder. */
export const setAsideName = 'state-failed.qcow2';

/** The layout below an absolute folder. Its functions throw `Internal` on a name or digest that validation never lets pass. */
export function createLayout(root: string): Layout {
  const machine = (name: string): string => {
    if (!isMachineFolder(name)) throw unusable(`${JSON.stringify(name)} is no machine name`);
    return `${root}/${name}`;
  };
  const checked = (number: number): number => {
    if (!Number.isSafeInteger(number) || number < 1) throw unusable(`${number} is no generation`);
    return number;
  };
  const generation = (name: string, number: number): string => `${machine(name)}/${checked(number)}`;
  return {
    root,
    retained: `${root}/${retainedName}`,
    machine,
    generation,
    rootDisk: (name, number) => `${generation(name, number)}/root.qcow2`,
    seed: (name, number) => `${generation(name, number)}/seed.iso`,
    unstarted: (name, number) => `${generation(name, number)}/unstarted`,
    unmade: (name) => `${machine(name)}/${unmadeName}`,
    stateDisk: (name) => `${machine(name)}/${stateDiskName}`,
    stateCopy: (name, number) => `${machine(name)}/state-${checked(number)}.qcow2`,
    setAsideState: (name) => `${machine(name)}/${setAsideName}`,
    image: (digest, format) => `${root}/${digestWord(digest)}.${format}`,
    partialImage: (digest) => `${root}/.${digestWord(digest)}.part`,
  };
}

/** Whether a name in the images folder can be a machine's folder. */
export function isMachineFolder(name: string): boolean {
  return label.test(name) && name !== retainedName;
}

/** The generation that a name in a machine's folder stands for; `null` if it is none. */
export function generationOf(name: string): number | null {
  return /^[1-9][0-9]{0,8}$/.test(name) ? Number(name) : null;
}

/** The generation whose leaving a name in a machine's folder is the state disk's copy of; `null` if it is none. */
export function copyOf(name: string): number | null {
  return generationOf(/^state-(\d+)\.qcow2$/.exec(name)?.[1] ?? '');
}

/** The image that a name in the images folder stands for; `null` if it is none. */
export function imageOf(name: string): ImageFile | null {
  const match = imageName.exec(name);
  if (!match) return null;
  return { digest: (match[1] ?? '').replace('-', ':'), format: match[2] === 'raw' ? 'raw' : 'qcow2' };
}

function digestWord(digest: string): string {
  if (!digestForm.test(digest)) throw unusable(`${JSON.stringify(digest)} is no digest`);
  return digest.replace(':', '-');
}

function unusable(message: string): KreError {
  return new KreError({
    code: 'Internal',
    message,
    hint: 'Validation should have refused it: please report this.',
    disposition: 'bug',
  });
}
