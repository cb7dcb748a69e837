/**
 * Where manifests come from. A source yields a folder of files at a revision; it does not read what they say. Errors:
 * `SourceUnreachable`, `SourceAuth`, `SourceBranchMissing`, `SourceMissing`, and of the state folder `StatePermission`,
 * `StorageFull`.
 */
export interface Source {
  /** Repository or folder, without credentials. */
  describe(): { readonly url: string };
  /** What tells this source from another one: revisions of two identities are not compared. Without credentials. */
  readonly identity: string;
  /** Time between two looks without a poke, ms; see `nextPollMs`. */
  readonly pollMs: number;
  /** Looks once. `lastGood`: the enforced revision of this source, which the new one should contain. */
  fetch(lastGood: string | null): Promise<Fetched>;
  /** A folder with the content of `fetched` that stays until another revision is kept; `previous` stays as well. */
  keep(fetched: Fetched, previous: string | null): Promise<string>;
  /** The folder of a kept revision made anew, or `null` where that cannot be. For a kept folder that is damaged; needs no remote. */
  restore(revision: string): Promise<string | null>;
  /** Calls back soon after something may have changed, never with what. Sources on another host are only polled. */
  watch(onPoke: () => void): SourceWatch;
}

/** One revision of a source. */
export interface Fetched {
  /** Commit id, or `folder:<12 hex digits>` of the content. */
  readonly revision: string;
  /** Absolute; to be read only. */
  readonly folder: string;
  /** Whether the history of `revision` contains the revision asked about; always true where there is no history. */
  readonly containsLastGood: boolean;
  /** For messages: `branch main of https://…`. */
  readonly label: string;
}

export interface SourceWatch {
  /** Resolves when changes from now on are noticed, or when it is known that they will not be. */
  readonly ready: Promise<void>;
  stop(): Promise<void>;
}

/** When to look again: `pollMs` give or take 10 %, so that many hosts do not ask one server at once. `random` is in [0, 1). */
export function nextPollMs(pollMs: number, random: number): number {
  return Math.round(pollMs * (0.9 + 0.2 * random));
}
