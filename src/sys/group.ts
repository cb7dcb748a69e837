import { KreError } from '../model/error.ts';

/**
 * The number of a group that is given by name or number. Asked of `getent`, because groups may come from a directory
 * service and not from /etc/group. An unknown group is `ConfigInvalid`.
 */
export async function groupId(group: string): Promise<number> {
  if (/^\d+$/.test(group)) return Number(group);
  const { systemExec } = await import('./exec.ts');
  const { exitCode, stdout } = await systemExec.run({
    program: 'getent',
    args: ['group', '--', group],
    timeoutMs: 10_000,
  });
  const id = stdout.split(':')[2];
  if (exitCode === 0 && id !== undefined && /^\d+$/.test(id)) return Number(id);
  throw new KreError({
    code: 'ConfigInvalid',
    message: `there is no group ${JSON.stringify(group)} on this host`,
    hint: 'Create the group or name another one in the configuration.',
    disposition: 'stalled',
  });
}
