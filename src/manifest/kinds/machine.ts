import { isMap, LineCounter } from 'yaml';
import * as z from 'zod';
import { DEFAULTS } from '../../model/defaults.ts';
import type { MachineManifest, MachineSpec } from '../../model/manifest.ts';
import { composeDocuments } from '../compose.ts';
import { access } from '../fields/access.ts';
import { ipv4Address } from '../fields/address.ts';
import { nameLimits, reference } from '../fields/name.ts';
import { changePolicy, policyFields } from '../fields/policies.ts';
import { documentSchema, type KindDefinition } from '../kind.ts';
import { matching } from '../matching.ts';
import { readNodes } from '../node-trouble.ts';

const userDataForm = 'cloud-init user-data: "#cloud-config" in the first line, then a YAML map';

const userData = z
  .string()
  .regex(/^#cloud-config[ \t]*\r?\n/, userDataForm)
  .max(256 * 1024, 'at most 256 KiB')
  .refine(isYamlMap, {
    error: userDataForm,
    params: { hint: 'The text after "#cloud-config" is not one valid YAML map.' },
  })
  .meta({ title: 'cloud-config' });

function isYamlMap(text: string): boolean {
  const [first, ...others] = composeDocuments(text, new LineCounter());
  if (!first || 'tooDeepAt' in first || others.length > 0) return false;
  const read = readNodes(first.yaml);
  return 'value' in read && isMap(first.yaml.contents);
}

const spec = matching<MachineSpec>()(
  z.strictObject({
    image: reference('Image').describe('Image to start from.'),
    machineClass: reference('MachineClass').describe('Size of the machine.'),
    network: reference('Network').meta({ default: DEFAULTS.network }).describe('Network it is attached to.').optional(),
    address: ipv4Address
      .describe("Address that stays with the machine, inside the Network's subnet. Default: what DHCP gives.")
      .optional(),
    access: access.describe('Who may log in.').optional(),
    userData: userData
      .describe("cloud-init user-data, merged after kreconcile's own. Applied at first boot.")
      .optional(),
    guestAgent: z
      .boolean()
      .meta({ default: DEFAULTS.guestAgent })
      .describe('Whether the machine counts as ready only when its guest agent answers.')
      .optional(),
    upgrade: changePolicy.describe('How changes are carried out.').optional(),
    ...policyFields,
  }),
);

/** A virtual machine without Kubernetes. */
export const machine: KindDefinition<MachineManifest> = {
  kind: 'Machine',
  schema: documentSchema(
    'Machine',
    'A virtual machine without Kubernetes.',
    nameLimits.label,
    spec.describe('What the machine is.'),
    // Its folder would be the one in which the state disks of deleted machines are kept.
    ['retained'],
  ),
  rules: () => [],
};
