import type { Adoption, Confirmation, Restoration } from './observed.ts';

/** Where people's decisions are kept. Deciding the same again changes nothing. */
export interface DecisionRecords {
  suspend(scope: string, reason: string, atMs: number): Promise<void>;
  resume(scope: string): Promise<void>;
  /** Allows what the revision asks of the object and nothing else; what an earlier revision was allowed is forgotten. */
  confirm(confirmation: Confirmation): Promise<void>;
  /** Lifts the quarantines of an object as this revision shows it. */
  retry(object: string, revision: string, atMs: number): Promise<void>;
  /** Asks for a backup of a cluster; an earlier request is replaced. */
  requestBackup(cluster: string, atMs: number): Promise<void>;
  /** Asks for a lost cluster; an earlier wish for it is replaced. */
  restore(restoration: Restoration): Promise<void>;
  /** The cluster is back. */
  endRestoration(cluster: string): Promise<void>;
  /** Asks for a retained state disk; an earlier wish for the object is replaced. */
  adopt(adoption: Adoption): Promise<void>;
  /** The machine stands on it. */
  endAdoption(object: string): Promise<void>;
}
