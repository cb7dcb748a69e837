import { fileURLToPath } from 'node:url';
import { sourceConfigInvalid } from './source-errors.ts';

/** A repository's address, safe to show and to pass as an argument: a password never stands in it. */
export interface GitUrl {
  /** What git is given. */
  readonly argument: string;
  /** What people are shown. */
  readonly shown: string;
  /** Path of a repository on this host; `null` for a remote one. */
  readonly localPath: string | null;
  /** `https://host:port` where a token can go; `null` for other transports. */
  readonly origin: string | null;
  /** User name that stood in an http address. */
  readonly username: string | null;
}

const schemes = new Set(['http:', 'https:', 'ssh:', 'git:', 'git+ssh:', 'ssh+git:']);
/** `git@host:path`, as scp writes it. */
const scpLike = /^(?:[A-Za-z0-9._-]+@)?(?:[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:]+\]):(?!:)(?!\/\/)[^-\s]\S*$/;

/** Reads an address that git takes. Transports that run programs (`ext::`), options and passwords are `ConfigInvalid`. */
export function parseGitUrl(text: string): GitUrl {
  if (text.startsWith('/')) return local(text, text);
  if (!/^[a-z][a-z+]*:\/\//i.test(text)) {
    if (scpLike.test(text)) return { argument: text, shown: text, localPath: null, origin: null, username: null };
    throw refused(text);
  }
  const url = parse(text);
  if (url.protocol === 'file:') return local(url.href, pathOf(url));
  if (!schemes.has(url.protocol) || url.hostname === '') throw refused(withoutUserinfo(url));
  if (url.password !== '') {
    throw sourceConfigInvalid(
      `the address of the source ${withoutUserinfo(url)} holds a password`,
      'Put the password or token into a file of mode 0600 and name it as source.credentials.tokenFile; arguments and logs are no place for it.',
    );
  }
  if (!url.protocol.startsWith('http')) {
    return { argument: url.href, shown: url.href, localPath: null, origin: null, username: null };
  }
  const username = url.username === '' ? null : decodeURIComponent(url.username);
  url.username = '';
  url.hash = '';
  return { argument: url.href, shown: withoutUserinfo(url), localPath: null, origin: url.origin, username };
}

function local(argument: string, path: string): GitUrl {
  return { argument, shown: argument, localPath: path, origin: null, username: null };
}

function parse(text: string): URL {
  try {
    return new URL(text);
  } catch {
    throw refused('the given text');
  }
}

function pathOf(url: URL): string {
  try {
    return fileURLToPath(url);
  } catch {
    throw refused(url.href);
  }
}

function withoutUserinfo(url: URL): string {
  const shown = new URL(url);
  shown.username = '';
  shown.password = '';
  shown.search = '';
  shown.hash = '';
  return shown.href;
}

function refused(shown: string) {
  return sourceConfigInvalid(
    `${JSON.stringify(shown)} is not the address of a git repository`,
    'Use https://…, ssh://…, git@host:path, file:///… or an absolute path.',
  );
}
