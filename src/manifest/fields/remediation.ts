import * as z from 'zod';
import { DEFAULTS } from '../../model/defaults.ts';
import type { Remediation } from '../../model/manifest.ts';
import { matching } from '../matching.ts';
import { duration, wholeNumber } from './amount.ts';

const percentageForm = 'a whole percentage from 1% to 100%, in quotes';

/** `spec.remediation` of a Cluster. */
export const remediation = matching<Remediation>()(
  z.strictObject({
    actions: z
      .array(z.enum(['restart', 'reset', 'recreate']))
      .min(1)
      .max(3)
      .describe(
        'What may be done, the mildest first whatever their order here: `restart` the main service, `reset` the machine, `recreate` its root disk from the same image. Each once an outage.',
      ),
    after: duration
      .meta({ default: DEFAULTS.remediation.after })
      .describe('How long a node must be unhealthy before anything is done. Longer than a machine takes to boot here.')
      .optional(),
    pause: duration
      .meta({ default: DEFAULTS.remediation.pause })
      .describe('Time that an action has to help before the next; after a reset at least `timeouts.boot`.')
      .optional(),
    maxUnhealthy: z
      .string()
      .regex(/^(?:[1-9][0-9]?|100)%$/, percentageForm)
      .meta({ title: 'percentage', default: DEFAULTS.remediation.maxUnhealthy })
      .describe(
        'When more of the nodes than that are unhealthy nothing is done: the trouble is not theirs. One is never too many.',
      )
      .optional(),
    maxTries: wholeNumber(1, 10)
      .meta({ default: DEFAULTS.remediation.maxTries })
      .describe('Actions on one node within 24 hours; then a person has to look.')
      .optional(),
  }),
);
