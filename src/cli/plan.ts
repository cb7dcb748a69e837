import { KreError } from '../model/error.ts';
import { problemsError } from '../model/problem.ts';
import type { Outlook, PlanDocument } from '../model/report.ts';
import type { SourceStatus } from '../model/status.ts';
import { outlookOf } from '../reconcile/outlook.ts';
import { type Invocation, outStyle, print, type Run, remark, runningAgent } from './command.ts';
import type { Host } from './context.ts';
import { EXIT, EXIT_OF_VERDICT } from './exit-code.ts';
import { documentText } from './view/document.ts';
import { planText } from './view/plan.ts';
import { clockTime } from './view/time.ts';

interface PlanOptions {
  readonly detailedExitcode?: boolean;
}

/** `kreconcile plan`: what would be done and why. Changes nothing, and needs no agent. */
export const run: Run<PlanOptions> = async (invocation) => {
  const { context, options } = invocation;
  const host = await context.openHost(options);
  const { source, plan, verdict } = await outlookFor(invocation, host);
  const unread = plan ? hostUnread(plan) : null;
  if (plan && (unread === null || options.output !== 'text')) {
    const { columns } = context.terminal;
    print(invocation, { source, verdict, ...plan }, () => planText(plan, { style: outStyle(invocation), columns }));
    if (options.output === 'text') remarkOnReadings(invocation, plan);
  } else if (options.output !== 'text') {
    context.terminal.out(documentText({ source, verdict }, options.output));
  }
  if (source.problem) throw asError(source.problem);
  // Nothing to do and nothing seen are not the same.
  if (unread) throw unread;
  if (!options.detailedExitcode || verdict === 'converged') return EXIT.done;
  return verdict === 'blocked' || verdict === 'suspended' || verdict === 'failed'
    ? EXIT_OF_VERDICT[verdict]
    : EXIT.pending;
};

/** The agent's own view where it follows the same source; else a look of our own, with the agent's readings if there are any. */
export async function outlookFor(invocation: Invocation, host: Host): Promise<Outlook> {
  const agent = await runningAgent(invocation, host);
  if (agent && invocation.options.dir === undefined) return agent.outlook();
  const looking = host.look(agent ? await agent.readings() : undefined);
  // Wrong manifests are told before whatever the look ran into.
  void looking.catch(() => undefined);
  const result = await host.newest();
  if (!result.ok) throw problemsError(result.problems);
  const look = await looking;
  for (const caveat of look.caveats) remark(invocation, caveat);
  return outlookOf(look.source, look.world, look.ledger);
}

function remarkOnReadings(invocation: Invocation, plan: NonNullable<Outlook['plan']>): void {
  const ages = Object.entries(plan.readings).map(([name, reading]) =>
    reading.known && reading.atMs !== null ? `${name} at ${clockTime(reading.atMs, plan.atMs)}` : `${name} not at all`,
  );
  if (ages.length > 0) remark(invocation, `Guests were read: ${ages.join(', ')}.`);
}

/** Of a host that could not be seen nothing is known, least of all that all is well there; `null` where it was seen. */
export function hostUnread({ blocks }: PlanDocument): KreError | null {
  const block = blocks.find(({ guard }) => guard === 'HypervisorUnreachable');
  if (!block) return null;
  const { reason: message, wayOut: hint } = block;
  return new KreError({ code: 'HypervisorUnreachable', message, hint, disposition: 'retry' });
}

/** A problem of the source as the error that it is. */
export function asError(problem: NonNullable<SourceStatus['problem']>): KreError {
  return new KreError({
    code: problem.code as KreError['code'],
    message: [problem.message, ...problem.details].join('\n'),
    hint: problem.hint,
    disposition: 'stalled',
  });
}
