import { KreError } from '../model/error.ts';
import type { Backup, BackupRequest } from '../model/observed.ts';
import { abortAfter } from '../reconcile/abort-after.ts';
import { meetsRequest } from '../reconcile/plan/schedule.ts';
import { type AgentClient, connectAgent } from './agent-client.ts';
import { timeoutOf } from './apply.ts';
import { type Invocation, outStyle, print, type Run, remark, runningAgent } from './command.ts';
import { EXIT } from './exit-code.ts';
import { followReports } from './follow.ts';
import { backupLine, backupsText } from './view/backups.ts';

interface BackupOptions {
  readonly wait?: boolean;
  readonly timeout: string;
}

/**
 * `kreconcile backup <cluster> [--wait]`: asks the running agent for a backup. `kreconcile backup list [cluster]`: those on this host. A cluster that is
 * called `list` is asked for as `Cluster/list`.
 */
export const run: Run<BackupOptions> = async (invocation) => {
  const { context, options, args } = invocation;
  const [first = '', second] = args;
  const host = await context.openHost(options);
  if (first === 'list') {
    const agent = await runningAgent(invocation, host);
    const all = await (agent ? agent.backups() : host.backups());
    const backups = second === undefined ? all : all.filter((backup) => backup.cluster === nameOf(second));
    print(invocation, backups, () => backupsText(backups, host.clock.now(), outStyle(invocation)));
    return EXIT.done;
  }
  if (second !== undefined) throw tooMany(second);
  const timeoutMs = timeoutOf(options.timeout);
  const agent = await connectAgent(context.http, host.config.folders.run);
  const request = await agent.backup(first);
  if (!options.wait) {
    print(invocation, request, () => `A backup of ${request.cluster} was asked for; see: kreconcile backup list\n`);
    return EXIT.done;
  }
  const backup = await waitFor(invocation, agent, request, timeoutMs, host.clock.now());
  print(invocation, backup, () => backupLine(backup));
  return EXIT.done;
};

function nameOf(text: string): string {
  return text.replace(/^cluster\//i, '');
}

async function waitFor(
  invocation: Invocation,
  agent: AgentClient,
  request: BackupRequest,
  timeoutMs: number,
  startedAtMs: number,
): Promise<Backup> {
  const signal = abortAfter(timeoutMs, invocation.context.signal);
  const follower = followReports(invocation, startedAtMs);
  try {
    for (let pass = 0; !signal.aborted; ) {
      const found = (await agent.backups()).find((backup) => meetsRequest(backup, request));
      if (found) return found;
      const report = await agent.passAfter(pass, signal).catch(orNull(signal));
      if (report) follower.add(report);
      pass = report?.pass ?? pass;
    }
  } finally {
    follower.end();
  }
  remark(invocation, 'The agent goes on with it.');
  throw new KreError({
    code: 'WaitTimeout',
    message: `no backup of ${request.cluster} was made in the time that was given`,
    hint: '`kreconcile status` tells what it waits for.',
    disposition: 'wait',
  });
}

function orNull(signal: AbortSignal): (thrown: unknown) => null {
  return (thrown) => {
    if (signal.aborted) return null;
    throw thrown;
  };
}

function tooMany(word: string): KreError {
  return new KreError({
    code: 'Usage',
    message: `one backup is taken of one cluster, and "${word}" is one word more`,
    hint: 'kreconcile backup <cluster>, or kreconcile backup list [cluster]',
    disposition: 'stalled',
  });
}
