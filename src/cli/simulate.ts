import { resolve } from 'node:path';
import { KreError, toKreError } from '../model/error.ts';
import { objectKey } from '../model/mark.ts';
import type { Simulation, SimulationEnd } from '../model/simulation.ts';
import { type Invocation, outStyle, print, type Run, remark, runningAgent } from './command.ts';
import type { Host } from './context.ts';
import { EXIT } from './exit-code.ts';
import { timelineSvg } from './view/picture/timeline-svg.ts';
import { simulationText } from './view/simulation/text.ts';

interface SimulateOptions {
  readonly fail?: readonly string[];
  readonly svg?: string;
}

const EXIT_OF_END: Readonly<Record<SimulationEnd['kind'], number>> = {
  converged: EXIT.done,
  blocked: EXIT.blocked,
  'rolled-back': EXIT.failed,
  unsettled: EXIT.error,
};

/** `kreconcile simulate`: what the newest revision would do to a copy of this host, how long it takes and what is away meanwhile. Touches nothing. */
export const run: Run<SimulateOptions> = async (invocation) => {
  const { context, options } = invocation;
  const picture = options.svg === undefined ? null : picturePath(invocation, options.svg);
  const host = await context.openHost({ logLevel: 'silent', ...options });
  const agent = await runningAgent(invocation, host);
  const faults = options.fail ?? [];
  const guests = agent ? await agent.readings() : undefined;
  const { simulation, caveats } = await host.simulate({ guests, faults, signal: context.signal });
  for (const caveat of caveats) remark(invocation, caveat);
  if (context.signal.aborted) return EXIT.interrupted;
  if (picture !== null) await context.files.write(picture, timelineSvg(simulation), { mode: 0o644 });
  const { columns } = context.terminal;
  print(invocation, simulation, () => simulationText(simulation, { style: outStyle(invocation), columns }));
  if (faults.length === 0) await keepPrediction(invocation, agent ?? host, simulation);
  return EXIT_OF_END[simulation.end.kind];
};

/** Where the picture goes; `Usage` for a name that is none of a picture, before anything is rehearsed. */
function picturePath({ context }: Invocation, file: string): string {
  const path = resolve(context.cwd, file);
  if (/\.svg$/i.test(path)) return path;
  throw new KreError({
    code: 'Usage',
    message: `${file} is not named as a picture`,
    hint: 'Name a file that ends in .svg.',
    disposition: 'stalled',
  });
}

/** What was foretold of each object stands beside what happens, in `kreconcile history`. A state folder that may not be written is said. */
async function keepPrediction(
  invocation: Invocation,
  keeper: Pick<Host, 'predict'>,
  simulation: Simulation,
): Promise<void> {
  const { revision, desired, copiedAtMs } = simulation;
  const predictions = Object.entries(tookByObject(simulation)).map(([object, predictedMs]) => {
    return { atMs: copiedAtMs, object, revision, desired, predictedMs };
  });
  if (predictions.length === 0) return;
  try {
    await keeper.predict(predictions);
  } catch (thrown) {
    remark(invocation, `What was foretold is not kept for \`kreconcile history\`: ${toKreError(thrown).message}.`);
  }
}

/** By object: from its first act until nothing was left to do or to wait for. Objects of which nothing was done, or that did not get there, have no entry. */
function tookByObject({ activities }: Simulation): Readonly<Record<string, number>> {
  const spans = new Map<string, { startMs: number; endMs: number | null }>();
  for (const { object, kind, startMs, endMs } of activities) {
    if (!object) continue;
    const key = objectKey(object);
    const span = spans.get(key);
    if (!span && kind === 'wait') continue;
    const isOpen = endMs === null || span?.endMs === null;
    spans.set(key, {
      startMs: Math.min(span?.startMs ?? startMs, startMs),
      endMs: isOpen ? null : Math.max(span?.endMs ?? 0, endMs),
    });
  }
  return Object.fromEntries(
    [...spans].flatMap(([key, { startMs, endMs }]) => (endMs === null ? [] : [[key, endMs - startMs] as const])),
  );
}
