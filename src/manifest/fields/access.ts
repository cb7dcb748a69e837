import * as z from 'zod';
import type { Access } from '../../model/manifest.ts';
import { matching } from '../matching.ts';

const KEY =
  /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)|sk-ssh-ed25519@openssh\.com|sk-ecdsa-sha2-nistp256@openssh\.com) ([A-Za-z0-9+/]{40,}={0,2})(?: [A-Za-z0-9 ._@:/+=-]{0,200})?$/;
const USER = /^[a-z_][a-z0-9_-]{0,31}$/;
const keyForm = 'one line of a public key as ~/.ssh/id_ed25519.pub holds it, without options';

/** An OpenSSH public key in authorized_keys form, without options. */
export const sshPublicKey = z
  .string()
  .refine((line) => !line.includes('PRIVATE KEY'), {
    error: keyForm,
    params: {
      hint: 'This is a private key: remove it from the repository and its history, and replace it everywhere.',
    },
    abort: true,
  })
  .regex(KEY, keyForm)
  .refine(isWholeKey, {
    error: `${keyForm}, whole`,
    params: { hint: 'Part of the key seems to be missing: copy the line again.' },
  })
  .meta({ title: 'SSH public key' });

/** The blob repeats the key's type (RFC 4253 section 6.6), then holds length-prefixed fields to its very end. */
function isWholeKey(line: string): boolean {
  const match = KEY.exec(line);
  if (!match) return true;
  const blob = Buffer.from(match[2] ?? '', 'base64');
  const fields: Buffer[] = [];
  let offset = 0;
  while (offset + 4 <= blob.length) {
    const end = offset + 4 + blob.readUInt32BE(offset);
    fields.push(blob.subarray(offset + 4, end));
    offset = end;
  }
  return offset === blob.length && fields.length > 1 && fields[0]?.toString('latin1') === match[1];
}

export const access = matching<Access>()(
  z.strictObject({
    user: z
      .string()
      .regex(USER, 'a Linux user name')
      .meta({ title: 'user name' })
      .describe("Login user. Default: the image's own, `debian` or `ubuntu`.")
      .optional(),
    sshAuthorizedKeys: z
      .array(sshPublicKey)
      .max(100)
      .describe('Public keys that may log in. Without any, nobody can log in over SSH; kreconcile itself needs none.')
      .optional(),
  }),
);
