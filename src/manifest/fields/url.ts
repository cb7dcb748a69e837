import * as z from 'zod';

/** Characters that no URL needs and that a shell, XML or a log line would read as something else are refused by form. */
const WEB = /^https?:\/\/[A-Za-z0-9.[\]:-]+(?:\/[A-Za-z0-9._~:/?#@!$&()*+,;=%-]*)?$/;
const WEB_OR_FILE = /^(?:https?:\/\/[A-Za-z0-9.[\]:-]+|file:\/\/)\/[A-Za-z0-9._~:/?#@!$&()*+,;=%-]*$/;

const webForm = 'an http or https URL without spaces, quotes or credentials';
const imageForm = 'an http, https or file URL of a file, without spaces, quotes or credentials';
const params = { hint: 'Escape other characters as %XX; credentials do not belong into the repository.' };

/** An http or https URL. */
export const webUrl = z
  .string()
  .max(2048, 'at most 2048 characters')
  .regex(WEB, webForm)
  .refine(isUrl, { error: webForm, params })
  .meta({ title: 'URL' });

/** An http, https or file URL with a path; a file URL has no host and an absolute path. */
export const fileUrl = z
  .string()
  .max(2048, 'at most 2048 characters')
  .regex(WEB_OR_FILE, imageForm)
  .refine(isUrl, { error: imageForm, params })
  .meta({ title: 'URL' });

function isUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  const climbs = decodable(text)?.split('/').includes('..') ?? true;
  return url.username === '' && url.password === '' && !climbs;
}

function decodable(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

const CHECKSUM = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

export const checksum = z
  .string()
  .regex(CHECKSUM, 'sha256: and 64 hexadecimal digits, or sha512: and 128, in lower case')
  .meta({ title: 'checksum' });
