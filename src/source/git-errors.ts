import { KreError } from '../model/error.ts';
import { GitFailure } from './git-program.ts';
import { sourceRefused, sourceUnreachable } from './source-errors.ts';

const refusals =
  /Authentication failed|could not read (Username|Password)|terminal prompts disabled|Permission denied \(|Host key verification failed|returned error: 40[13]|Invalid username or (password|token)|Access denied|UNPROTECTED PRIVATE KEY|Load key/i;
const full = /No space left on device|Disk quota exceeded/i;
const denied = /(Permission denied|Read-only file system)\s*$/im;

/** A failure to talk to the remote as one of the source's errors. */
export function remoteError(thrown: unknown, shown: string, timeoutMs: number): KreError {
  if (!(thrown instanceof GitFailure)) return unknownThrown(thrown, shown);
  const own = ownTrouble(thrown);
  if (own) return own;
  if (thrown.kind === 'timed-out') return sourceUnreachable(shown, `no answer within ${timeoutMs / 1000} s`);
  if (thrown.kind === 'stopped') return sourceUnreachable(shown, 'stopped, because the answer is no longer wanted');
  if (refusals.test(thrown.detail)) return sourceRefused(shown, summary(thrown.detail));
  return sourceUnreachable(shown, summary(thrown.detail));
}

/** A failure on this host that says nothing about the remote: no git, a full disk, no permission; `null` if it is none. */
export function ownTrouble(failure: GitFailure): KreError | null {
  if (failure.kind === 'missing') {
    return new KreError({
      code: 'ProgramMissing',
      message: 'git could not be started: not found or not executable',
      hint: 'Install git and see that it is on the PATH of the agent.',
      disposition: 'stalled',
    });
  }
  if (full.test(failure.detail)) {
    return new KreError({
      code: 'StorageFull',
      message: `git could not write the mirror of the source: ${summary(failure.detail)}`,
      hint: 'Free space on the file system of the state folder; the next poll tries again.',
      disposition: 'retry',
    });
  }
  if (denied.test(failure.detail)) {
    return new KreError({
      code: 'StatePermission',
      message: `git was denied access: ${summary(failure.detail)}`,
      hint: 'Give the user that kreconcile runs as access to the path that git names: the state folder, or a repository on this host.',
      disposition: 'stalled',
    });
  }
  return null;
}

/** What git said in one line that is fit to show: without userinfo of addresses and control characters, bounded. */
export function summary(detail: string): string {
  const lines = detail
    .split(/\r?\n/)
    .map((line) => line.replace(/\p{Cc}/gu, ' ').trim())
    .filter(
      (line) =>
        line !== '' &&
        !/^exit code|^warning:|^hint:|^Please make sure|^To add an exception|^git config|^and the repository exists/.test(
          line,
        ),
    );
  const telling = lines.find((line) => /^(fatal|error|ERROR|remote):/i.test(line) && !/^remote:\s*$/.test(line));
  const cause = lines.find((line) => !/^(fatal|error|remote):/i.test(line));
  const parts = [...new Set([cause, telling].filter((line) => line !== undefined))].map(fitToShow);
  return parts.join('; ') || 'git gave no reason';
}

function fitToShow(line: string): string {
  return line.replace(/([a-z][a-z+]*:\/\/)[^/\s@]*@/gi, '$1').slice(0, 150);
}

function unknownThrown(thrown: unknown, shown: string): KreError {
  return thrown instanceof KreError ? thrown : sourceUnreachable(shown, 'git failed in an unexpected way');
}
