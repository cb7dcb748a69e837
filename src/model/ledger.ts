/** What the agent remembers between passes. Losing it costs only time: nothing here decides what is done. */
export interface Ledger {
  readonly schema: 1;
  /** Revision the attempts belong to; another revision forgets them. */
  readonly revision: string;
  /** When the latest pass was; absent where an older release wrote none. */
  readonly lookedAtMs?: number;
  /** By step id. Written before the act. */
  readonly attempts: Readonly<Record<string, Attempt>>;
  /** By wait id: since when the condition is waited for. */
  readonly since: Readonly<Record<string, number>>;
  /** By machine: first and latest healthy reading of the present run of healthy readings. */
  readonly healthy: Readonly<Record<string, { readonly firstAtMs: number; readonly lastAtMs: number }>>;
}

export interface Attempt {
  /** Acts begun since the last success. */
  readonly count: number;
  readonly lastAtMs: number;
  /** Set when the last act failed. */
  readonly error: { readonly code: string; readonly message: string; readonly hint: string } | null;
}

export const EMPTY_LEDGER: Ledger = { schema: 1, revision: '', attempts: {}, since: {}, healthy: {} };
