/** Conditions as kstatus has them: `Ready` always there, `Reconciling` and `Stalled` only while True. */
export interface Condition {
  readonly type: 'Ready' | 'Reconciling' | 'Stalled';
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  /** When status or reason last changed, ms since epoch. */
  readonly sinceMs: number;
}

/** What leaves the agent as `status.json`: written by one place, read by the command line and by people's tools. */
export interface Status {
  readonly schema: 1;
  readonly host: string;
  readonly writtenAtMs: number;
  readonly source: SourceStatus;
  readonly suspended: { readonly reason: string; readonly atMs: number } | null;
  readonly hypervisor: { readonly reachable: boolean; readonly message: string };
  readonly clusters: readonly ClusterStatus[];
  readonly machines: readonly MachineStatus[];
  readonly waits: readonly StatusWait[];
  readonly blocks: readonly StatusBlock[];
  readonly notes: readonly string[];
  readonly pendingSteps: number;
  readonly lastPass: {
    readonly startedAtMs: number;
    readonly tookMs: number;
    readonly stepsRun: number;
    readonly failures: readonly string[];
  };
}

export interface SourceStatus {
  /** URL without credentials, or the folder. */
  readonly url: string;
  /** The revision that is enforced; `null` before the first valid one. */
  readonly lastGoodRevision: string | null;
  readonly lastAttemptedRevision: string | null;
  /** Why the attempted revision is not enforced, or why the source is not reachable; `null` when all is well. */
  readonly problem: {
    readonly code: string;
    readonly message: string;
    readonly hint: string;
    readonly details: readonly string[];
  } | null;
  readonly checkedAtMs: number | null;
}

export interface ClusterStatus {
  readonly name: string;
  readonly distribution: string;
  readonly desiredVersion: string;
  /** Lowest version that its nodes report; `null` unknown. */
  readonly observedVersion: string | null;
  readonly conditions: readonly Condition[];
  readonly kubeconfig: string | null;
  readonly certificatesExpireAtMs: number | null;
  readonly suspended: boolean;
}

export interface MachineStatus {
  readonly name: string;
  readonly cluster: string | null;
  readonly role: 'control-plane' | 'worker' | 'machine';
  readonly state: string;
  readonly address: string | null;
  readonly desiredVersion: string | null;
  readonly observedVersion: string | null;
  readonly image: string | null;
  readonly generation: number | null;
  readonly guestReadAtMs: number | null;
  readonly conditions: readonly Condition[];
}

export interface StatusWait {
  readonly id: string;
  readonly target: string;
  readonly condition: string;
  readonly sinceMs: number;
  readonly untilMs: number | null;
  readonly overdue: boolean;
  readonly detail: string;
}

export interface StatusBlock {
  readonly target: string;
  readonly guard: string;
  readonly reason: string;
  readonly wayOut: string;
}
