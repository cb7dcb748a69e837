import type { Kind, Manifest } from '../model/manifest.ts';
import type { KindDefinition } from './kind.ts';
import { cluster } from './kinds/cluster.ts';
import { image } from './kinds/image.ts';
import { machine } from './kinds/machine.ts';
import { machineClass } from './kinds/machine-class.ts';
import { network } from './kinds/network.ts';

/** Every kind of manifest, in the order in which the documentation has them. */
export const KINDS: { readonly [K in Kind]: KindDefinition<Extract<Manifest, { kind: K }>> } = {
  Cluster: cluster,
  Machine: machine,
  MachineClass: machineClass,
  Image: image,
  Network: network,
};

/** Whether a text names a kind. */
export function isKind(text: string): text is Kind {
  return Object.hasOwn(KINDS, text);
}
