import { aptFamily } from '../apt-family.ts';
import type { OperatingSystem } from '../os.ts';

/** Debian's generic cloud images, 12 and later. */
export const debian: OperatingSystem = { ...aptFamily, name: 'debian', defaultUser: 'debian' };
