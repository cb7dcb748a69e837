import { KreError } from '../model/error.ts';
import type { Decisions } from '../reconcile/decide.ts';
import { type Invocation, print, type Run, runningAgent } from './command.ts';
import { EXIT } from './exit-code.ts';

interface DecideOptions {
  readonly replace?: boolean;
  readonly cancel?: boolean;
  readonly reason?: string;
}

/** `kreconcile suspend [object] --reason`: nothing is done about it any more until `resume`; it is still looked at. */
export const suspend: Run<DecideOptions> = async (invocation) => {
  const decisions = await decisionsOf(invocation);
  const [scope = 'agent'] = invocation.args;
  const done = await decisions.suspend(scope, invocation.options.reason ?? '');
  print(invocation, done, () => `${done.scope} is suspended; resume it with: kreconcile resume ${done.scope}\n`);
  return EXIT.done;
};

/** `kreconcile resume [object]` */
export const resume: Run<DecideOptions> = async (invocation) => {
  const decisions = await decisionsOf(invocation);
  const [scope = 'agent'] = invocation.args;
  const done = await decisions.resume(scope);
  print(invocation, done, () => `${done.scope} ${done.wasSuspended ? 'goes on' : 'was not suspended'}.\n`);
  return EXIT.done;
};

/** `kreconcile confirm <object|revision>` */
export const confirm: Run<DecideOptions> = async (invocation) => {
  const decisions = await decisionsOf(invocation);
  const [what = ''] = invocation.args;
  const done = await decisions.confirm(what);
  const told = {
    rewind: 'rewound',
    delete: 'deleted',
    recreate: 'given a new root disk',
    'begin-anew': 'begun anew, without its data',
  };
  print(invocation, done, () =>
    done.allows === 'rewind'
      ? `The branch may be rewound to ${done.revision}.\n`
      : `${done.what} may be ${told[done.allows]}, as revision ${done.revision} asks.\n`,
  );
  return EXIT.done;
};

/** `kreconcile retry <object>`: what failed and was rolled back, or failed too often, is tried again. */
export const retry: Run<DecideOptions> = async (invocation) => {
  const decisions = await decisionsOf(invocation);
  const [object = ''] = invocation.args;
  const done = await decisions.retry(object);
  print(invocation, done, () => `${done.what} is tried again, as revision ${done.revision} asks.\n`);
  return EXIT.done;
};

/**
 * `kreconcile restore <object> <backup|latest|retained> [--replace]`: a lost cluster comes back from a backup, or a retained state disk under its machine.
 * `kreconcile restore <object> --cancel`: it was not meant.
 */
export const restore: Run<DecideOptions> = async (invocation) => {
  const [object = '', from] = invocation.args;
  const { cancel = false, replace = false } = invocation.options;
  if (cancel ? from !== undefined || replace : from === undefined) throw eitherOr(object);
  const decisions = await decisionsOf(invocation);
  if (from === undefined) {
    const struck = await decisions.cancelRestore(object);
    print(invocation, struck, () => `${struck.object} is not restored from ${struck.from}; nothing was done for it.\n`);
    return EXIT.done;
  }
  const done = await decisions.restore(object, from, replace);
  const what =
    'retained' in done
      ? `${done.machine} is made with its state disk ${done.retained}`
      : `${done.cluster} is restored from ${done.backup}`;
  print(invocation, done, () => `${what}; follow it with: kreconcile reconcile --wait\n`);
  return EXIT.done;
};

function eitherOr(object: string): KreError {
  return new KreError({
    code: 'Usage',
    message: 'what to restore from is named, or the wish is cancelled: one of both',
    hint: `kreconcile restore ${object} latest, or kreconcile restore ${object} --cancel`,
    disposition: 'stalled',
  });
}

/** The running agent decides for itself, so that one process writes; without one the state folder is written. */
async function decisionsOf(invocation: Invocation): Promise<Decisions> {
  const host = await invocation.context.openHost(invocation.options);
  return (await runningAgent(invocation, host)) ?? host.decisions();
}
