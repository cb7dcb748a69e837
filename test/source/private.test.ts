import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SourceCredentials } from '../../src/model/agent-config.ts';
import { createRepository, gitConfig, openGit, type TestRepository, temporaryFolder } from './repository.ts';

const token = 'glpat-VerySecret-0123456789';
const none: SourceCredentials = gitConfig('/x').credentials;

let folder: ReturnType<typeof temporaryFolder>;
let repository: TestRepository;
let server: Server;
let origin: string;
/** Names and passwords that the server was shown. */
let shown: string[];

beforeEach(async () => {
  folder = temporaryFolder();
  repository = createRepository(join(folder.path, 'repos/x'));
  repository.commit({ 'dev.yaml': 'a: 1\n' });
  shown = [];
  server = createServer(serveGit);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  folder.remove();
});

/** A git server as hosts run it: `git http-backend` behind basic authentication. */
function serveGit(request: IncomingMessage, response: ServerResponse): void {
  const { pathname, search } = new URL(request.url ?? '/', origin);
  if (pathname.startsWith('/silent')) return;
  if (pathname.startsWith('/moved')) {
    response.writeHead(302, {
      location: `http://localhost:${new URL(origin).port}/x/.git${pathname.slice(6)}${search}`,
    });
    response.end();
    return;
  }
  const [, basic = ''] = (request.headers.authorization ?? '').split(' ');
  const given = Buffer.from(basic, 'base64').toString();
  if (given !== '') shown.push(given);
  if (!given.endsWith(`:${token}`)) {
    response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' });
    response.end();
    return;
  }
  const backend = spawn('git', ['http-backend'], {
    env: {
      ...process.env,
      GIT_PROJECT_ROOT: join(folder.path, 'repos'),
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      REQUEST_METHOD: request.method ?? 'GET',
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      REMOTE_USER: 'git',
    },
  });
  request.pipe(backend.stdin);
  const chunks: Buffer[] = [];
  backend.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  backend.on('close', () => {
    const reply = Buffer.concat(chunks);
    const end = reply.indexOf('\r\n\r\n');
    const headers = reply
      .subarray(0, end)
      .toString()
      .split('\r\n')
      .map((line) => line.split(': ') as [string, string]);
    const status = headers.find(([name]) => name === 'Status')?.[1] ?? '200';
    response.writeHead(Number.parseInt(status, 10), Object.fromEntries(headers.filter(([name]) => name !== 'Status')));
    response.end(reply.subarray(end + 4));
  });
}

function secretFile(name: string, content: string, mode = 0o600): string {
  const path = join(folder.path, name);
  writeFileSync(path, content, { mode });
  chmodSync(path, mode);
  return path;
}

/** Puts programs before git and ssh that write down how they are called, with their environment. */
function recordCalls(): () => string {
  const bin = join(folder.path, 'bin');
  const log = join(folder.path, 'calls.log');
  mkdirSync(bin);
  writeFileSync(log, '');
  const real = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim();
  for (const [name, act] of [
    ['git', `exec ${real} "$@"`],
    ['ssh', 'echo "Host key verification failed." >&2; exit 255'],
  ]) {
    const record = `printf '%s\\n' "${name}" "$@" >>'${log}'; env >>'${log}'`;
    writeFileSync(join(bin, name ?? ''), `#!/bin/sh\n${record}\n${act}\n`, { mode: 0o755 });
  }
  vi.stubEnv('PATH', `${bin}:${process.env['PATH']}`);
  return () => readFileSync(log, 'utf8');
}

const open = (url: string, credentials: Partial<SourceCredentials>, more: object = {}) =>
  openGit(gitConfig(url, { credentials: { ...none, ...credentials } }), join(folder.path, 'state'), more);

const failure = (result: Promise<unknown>): Promise<Error & { code: string; hint: string }> =>
  result.then(
    () => {
      throw new Error('did not fail');
    },
    (thrown) => thrown,
  );

describe('a private repository', () => {
  it('opens to the token of a file, which appears in no argument, environment or text', async () => {
    const calls = recordCalls();
    const source = open(`${origin}/x/.git`, { tokenFile: secretFile('token', `${token}\n`), username: 'robot' });
    const fetched = await source.fetch(null);
    expect(readFileSync(join(fetched.folder, 'dev.yaml'), 'utf8')).toBe('a: 1\n');
    expect(shown).toContain(`robot:${token}`);
    expect(calls()).toContain('ls-remote');
    expect(calls()).not.toContain(token);
    expect(JSON.stringify([source.describe(), source.identity, fetched])).not.toContain(token);
    const found = spawnSync('grep', ['-rl', token, join(folder.path, 'state')], { encoding: 'utf8' });
    expect(found.stdout).toBe('');
  });

  it('opens to a systemd credential, whose access list looks like group permissions', async () => {
    const credentialsFolder = join(folder.path, 'credentials');
    mkdirSync(credentialsFolder);
    secretFile('credentials/git-token', token, 0o440);
    const source = open(`${origin}/x/.git`, { tokenCredential: 'git-token' }, { credentialsFolder });
    await expect(source.fetch(null)).resolves.toMatchObject({ containsLastGood: true });
    const outside = open(`${origin}/x/.git`, { tokenCredential: 'git-token' });
    await expect(outside.fetch(null)).rejects.toMatchObject({ code: 'ConfigInvalid' });
  });

  it('says that the access was refused, without the wrong token', async () => {
    const wrong = 'wrong-but-still-secret';
    const error = await failure(open(`${origin}/x/.git`, { tokenFile: secretFile('token', wrong) }).fetch(null));
    expect(error).toMatchObject({ code: 'SourceAuth', hint: expect.stringContaining('source.credentials') });
    expect(`${error.message} ${error.stack} ${error.hint}`).not.toContain(wrong);
    await expect(open(`${origin}/x/.git`, {}).fetch(null)).rejects.toMatchObject({ code: 'SourceAuth' });
  });

  it('gives the token to nobody that the server redirects to', async () => {
    const source = open(`${origin}/moved`, { tokenFile: secretFile('token', token) });
    await expect(source.fetch(null)).rejects.toMatchObject({ code: 'SourceAuth' });
    expect(shown).toEqual([]);
  });

  it.each([0o640, 0o604])('refuses a token file of mode %o', async (mode) => {
    const error = await failure(open(`${origin}/x/.git`, { tokenFile: secretFile('token', token, mode) }).fetch(null));
    expect(error).toMatchObject({ code: 'ConfigInvalid', hint: expect.stringContaining('chmod 0600') });
    expect(shown).toEqual([]);
  });

  it('names a token file that is missing', async () => {
    const error = await failure(open(`${origin}/x/.git`, { tokenFile: '/nonexistent/token' }).fetch(null));
    expect(error).toMatchObject({ code: 'SourceAuth', message: expect.stringContaining('/nonexistent/token') });
  });

  it('sends no token in clear text to another host', async () => {
    const error = await failure(
      open('http://git.example/x.git', { tokenFile: secretFile('token', token) }).fetch(null),
    );
    expect(error).toMatchObject({ code: 'ConfigInvalid', message: expect.stringContaining('clear text') });
  });

  it('uses the SSH key and the known hosts that are configured, and nothing that asks', async () => {
    const calls = recordCalls();
    const sshKeyFile = secretFile('key', 'not looked at');
    const knownHostsFile = secretFile('known_hosts', '', 0o644);
    const error = await failure(open('git@git.example:team/x.git', { sshKeyFile, knownHostsFile }).fetch(null));
    expect(error).toMatchObject({
      code: 'SourceAuth',
      message: expect.stringContaining('Host key verification failed'),
    });
    const call = calls().split('\nssh\n')[1]?.split('\n') ?? [];
    expect(call).toEqual(
      expect.arrayContaining([
        sshKeyFile,
        `UserKnownHostsFile=${knownHostsFile}`,
        'BatchMode=yes',
        'StrictHostKeyChecking=yes',
      ]),
    );
  });

  it('gives up on a server that does not answer', async () => {
    const source = open(`${origin}/silent`, {}, { timeouts: { askMs: 200, fetchMs: 200 } });
    await expect(source.fetch(null)).rejects.toMatchObject({
      code: 'SourceUnreachable',
      message: expect.stringContaining('no answer within 0.2 s'),
    });
  });
});
