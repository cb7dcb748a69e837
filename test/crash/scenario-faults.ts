import fc from 'fast-check';
import type { SimFault } from '../../src/sim/fault.ts';

/** What may go wrong for a while: none of it may change where a history ends. */
const HYPERVISOR_ACTS = [
  'inventory',
  'prepareDisks',
  'define',
  'start',
  'shutdown',
  'powerOff',
  'setAutostart',
  'updateLive',
  'writeMark',
  'replaceSeed',
  'reserveAddress',
  'releaseAddress',
  'fetchImage',
  'deleteMachine',
];
const GUEST_ACTS = ['status', 'readBackup', 'startOperation', 'call', 'installProgram', 'guest'];
const times = fc.integer({ min: 1, max: 3 });

const refused: fc.Arbitrary<SimFault> = fc.record({
  on: fc.constantFrom(...HYPERVISOR_ACTS, ...GUEST_ACTS),
  kind: fc.constantFrom('error' as const, 'hang' as const, 'silent' as const, 'garbage' as const),
  times,
});
const slow: fc.Arbitrary<SimFault> = fc.record({
  on: fc.constantFrom(
    'boot',
    'bootstrap',
    'join',
    'stage',
    'drain',
    'backup',
    'upgrade',
    'apiStart',
    'nodeReady',
    'shutdown',
    'imageDownload',
  ),
  kind: fc.constant('slow' as const),
  times,
  factor: fc.integer({ min: 2, max: 5 }),
});
const failing: fc.Arbitrary<SimFault> = fc.record({
  on: fc.constantFrom('bootstrap', 'join', 'stage', 'drain', 'backup', 'imageDownload'),
  kind: fc.constant('fail' as const),
  times: fc.integer({ min: 1, max: 2 }),
});
/** A guest that says nothing until somebody looks after it. */
const mute: fc.Arbitrary<SimFault> = fc.record({
  on: fc.constantFrom('status', 'guest'),
  machine: fc.constantFrom('dev-cp-1', 'dev-general-1', 'stage-cp-1'),
  kind: fc.constantFrom('hang' as const, 'garbage' as const),
});
/** The guest does not follow a clean shutdown: its power is cut in the end. */
const deaf: fc.Arbitrary<SimFault> = fc.constant({ on: 'shutdown', kind: 'silent', times: 1 });

export const faults: fc.Arbitrary<readonly SimFault[]> = fc.oneof(
  { weight: 2, arbitrary: fc.constant([]) },
  {
    weight: 1,
    arbitrary: fc.array(fc.oneof(refused, refused, slow, failing, deaf, mute), { minLength: 1, maxLength: 3 }),
  },
);
