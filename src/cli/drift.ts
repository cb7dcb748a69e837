import type { MachineDrift } from '../model/drift.ts';
import { KreError } from '../model/error.ts';
import { objectKey } from '../model/mark.ts';
import type { PlanDocument } from '../model/report.ts';
import { outStyle, print, type Run } from './command.ts';
import { EXIT } from './exit-code.ts';
import { asError, hostUnread, outlookFor } from './plan.ts';
import { driftText } from './view/drift.ts';

interface DriftOptions {
  readonly detailedExitcode?: boolean;
}

/** `kreconcile drift [object]`: what is not as it was applied, and who takes it back. Changes nothing, and needs no agent. */
export const run: Run<DriftOptions> = async (invocation) => {
  const { context, options, args } = invocation;
  const { source, plan } = await outlookFor(invocation, await context.openHost(options));
  if (!plan) throw source.problem ? asError(source.problem) : nothingKnown();
  const drift = driftOf(plan, args[0]);
  const { revision, atMs } = plan;
  print(invocation, { schema: 1, revision, atMs, drift }, () =>
    driftText(drift, outStyle(invocation), (machine) => correctionOf(plan, machine)),
  );
  const isOpen = drift.some(({ entries }) => entries.some((entry) => !entry.isIgnored));
  return options.detailedExitcode && isOpen ? EXIT.pending : EXIT.done;
};

/** When what can be taken back at once is: now, or what it waits for. */
function correctionOf({ steps, blocks }: PlanDocument, machine: string): string {
  const isIts = ({ target }: PlanDocument['steps'][number] | PlanDocument['blocks'][number]) => target.name === machine;
  const suspended = blocks.find((block) => block.guard === 'Suspended' && isIts(block));
  if (suspended) return ` when it is resumed (${suspended.wayOut})`;
  const isDue = steps.some((step) => isIts(step) && /\/(?:drift|drift-live|autostart)$/.test(step.id));
  return isDue ? '' : ' when nothing stands in the way (kreconcile plan says what does)';
}

/** The drift of what was asked for. */
function driftOf(plan: PlanDocument, wanted: string | undefined): readonly MachineDrift[] {
  const unread = hostUnread(plan);
  if (unread) throw unread;
  const isWanted = ({ machine, object }: MachineDrift) =>
    wanted === undefined ||
    [machine, `node/${machine}`, object.name, objectKey(object).toLowerCase()].includes(wanted.toLowerCase());
  return plan.drift.filter(isWanted);
}

function nothingKnown(): KreError {
  return new KreError({
    code: 'NotFound',
    message: 'no valid revision was ever seen',
    hint: '`kreconcile validate` tells what is wrong with the manifests.',
    disposition: 'stalled',
  });
}
