import { join } from 'node:path';
import type { SourceCredentials } from '../model/agent-config.ts';
import type { Files } from '../model/ports.ts';
import type { GitUrl } from './git-url.ts';
import { sourceConfigInvalid, sourceRefused } from './source-errors.ts';

/**
 * A constant program text that git runs through `sh`; what varies comes by the environment, so nothing is quoted by hand
 * and the token goes from its file to git through a pipe: it is in no argument, no environment and no file of ours.
 */
const credentialHelper =
  '!f() { [ "$1" = get ] || exit 0; printf "username=%s\\npassword=%s\\n" "$KRECONCILE_GIT_USERNAME" "$(cat "$KRECONCILE_GIT_TOKEN_FILE")"; }; f';

/** An unknown host key is refused and nobody is asked anything; git runs this text through `sh` too. */
const sshProgram =
  'ssh -o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=15 -o ServerAliveInterval=15 -o ServerAliveCountMax=2';
const withKey = ' -o IdentitiesOnly=yes -i "$KRECONCILE_SSH_KEY"';
const withKnownHosts = ' -o UserKnownHostsFile="$KRECONCILE_KNOWN_HOSTS" -o GlobalKnownHostsFile=/dev/null';

/** What gitAccess needs to know. `credentialsFolder` is systemd's `$CREDENTIALS_DIRECTORY`. */
export interface AccessRequest {
  readonly files: Files;
  readonly url: GitUrl;
  readonly credentials: SourceCredentials;
  readonly credentialsFolder: string | null;
}

/**
 * The environment that lets git reach the repository. Files with secrets must exist (`SourceAuth`) and be readable by their
 * owner alone (`ConfigInvalid`).
 */
export async function gitAccess(request: AccessRequest): Promise<Readonly<Record<string, string>>> {
  const { files, url, credentials, credentialsFolder } = request;
  const tokenFile = tokenFileOf(request);
  for (const path of [credentials.sshKeyFile, tokenFile]) {
    if (path !== null) await checkSecretFile(files, url.shown, path, credentialsFolder);
  }
  return {
    ...sshEnvironment(credentials),
    ...(tokenFile === null ? {} : tokenEnvironment(url, credentials, tokenFile)),
  };
}

function sshEnvironment({ sshKeyFile, knownHostsFile }: SourceCredentials): Record<string, string> {
  return {
    GIT_SSH_COMMAND:
      sshProgram + (sshKeyFile === null ? '' : withKey) + (knownHostsFile === null ? '' : withKnownHosts),
    GIT_SSH_VARIANT: 'ssh',
    ...(sshKeyFile === null ? {} : { KRECONCILE_SSH_KEY: sshKeyFile }),
    ...(knownHostsFile === null ? {} : { KRECONCILE_KNOWN_HOSTS: knownHostsFile }),
  };
}

/** The helper holds for the repository's own origin only: a server it redirects to is not given the token. */
function tokenEnvironment(url: GitUrl, credentials: SourceCredentials, tokenFile: string): Record<string, string> {
  return {
    GIT_CONFIG_COUNT: '2',
    GIT_CONFIG_KEY_0: 'credential.helper',
    GIT_CONFIG_VALUE_0: '',
    GIT_CONFIG_KEY_1: `credential.${url.origin ?? ''}.helper`,
    GIT_CONFIG_VALUE_1: credentialHelper,
    KRECONCILE_GIT_USERNAME: url.username ?? credentials.username,
    KRECONCILE_GIT_TOKEN_FILE: tokenFile,
  };
}

function tokenFileOf({ url, credentials, credentialsFolder }: AccessRequest): string | null {
  const { tokenFile, tokenCredential } = credentials;
  if (tokenFile === null && tokenCredential === null) return null;
  if (url.origin === null) {
    throw sourceConfigInvalid(
      `a token is configured, but ${url.shown} is not an http address`,
      'Use an https address, or an SSH key with source.credentials.sshKeyFile.',
    );
  }
  if (url.origin.startsWith('http:') && !isLoopback(new URL(url.origin).hostname)) {
    throw sourceConfigInvalid(
      `the token would travel to ${url.origin} in clear text`,
      'Use an https address for a repository that needs a token.',
    );
  }
  if (tokenFile !== null) return tokenFile;
  if (credentialsFolder === null) {
    throw sourceConfigInvalid(
      `source.credentials.tokenCredential is ${JSON.stringify(tokenCredential)}, but there are no systemd credentials here`,
      'Add LoadCredential= to the unit, or use source.credentials.tokenFile when kreconcile is not started by systemd.',
    );
  }
  return join(credentialsFolder, tokenCredential ?? '');
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\./.test(hostname);
}

async function checkSecretFile(files: Files, shown: string, path: string, systemd: string | null): Promise<void> {
  const real = await files.realPath(path);
  const stat = real === null ? null : await files.stat(real);
  if (stat === null || stat.kind !== 'file') throw sourceRefused(shown, `there is no file ${path}`);
  // systemd grants access to its credentials by an access list, which shows as group permissions.
  if (systemd !== null && path.startsWith(`${systemd}/`)) return;
  if ((stat.mode & 0o077) !== 0) {
    throw sourceConfigInvalid(
      `${path} holds a secret and others may read it (mode ${(stat.mode & 0o777).toString(8).padStart(4, '0')})`,
      `Run: chmod 0600 ${path}`,
    );
  }
}
