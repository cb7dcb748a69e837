import * as z from 'zod';
import { DEFAULTS } from '../../model/defaults.ts';
import type { ImageManifest, ImageSpec } from '../../model/manifest.ts';
import { nameLimits } from '../fields/name.ts';
import { checksum, fileUrl } from '../fields/url.ts';
import { documentSchema, type KindDefinition } from '../kind.ts';
import { matching } from '../matching.ts';

const spec = matching<ImageSpec>()(
  z.strictObject({
    os: z.enum(['debian', 'ubuntu']).describe('Operating system in the image.'),
    version: z
      .string()
      .regex(/^[0-9A-Za-z][0-9A-Za-z._-]{0,31}$/, 'a version such as "13" or "24.04"')
      .meta({ title: 'version' })
      .describe('Version of the operating system, in quotes: `"13"`, `"24.04"`.'),
    arch: z.enum(['x86_64', 'aarch64']).meta({ default: DEFAULTS.arch }).describe('Processor architecture.').optional(),
    url: fileUrl.describe('Where the image is: an http, https or file URL.'),
    mirrors: z.array(fileUrl).max(20).describe('Further URLs of the same file, tried in order after `url`.').optional(),
    checksum: checksum.describe(
      'Digest of the file. It is the identity of the image: another digest is another root disk.',
    ),
    format: z.enum(['qcow2', 'raw']).meta({ default: DEFAULTS.imageFormat }).describe('Format of the file.').optional(),
  }),
);

/** A disk image to start machines from. */
export const image: KindDefinition<ImageManifest> = {
  kind: 'Image',
  schema: documentSchema(
    'Image',
    'A cloud image that machines start from.',
    nameLimits.label,
    spec.describe('Which file it is and what is in it.'),
  ),
  rules: () => [],
};
