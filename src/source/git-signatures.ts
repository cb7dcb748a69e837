import { join } from 'node:path';
import type { SourceVerify } from '../model/agent-config.ts';
import type { Files } from '../model/ports.ts';
import { ownTrouble, summary } from './git-errors.ts';
import type { GitMirror } from './git-mirror.ts';
import { GitFailure, signingConfiguration } from './git-program.ts';
import { sourceConfigInvalid, sourceUnverified } from './source-errors.ts';

/** Judges who made the commits of a revision. */
export interface SignatureCheck {
  /**
   * Resolves when every commit that must be signed is, by a key that is trusted; else `SourceUnverified`. `lastGood`: the revision that
   * was taken over before it, of the same source.
   */
  verify(mirror: GitMirror, revision: string, lastGood: string | null, label: string): Promise<void>;
}

/** Commits of one step that are judged at most: each costs a process. */
const maxCommits = 1_000;

/** `config` `null`: nobody has to sign anything. `home` is a folder of ours, for gpg. */
export function createSignatureCheck(files: Files, config: SourceVerify | null, home: string): SignatureCheck {
  if (config === null) return { verify: () => Promise.resolve() };
  /** Commits that were found well signed; a poll of an unchanged repository asks no more. */
  const known = new Set<string>();
  return {
    async verify(mirror, revision, lastGood, label) {
      const commits = config.mode === 'strict' && lastGood !== null ? await between(mirror, lastGood, revision) : [];
      const unknown = [...new Set([revision, ...commits])].filter((commit) => !known.has(commit));
      if (unknown.length === 0) return;
      if (unknown.length > maxCommits)
        throw sourceUnverified(label, revision, `${unknown.length} commits are new at once`);
      await prepare(files, config, home);
      for (const commit of unknown) {
        const complaint = await complaintAbout(mirror, home, commit);
        if (complaint !== null) throw sourceUnverified(label, commit, complaint);
        known.add(commit);
      }
    },
  };
}

async function between(mirror: GitMirror, lastGood: string, revision: string): Promise<readonly string[]> {
  // A last good revision that is gone everywhere: the branch was rewound, and a person has to accept that.
  if (!(await mirror.has(lastGood))) return [];
  const lines = (await mirror.git(['rev-list', revision, `^${lastGood}`])).split('\n');
  return lines.filter((line) => line !== '');
}

async function complaintAbout(mirror: GitMirror, home: string, commit: string): Promise<string | null> {
  try {
    await mirror.git(['verify-commit', commit], { GNUPGHOME: home, GIT_CONFIG_GLOBAL: join(home, 'gitconfig') });
    return null;
  } catch (thrown) {
    if (!(thrown instanceof GitFailure) || thrown.kind === 'missing') throw thrown;
    const own = ownTrouble(thrown);
    if (own) throw own;
    return complaintOf(thrown.detail);
  }
}

/** What git's words mean; "Good signature" is among them also for a key of a stranger. */
function complaintOf(detail: string): string {
  const words = detail.replace(/^exit code \d+\s*/, '').trim();
  if (words === '') return 'it carries no signature';
  const key = /SHA256:[A-Za-z0-9+/]+|(?<=using \w+ key )[0-9A-F]+/.exec(words)?.[0];
  if (/No principal matched|No public key/.test(words)) return `its key ${key ?? ''} is not trusted`;
  return summary(words);
}

/**
 * A home for gpg that trusts exactly the keys of the configured keyring, none without one: the user's own keyring has no part in it. Nothing
 * is imported, so that a key taken out of the file counts no more.
 */
async function prepare(files: Files, { allowedSignersFile, keyringFile }: SourceVerify, home: string): Promise<void> {
  for (const path of [allowedSignersFile, keyringFile]) {
    if (path !== null && (await files.realPath(path)) === null) {
      throw sourceConfigInvalid(
        `source.verify names ${path}, which does not exist`,
        'Put the public keys of those who may commit there, or correct the path.',
      );
    }
  }
  await files.ensureFolder(home, 0o700);
  const settings = [
    'no-default-keyring',
    ...(keyringFile === null ? [] : [`keyring ${keyringFile}`]),
    'trust-model always',
    'no-auto-check-trustdb',
    'lock-never',
    'no-auto-key-locate',
  ];
  const texts = { 'gpg.conf': `${settings.join('\n')}\n`, gitconfig: signingConfiguration(allowedSignersFile) };
  for (const [name, text] of Object.entries(texts)) {
    const path = join(home, name);
    if ((await files.read(path)) !== text) await files.write(path, text);
  }
}
