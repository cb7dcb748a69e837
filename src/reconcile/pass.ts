import type { Desired } from '../model/desired.ts';
import type { Ledger } from '../model/ledger.ts';
import type { ManifestSet } from '../model/manifest.ts';
import type { Observed } from '../model/observed.ts';
import type { Outcome, Plan } from '../model/plan.ts';
import type { SourceStatus } from '../model/status.ts';

/** The set that is enforced (the last good revision if the newest is not), and what the source says. */
export interface Enforced {
  readonly set: ManifestSet | null;
  readonly status: SourceStatus;
}

/** What was desired, observed and planned at one moment. */
export interface World {
  readonly desired: Desired;
  readonly observed: Observed;
  readonly plan: Plan;
}

export interface PassResult {
  readonly source: SourceStatus;
  /** `null` while no valid revision was ever seen. */
  readonly world: World | null;
  readonly outcomes: readonly Outcome[];
  /** What was remembered before the pass. */
  readonly ledger: Ledger;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}

/** What was found by looking, and what the agent remembers. */
export interface Look {
  readonly source: SourceStatus;
  readonly world: World | null;
  readonly ledger: Ledger;
}
