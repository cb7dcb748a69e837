import { KreError } from '../model/error.ts';
import { objectKey } from '../model/mark.ts';
import type { Clock } from '../model/ports.ts';
import type { Look } from './reconcile.ts';

/** What a person decides. Each is kept in the state folder. Deciding the same again changes nothing. */
export interface Decisions {
  /** `scope`: `agent`, `Cluster/x`, `Machine/x` or `Node/x`; also written small, or a name alone where it says enough. Resolves with the scope. */
  suspend(scope: string, reason: string): Promise<{ readonly scope: string }>;
  resume(scope: string): Promise<{ readonly scope: string; readonly wasSuspended: boolean }>;
  /** An object that the enforced revision would delete, or a revision that rewinds the branch. `NotFound` if nothing waits for that. */
  confirm(what: string): Promise<{ readonly what: string; readonly revision: string }>;
}

export interface DecisionParts {
  readonly clock: Clock;
  readonly records: {
    suspensions(): Promise<Readonly<Record<string, unknown>>>;
    suspend(scope: string, reason: string, atMs: number): Promise<void>;
    resume(scope: string): Promise<void>;
    confirm(object: string, revision: string): Promise<void>;
  };
  /** Where things stand now. */
  readonly look: () => Promise<Look>;
}

/** Key under which an accepted revision of the source is kept among the confirmations. */
export const ACCEPTED_SOURCE = 'Source';
const CONFIRMABLE: ReadonlySet<string> = new Set(['PruneConfirm', 'PruneLimit', 'AppliedListLost']);

export function createDecisions({ clock, records, look }: DecisionParts): Decisions {
  return {
    async suspend(text, reason) {
      const scope = resolveScope(text, scopesOf(await look()));
      await records.suspend(scope, reason, clock.now());
      return { scope };
    },
    async resume(text) {
      const suspended = await records.suspensions();
      // What is suspended may be gone from the manifests.
      const scope = resolveScope(text, [...Object.keys(suspended), ...scopesOf(await look())]);
      const wasSuspended = scope in suspended;
      if (wasSuspended) await records.resume(scope);
      return { scope, wasSuspended };
    },
    async confirm(text) {
      const { source, world } = await look();
      const plan = world?.plan;
      const rewound = source.problem?.code === 'SourceRewound' ? source.lastAttemptedRevision : null;
      if (rewound !== null && text.length >= 7 && rewound.startsWith(text)) {
        await records.confirm(ACCEPTED_SOURCE, rewound);
        return { what: ACCEPTED_SOURCE, revision: rewound };
      }
      const waiting = (plan?.blocks ?? []).flatMap(({ guard, object }) =>
        object && CONFIRMABLE.has(guard) ? [objectKey(object)] : [],
      );
      if (!plan || waiting.length === 0) throw nothingToConfirm(text, rewound);
      const what = resolveScope(text, waiting);
      await records.confirm(what, plan.revision);
      return { what, revision: plan.revision };
    },
  };
}

/** `Cluster/x`, `Machine/x` and `Node/x` that the manifests name, and what blocks are about. */
function scopesOf({ world }: Look): readonly string[] {
  if (!world) return [];
  const { machines, clusters } = world.desired;
  return [
    ...clusters.map((cluster) => `Cluster/${cluster.name}`),
    ...machines.map((machine) =>
      machine.object.kind === 'Machine' ? objectKey(machine.object) : `Node/${machine.name}`,
    ),
    ...world.plan.blocks.flatMap(({ object }) => (object ? [objectKey(object)] : [])),
  ];
}

/** `dev`, `cluster/dev` and `Cluster/dev` mean the same where only one of that name is known. */
function resolveScope(text: string, known: readonly string[]): string {
  if (text === 'agent') return 'agent';
  const wanted = text.toLowerCase();
  const found = [...new Set(known)].filter(
    (scope) => scope.toLowerCase() === wanted || scope.slice(scope.indexOf('/') + 1) === wanted,
  );
  const [only, second] = found.filter(
    (scope) => !scope.startsWith('Node/') || found.length === 1 || wanted.startsWith('node/'),
  );
  if (only !== undefined && second === undefined) return only;
  throw new KreError({
    code: 'NotFound',
    message: only === undefined ? `no object ${text} is known` : `${text} may mean ${found.join(' or ')}`,
    hint:
      known.length === 0
        ? 'No object is known at all.'
        : `One of: ${[...new Set(known)].sort().slice(0, 20).join(', ')}.`,
    disposition: 'stalled',
  });
}

function nothingToConfirm(text: string, rewound: string | null): KreError {
  return new KreError({
    code: 'NotFound',
    message: `nothing waits for a confirmation of ${text}`,
    hint:
      rewound === null
        ? '`kreconcile plan` shows what is blocked and what may be confirmed.'
        : `The branch was rewound: kreconcile confirm ${rewound}`,
    disposition: 'stalled',
  });
}
