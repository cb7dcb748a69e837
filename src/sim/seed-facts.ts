import { createHash } from 'node:crypto';
import { parse } from 'yaml';
import type { SeedFiles } from '../model/seed.ts';
import type { SeedFacts } from './state.ts';

const settingsPath = '/etc/kreconcile/node.env';
const programPath = '/usr/local/libexec/kreconcile/guest';

/** What a guest would take from a seed. A seed without settings (a plain machine, a test) leaves them open and lets a state disk be new. */
export function readSeed(seed: SeedFiles): SeedFacts {
  const userData = ownPart(seed.userData);
  const files = writtenFiles(userData);
  const settings = files.get(settingsPath);
  const program = files.get(programPath);
  return {
    instanceId: /^instance-id:\s*(\S+)/m.exec(seed.metaData)?.[1] ?? 'nocloud',
    digest: `sha256:${hashOf([seed.userData, seed.metaData, seed.networkConfig].join('\0'))}`,
    stateUuid: setting(settings, 'STATE_UUID'),
    stateNew: settings === undefined ? !userData.includes('mount-state') : setting(settings, 'STATE_NEW') === '1',
    program: program === undefined ? null : `sha256:${hashOf(program)}`,
    version: setting(settings, 'VERSION'),
    restore: setting(settings, 'RESTORE') === '1',
    joins: setting(settings, 'JOINS') === '1',
  };
}

/** Of a multipart message the first part: a user's own user-data comes after ours. */
function ownPart(userData: string): string {
  if (!userData.startsWith('Content-Type: multipart/')) return userData;
  const [, part = ''] = userData.split(/^--[^\n]*$/m);
  return Buffer.from(part.split('\n\n')[1] ?? '', 'base64').toString('utf8');
}

/** `sha256:<hex>` of a text: an in-guest program, a backup. */
export function programDigest(text: string | Uint8Array): string {
  return `sha256:${hashOf(text)}`;
}

function hashOf(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex');
}

function setting(settings: string | undefined, name: string): string | null {
  const value = new RegExp(`^${name}=(['"]?)(.*)\\1$`, 'm').exec(settings ?? '')?.[2];
  return value === undefined || value === '' ? null : value;
}

/** `write_files` of cloud-config user-data by path. Parsing is worth its time only where our files are among them. */
function writtenFiles(userData: string): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  if (!userData.includes(settingsPath) && !userData.includes(programPath)) return files;
  const document: unknown = parse(userData);
  const entries = isRecord(document) && Array.isArray(document['write_files']) ? document['write_files'] : [];
  const written = /^base64 -d >(\S+)\.new <<'(\w+)'\n([^']*?)\n\2$/gm;
  for (const [, path = '', , text = ''] of bootCommands(document).matchAll(written))
    files.set(path, decoded(text, 'b64'));
  for (const entry of entries) {
    if (!isRecord(entry) || typeof entry['path'] !== 'string' || typeof entry['content'] !== 'string') continue;
    files.set(entry['path'], decoded(entry['content'], entry['encoding']));
  }
  return files;
}

/** `bootcmd` writes what must come before services, as here-documents of base64. */
function bootCommands(document: unknown): string {
  const commands = isRecord(document) && Array.isArray(document['bootcmd']) ? document['bootcmd'] : [];
  return commands.filter((command) => typeof command === 'string').join('\n');
}

function decoded(content: string, encoding: unknown): string {
  return encoding === 'b64' || encoding === 'base64' ? Buffer.from(content, 'base64').toString('utf8') : content;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
