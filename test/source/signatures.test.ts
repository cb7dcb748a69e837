import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SourceVerify } from '../../src/model/agent-config.ts';
import { createRepository, gitConfig, openGit, type TestRepository, temporaryFolder } from './repository.ts';

let folder: ReturnType<typeof temporaryFolder>;
let repository: TestRepository;
beforeEach(() => {
  folder = temporaryFolder();
  repository = createRepository(join(folder.path, 'repo'));
});
afterEach(() => folder.remove());

const within = (name: string) => join(folder.path, name);
const sourceWith = (verify: Partial<SourceVerify>) => {
  const files = { allowedSignersFile: null, keyringFile: null };
  return openGit(gitConfig(repository.path, { verify: { mode: 'head', ...files, ...verify } }), within('state'));
};
const unverified = (why: RegExp) => ({ code: 'SourceUnverified', message: expect.stringMatching(why) });

/** A key of a person, and commits that are signed with it from then on. */
function sshKey(name: string): string {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', within(name)]);
  return readFileSync(within(`${name}.pub`), 'utf8').trim();
}
function signWith(name: string | null): void {
  repository.git('config', 'gpg.format', 'ssh');
  repository.git('config', 'user.signingKey', name === null ? '' : within(name));
  repository.git('config', 'commit.gpgSign', String(name !== null));
}

describe('commits with SSH signatures', () => {
  const signers = () => ({ allowedSignersFile: within('signers') });
  beforeEach(() => {
    writeFileSync(within('signers'), `jo@example.org ${sshKey('jo')}\n`);
    sshKey('mallory');
  });

  it('are taken over when a trusted key made them', async () => {
    signWith('jo');
    const revision = repository.commit({ 'dev.yaml': 'a: 1\n' });
    const source = sourceWith(signers());
    expect(await source.fetch(null)).toMatchObject({ revision });
    expect(await source.fetch(revision)).toMatchObject({ revision });
  });

  it('are refused when nobody signed them, or a stranger, and nothing of them is written out', async () => {
    repository.commit({ 'dev.yaml': 'a: 1\n' });
    await expect(sourceWith(signers()).fetch(null)).rejects.toMatchObject(unverified(/it carries no signature/));
    signWith('mallory');
    const forged = repository.commit({ 'dev.yaml': 'a: 2\n' });
    await expect(sourceWith(signers()).fetch(null)).rejects.toMatchObject(
      unverified(/is not verified: its key SHA256:\S+ is not trusted/),
    );
    expect(existsSync(within(`state/source/revisions/${forged}`))).toBe(false);
  });

  it('are all judged in strict mode, the newest alone otherwise', async () => {
    signWith('jo');
    const good = repository.commit({ 'dev.yaml': 'a: 1\n' });
    signWith(null);
    const unsigned = repository.commit({ 'dev.yaml': 'a: 2\n' });
    signWith('jo');
    const newest = repository.commit({ 'dev.yaml': 'a: 3\n' });
    expect(await sourceWith(signers()).fetch(good)).toMatchObject({ revision: newest });
    await expect(sourceWith({ ...signers(), mode: 'strict' }).fetch(good)).rejects.toMatchObject(
      unverified(new RegExp(`^commit ${unsigned.slice(0, 12)} of branch main`)),
    );
  });

  it('are not judged by a file that is missing', async () => {
    signWith('jo');
    repository.commit({ 'dev.yaml': '' });
    const nowhere = sourceWith({ allowedSignersFile: within('nowhere') });
    await expect(nowhere.fetch(null)).rejects.toMatchObject({ code: 'ConfigInvalid' });
  });
});

describe('commits with OpenPGP signatures', () => {
  const gpg = (home: string, ...args: string[]) =>
    execFileSync('gpg', ['--homedir', home, '--batch', '--quiet', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });

  it('are taken over when their key is in the keyring, and refused when it is not', async () => {
    const home = within('g');
    execFileSync('mkdir', ['-m', '0700', home]);
    gpg(home, '--passphrase', '', '--quick-generate-key', 'Jo <jo@example.org>', 'ed25519', 'sign', 'never');
    writeFileSync(within('keyring.gpg'), gpg(home, '--export'));
    writeFileSync(within('empty.gpg'), '');
    repository.git('config', 'user.signingKey', 'jo@example.org');
    writeFileSync(within('gpg'), `#!/bin/sh\nexec gpg --homedir ${home} "$@"\n`, { mode: 0o755 });
    repository.git('config', 'gpg.program', within('gpg'));
    repository.git('config', 'commit.gpgSign', 'true');
    const revision = repository.commit({ 'dev.yaml': 'a: 1\n' });
    expect(await sourceWith({ keyringFile: within('keyring.gpg') }).fetch(null)).toMatchObject({ revision });
    await expect(sourceWith({ keyringFile: within('empty.gpg') }).fetch(null)).rejects.toMatchObject(
      unverified(/its key [0-9A-F]{40} is not trusted/),
    );
    execFileSync('gpgconf', ['--homedir', home, '--kill', 'all']);
  });
});
