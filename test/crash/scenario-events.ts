import fc from 'fast-check';
import type { Edit } from './fleet.ts';
import { edit } from './scenario-wishes.ts';

/** What befalls a world. Machines are given by place in the list of our domains. */
export type Event =
  | { readonly kind: 'commit'; readonly edit: Edit }
  /** What other people do to one of our machines. */
  | { readonly kind: 'destroy' | 'undefine'; readonly machine: number }
  | { readonly kind: 'reboot-host' | 'lose-ledger' | 'lose-image' }
  | { readonly kind: 'pass-time'; readonly hours: number }
  /** What ails machines by themselves: one, or also the next. */
  | { readonly kind: 'hang' | 'break-root' | 'stop-service'; readonly machine: number; readonly isPair: boolean }
  /** `virsh edit`. */
  | { readonly kind: 'edit-domain'; readonly machine: number; readonly cpus: number; readonly memoryMiB: number }
  /** To be taken back at the next rest. */
  | { readonly kind: 'suspend'; readonly scope: string }
  | { readonly kind: 'veto' | 'local-data'; readonly machine: number }
  | { readonly kind: 'block'; readonly object: string }
  /** The control plane and its disks are gone; a person wants it back, or another state of it; a person wants a backup. */
  | { readonly kind: 'lose-cluster' | 'restore-over' | 'ask-backup'; readonly cluster: 'dev' | 'stage' };

const machine = fc.nat(7);
const cluster = fc.constantFrom('dev' as const, 'dev' as const, 'stage' as const);
/** Certificates of a year come to their end in it. */
const MOST_OF_A_YEAR_HOURS = 340 * 24;

const ailments = fc.record({
  kind: fc.constantFrom('hang' as const, 'break-root' as const, 'stop-service' as const),
  machine,
  isPair: fc.boolean(),
});
const decisions: fc.Arbitrary<Event> = fc.oneof(
  fc.record({
    kind: fc.constant('suspend' as const),
    scope: fc.constantFrom('agent', 'Cluster/dev', 'Node/dev-cp-1', 'Node/dev-general-1', 'Machine/jump'),
  }),
  fc.record({ kind: fc.constantFrom('veto' as const, 'local-data' as const), machine }),
  fc.record({ kind: fc.constant('block' as const), object: fc.constantFrom('Cluster/dev', 'Machine/jump') }),
);
const losses = fc.record({
  kind: fc.constantFrom('lose-cluster' as const, 'restore-over' as const, 'ask-backup' as const, 'ask-backup' as const),
  cluster,
});
const drift = fc.record({
  kind: fc.constant('edit-domain' as const),
  machine,
  cpus: fc.constantFrom(1, 2, 3),
  memoryMiB: fc.constantFrom(1024, 2048),
});

export const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('commit' as const), edit }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom('destroy' as const, 'undefine' as const), machine }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('reboot-host' as const, 'lose-ledger' as const, 'lose-image' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('pass-time' as const),
      hours: fc.oneof(fc.integer({ min: 1, max: 50 }), fc.constant(MOST_OF_A_YEAR_HOURS)),
    }),
  },
  { weight: 2, arbitrary: ailments },
  { weight: 3, arbitrary: decisions },
  { weight: 2, arbitrary: losses },
  { weight: 1, arbitrary: drift },
);

/** What is never asked for in the middle of something else: where it ends would depend on how far that is. */
export function needsRest(what: Event): boolean {
  if (what.kind !== 'commit') return ['edit-domain', 'local-data', 'lose-cluster', 'restore-over'].includes(what.kind);
  const parts = [what.edit.dev, what.edit.stage, what.edit.jump];
  return parts.some((part) =>
    (['size', 'strategy', 'isSuspended'] as const).some((field) => part?.[field] !== undefined),
  );
}
