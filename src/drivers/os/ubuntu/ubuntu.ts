import { aptFamily } from '../apt-family.ts';
import type { OperatingSystem } from '../os.ts';

/** Ubuntu's cloud images, 22.04 and later. */
export const ubuntu: OperatingSystem = { ...aptFamily, name: 'ubuntu', defaultUser: 'ubuntu' };
