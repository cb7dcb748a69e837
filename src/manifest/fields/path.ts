import * as z from 'zod';

const ABSOLUTE = /^(?:\/[A-Za-z0-9._@+-]+)+$/;
const RELATIVE = /^[A-Za-z0-9_@+-][A-Za-z0-9._@+-]*(?:\/[A-Za-z0-9._@+-]+)*$/;
/** Folders that the operating system itself needs from the root disk. */
const SYSTEM = new Set([
  '/bin',
  '/boot',
  '/dev',
  '/etc',
  '/lib',
  '/lib64',
  '/proc',
  '/root',
  '/run',
  '/sbin',
  '/sys',
  '/tmp',
  '/usr',
  '/var',
  '/var/lib',
  '/var/log',
  '/var/run',
]);

function hasDots(path: string): boolean {
  return path.split('/').some((part) => part === '.' || part === '..');
}

const absoluteForm =
  'an absolute path of letters, digits, ".", "_", "@", "+" and "-", without ".." and no system folder';

/** A folder inside the guest that is kept on the state disk. */
export const guestPath = z
  .string()
  .max(200, 'at most 200 characters')
  .regex(ABSOLUTE, absoluteForm)
  .refine((path) => !hasDots(path) && !SYSTEM.has(path), { error: absoluteForm })
  .meta({ title: 'path' });

/** Whether a text is a path that stays inside the manifest folder, by its form. */
export function isRepositoryPath(text: string): boolean {
  return text.length <= 500 && RELATIVE.test(text) && !hasDots(text);
}
