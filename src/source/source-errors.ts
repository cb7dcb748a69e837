import { type Disposition, KreError } from '../model/error.ts';
import type { ErrorCode } from '../model/error-codes.ts';

/** An error of a source. Takes no cause: git's own errors quote what a remote said, which is not ours to vouch for. */
function sourceError(code: ErrorCode, disposition: Disposition, message: string, hint: string): KreError {
  return new KreError({ code, disposition, message, hint });
}

export function sourceUnreachable(shown: string, why: string): KreError {
  return sourceError(
    'SourceUnreachable',
    'retry',
    `${shown} could not be read: ${why}`,
    'See that the address is right and that this host reaches it; it is tried again at every poll.',
  );
}

export function sourceRefused(shown: string, why: string): KreError {
  return sourceError(
    'SourceAuth',
    'stalled',
    `${shown} refused the access: ${why}`,
    'Check source.credentials in the agent configuration: the token or SSH key must be allowed to read the repository, and the host key must stand in the known_hosts file (ssh-keyscan shows it; compare it with what the host publishes).',
  );
}

export function branchMissing(shown: string, branch: string | null, branches: readonly string[]): KreError {
  const there = branches.length === 0 ? 'it has no branches yet' : `it has ${branches.slice(0, 10).join(', ')}`;
  return sourceError(
    'SourceBranchMissing',
    'stalled',
    branch === null
      ? `${shown} does not say which branch is its default; ${there}`
      : `${shown} has no branch ${JSON.stringify(branch)}; ${there}`,
    'Push the branch, or name another one as source.branch in the agent configuration.',
  );
}

export function sourceMissing(message: string): KreError {
  return sourceError(
    'SourceMissing',
    'stalled',
    message,
    'Check the folder or source.path in the agent configuration. Nothing is deleted because of it.',
  );
}

export function sourceRewound(label: string, revision: string, lastGood: string): KreError {
  return sourceError(
    'SourceRewound',
    'stalled',
    `${label} was rewound: ${revision.slice(0, 12)} does not contain the enforced revision ${lastGood.slice(0, 12)}`,
    `If that is wanted, say so with: kreconcile confirm ${revision}. Else push the missing commits again.`,
  );
}

export function sourceUnverified(label: string, commit: string, why: string): KreError {
  return sourceError(
    'SourceUnverified',
    'stalled',
    `commit ${commit.slice(0, 12)} of ${label} is not verified: ${why}`,
    'Push a revision whose commits are signed by a key that source.verify trusts, or add the key of its author there. Until then the last good revision stays in force.',
  );
}

export function sourceConfigInvalid(message: string, hint: string): KreError {
  return sourceError('ConfigInvalid', 'stalled', message, hint);
}
