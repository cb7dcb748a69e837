import * as z from 'zod';
import { DEFAULTS } from '../../model/defaults.ts';
import type { MachineClassManifest, MachineClassSpec } from '../../model/manifest.ts';
import { byteQuantity, wholeNumber } from '../fields/amount.ts';
import { nameLimits } from '../fields/name.ts';
import { documentSchema, type KindDefinition } from '../kind.ts';
import { matching } from '../matching.ts';

const spec = matching<MachineClassSpec>()(
  z.strictObject({
    cpus: wholeNumber(1, 512).describe('Virtual CPUs.'),
    memory: byteQuantity('64Mi').describe('Memory.'),
    disk: byteQuantity('1Gi').describe('Root disk. It grows and never shrinks.'),
    stateDisk: byteQuantity('1Gi')
      .describe(
        `Disk for what must outlive the root disk. Default: ${DEFAULTS.stateDisk} for the nodes of a cluster, none for Machines.`,
      )
      .optional(),
    cpuMode: z
      .enum(['host-passthrough', 'host-model', 'maximum'])
      .meta({ default: DEFAULTS.cpuMode })
      .describe("The CPU that the guest sees: the host's, libvirt's nearest named model, or all that the emulator has.")
      .optional(),
    firmware: z
      .enum(['bios', 'efi'])
      .meta({ default: DEFAULTS.firmware })
      .describe('Firmware that boots the guest.')
      .optional(),
  }),
);

/** Sizes that machines share. */
export const machineClass: KindDefinition<MachineClassManifest> = {
  kind: 'MachineClass',
  schema: documentSchema(
    'MachineClass',
    'A size of machine that clusters and machines refer to.',
    nameLimits.label,
    spec.describe('What a machine of this class is made of.'),
  ),
  rules: () => [],
};
