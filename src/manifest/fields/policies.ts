import * as z from 'zod';
import { DEFAULTS } from '../../model/defaults.ts';
import { DRIFT_FIELDS } from '../../model/drift.ts';
import type { ChangePolicy, Drift, Metadata, Timeouts, Window } from '../../model/manifest.ts';
import { parseDurationMs } from '../../model/quantity.ts';
import { matching } from '../matching.ts';
import { duration } from './amount.ts';
import { annotations, hostName, label, labels } from './name.ts';
import { schedule, timeZone } from './schedule.ts';

/** Longer than any freeze; a schedule is looked back over for as long. */
const MOST_WINDOW_MS = 60 * 86_400_000;

/** `metadata` of a kind whose names may have so many characters and are none of the reserved ones. */
export function metadata(maxNameLength: number, reserved: readonly string[]) {
  return matching<Metadata>()(
    z.strictObject({
      name: label(maxNameLength)
        .refine((text) => !reserved.includes(text), { error: `any name but ${reserved.join(', ')}` })
        .describe('Unique among the objects of its kind.'),
      labels: labels.describe('For people and tools; kreconcile does not read them.').optional(),
      annotations: annotations
        .describe(
          'For people and tools. kreconcile reads one, of Clusters and Machines: `kreconcile.dev/skip-guard`, which skips guards for this very spec; the plan prints it.',
        )
        .optional(),
    }),
  ).describe('What the object is called.');
}

/** `spec.upgrade`: fields that Cluster and Machine share. */
export const changePolicyFields = {
  strategy: z
    .enum(['Auto', 'InPlaceOnly'])
    .meta({ default: DEFAULTS.strategy })
    .describe('`Auto`: as the changed fields ask. `InPlaceOnly`: a change that takes a new root disk is blocked.')
    .optional(),
  keepFor: duration
    .meta({ default: DEFAULTS.keepFor })
    .describe('How long a replaced root disk and the copy of its state disk are kept after the new one was proven.')
    .optional(),
};

/** `spec.upgrade` of a Machine. */
export const changePolicy = matching<ChangePolicy>()(z.strictObject(changePolicyFields));

const timeouts = matching<Timeouts>()(
  z.strictObject({
    boot: duration
      .meta({ default: DEFAULTS.timeouts.boot })
      .describe('From the start of the domain until its guest agent answers.')
      .optional(),
    ready: duration
      .meta({ default: DEFAULTS.timeouts.ready })
      .describe('From the first answer of the guest until the node is Ready.')
      .optional(),
    upgrade: duration
      .meta({ default: DEFAULTS.timeouts.upgrade })
      .describe('One node, from the first disruption until it is healthy again.')
      .optional(),
    drain: duration
      .meta({ default: DEFAULTS.timeouts.drain })
      .describe('Until the pods of a node have left it.')
      .optional(),
    shutdown: duration
      .meta({ default: DEFAULTS.timeouts.shutdown })
      .describe('From the request for a clean shutdown until the power is cut.')
      .optional(),
  }),
);

const drift = matching<Drift>()(
  z.strictObject({
    mode: z
      .enum(['correct', 'warn', 'ignore'])
      .meta({ default: DEFAULTS.driftMode })
      .describe(
        '`correct` takes back what can be taken back without disturbing anybody and tells the rest; `warn` tells all; `ignore` tells nothing.',
      )
      .optional(),
    ignore: z
      .array(z.enum(DRIFT_FIELDS))
      .max(DRIFT_FIELDS.length)
      .describe('JSON pointers to what may differ.')
      .optional(),
  }),
);

const window = matching<Window>()(
  z
    .strictObject({
      kind: z.enum(['allow', 'deny']).describe('Whether disruptions may or may not begin in it. Denying wins.'),
      schedule: schedule.describe(
        'When it starts: minute, hour, day of month, month, day of week, as node-cron reads it.',
      ),
      duration: duration
        .refine((text) => (parseDurationMs(text) ?? 0) <= MOST_WINDOW_MS, { error: 'a duration of at most 60d' })
        .describe('How long it lasts from each start, at most 60d. Clocks that are changed meanwhile do not matter.'),
      timeZone: timeZone
        .meta({ default: DEFAULTS.timeZone })
        .describe('Time zone of the schedule, such as Europe/Berlin.')
        .optional(),
      overrun: duration
        .describe(
          'Of an allowing window: how long after its end a rollout of which a node is done may go on to its next nodes. Default: not at all. A node whose disruption has begun is finished in any case.',
        )
        .optional(),
    })
    .refine(({ kind, overrun }) => kind === 'allow' || overrun === undefined, {
      path: ['overrun'],
      error: 'overrun only with `kind: allow`',
      params: { hint: 'Remove it: a denying window ends when it ends.' },
    }),
);

/** Fields that Cluster and Machine share. */
export const policyFields = {
  placement: z
    .strictObject({ host: hostName.describe('Name of the host as its agent.yaml says it.').optional() })
    .describe('The host it lives on. An agent takes objects without it only when its configuration says so.')
    .optional(),
  powerState: z
    .enum(['On', 'Off'])
    .meta({ default: DEFAULTS.powerState })
    .describe('`Off` shuts the machines down cleanly and keeps them so.')
    .optional(),
  suspend: z
    .boolean()
    .meta({ default: DEFAULTS.suspend })
    .describe('While true, kreconcile observes and reports, and changes nothing.')
    .optional(),
  prune: z
    .strictObject({
      mode: z
        .enum(['Disabled', 'Confirm', 'Enabled'])
        .meta({ default: DEFAULTS.pruneMode })
        .describe('When the manifest is gone: never delete, delete after `kreconcile confirm`, or delete.')
        .optional(),
    })
    .describe('What happens when this manifest is removed.')
    .optional(),
  deletionPolicy: z
    .enum(['Retain', 'Delete'])
    .meta({ default: DEFAULTS.deletionPolicy })
    .describe('What happens to state disks on deletion: `Retain` moves them aside, `Delete` removes them.')
    .optional(),
  timeouts: timeouts.describe('How long each change may take before it counts as failed.').optional(),
  drift: drift
    .describe(
      'What happens when somebody changes a machine by hand: in its libvirt definition, live or of the next boot. `kreconcile drift` shows it.',
    )
    .optional(),
  windows: z
    .array(window)
    .max(50)
    .describe(
      'When disruptions may begin. Without an allowing window they may at any time that no window denies. What does not disturb (planning, downloads, staging, backups) takes no notice.',
    )
    .optional(),
};
