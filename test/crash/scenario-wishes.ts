import fc from 'fast-check';
import type { ClusterWish, Edit, MachineWish } from './fleet.ts';

/** What repositories ask for, and what commits change. */

/** The first is as likely as all others together, times `weight`. */
function mostly<T>(weight: number, usual: T, ...others: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof(
    { weight: weight * others.length, arbitrary: fc.constant(usual) },
    ...others.map((other) => ({ weight: 1, arbitrary: fc.constant(other) })),
  );
}

const common = {
  isOn: mostly(9, true, false),
  isSuspended: fc.constant(false),
  image: fc.nat(1),
  size: fc.constant(0),
  prune: mostly<'Enabled' | 'Confirm'>(2, 'Enabled', 'Confirm'),
  deletion: fc.constantFrom('Retain' as const, 'Delete' as const),
  strategy: mostly<'Auto' | 'InPlaceOnly'>(12, 'Auto', 'InPlaceOnly'),
  keepFor: mostly(2, '24h', '1h', '40h'),
  drift: mostly<'correct' | 'warn'>(3, 'correct', 'warn'),
  window: mostly(2, 0, 1, 2, 3),
};

export function clusterWish(isThere: fc.Arbitrary<boolean>): fc.Arbitrary<ClusterWish> {
  return fc.record({
    isThere,
    ...common,
    distribution: fc.constantFrom('k3s' as const, 'kubeadm' as const),
    version: fc.nat(1),
    isChained: mostly(5, false, true),
    controlPlanes: fc.constant(1 as const),
    workers: fc.constantFrom(0, 1, 1, 2, 3),
    maxUnavailable: fc.constantFrom(1, 1, 2),
    isRemedied: mostly(2, false, true),
    isBackedUp: mostly(5, false, true),
  });
}

export const machineWish: fc.Arbitrary<MachineWish> = fc.record({ isThere: fc.boolean(), ...common });

const shared = [
  fc.record({ isThere: fc.boolean() }),
  fc.record({ isOn: fc.boolean() }),
  fc.record({ size: fc.nat(3) }),
  fc.record({ image: fc.nat(2) }),
];
const policies = [
  fc.record({ window: fc.nat(3) }),
  fc.record({ strategy: fc.constantFrom('Auto' as const, 'InPlaceOnly' as const), image: fc.nat(2) }),
  fc.record({ keepFor: fc.constantFrom('1h', '24h', '40h'), image: fc.nat(2) }),
  fc.record({ drift: fc.constantFrom('correct' as const, 'warn' as const) }),
  fc.record({ isSuspended: fc.boolean(), image: fc.nat(2) }),
];
const version = fc.record({ version: fc.nat(2) });
const clusterEdit: fc.Arbitrary<Partial<ClusterWish>> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.oneof(
      version,
      version,
      fc.record({ version: fc.nat(2), image: fc.nat(2) }),
      fc.record({ workers: fc.nat(3) }),
      fc.record({ maxUnavailable: fc.constantFrom(1, 2) }),
      ...shared,
    ),
  },
  { weight: 1, arbitrary: fc.record({ version: fc.integer({ min: 1, max: 3 }), isChained: fc.constant(true) }) },
  { weight: 2, arbitrary: fc.oneof(...policies, fc.record({ isRemedied: fc.boolean() })) },
);
const machineEdit: fc.Arbitrary<Partial<MachineWish>> = fc.oneof(
  { weight: 4, arbitrary: fc.oneof(...shared) },
  { weight: 1, arbitrary: fc.oneof(...policies) },
);

export const edit: fc.Arbitrary<Edit> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ dev: clusterEdit }) },
  { weight: 2, arbitrary: fc.record({ stage: clusterEdit }) },
  { weight: 2, arbitrary: fc.record({ jump: machineEdit }) },
  { weight: 1, arbitrary: fc.record({ dev: clusterEdit, stage: clusterEdit }) },
);
