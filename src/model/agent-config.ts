/** `/etc/kreconcile/agent.yaml` with every default filled in. Folders are absolute. Holds no secret: only where they lie. */
export interface AgentConfig {
  /** Name that `placement.host` compares with. */
  readonly host: string;
  /** Whose domains are ours: the mark's owner. */
  readonly owner: string;
  /** `null`: the command line gives a folder. */
  readonly source: SourceConfig | null;
  readonly hypervisor: { readonly uri: string; readonly allowEmulation: boolean };
  readonly folders: {
    readonly state: string;
    readonly images: string;
    readonly kubeconfigs: string;
    readonly run: string;
  };
  /** Group that may read published kubeconfigs; `null`: the agent's user alone. */
  readonly kubeconfigGroup: string | null;
  /** Group that may ask and steer the agent over its control socket; `null`: the agent's user and root alone. */
  readonly controlGroup: string | null;
  /** Whether objects without `placement.host` are taken. */
  readonly placement: { readonly takeUnplaced: boolean };
  /** Objects that one revision may delete without a person's confirmation. */
  readonly prune: { readonly maxDeletes: number };
  /** What holds disruptions back on this host. Never from manifests: whoever may commit must not run commands here. */
  readonly blockers: readonly BlockerConfig[];
  /** Where metrics are served; `null`: nowhere. */
  readonly listen: { readonly host: string; readonly port: number } | null;
}

/** `objects`: keys of those that it holds back, such as `Cluster/dev`; `null`: all. */
export type BlockerConfig = { readonly objects: readonly string[] | null } & (
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'command'; readonly program: string; readonly args: readonly string[]; readonly timeoutMs: number }
);

export type SourceConfig =
  | { readonly kind: 'folder'; readonly folder: string; readonly pollMs: number }
  | GitSourceConfig;

export interface GitSourceConfig {
  readonly kind: 'git';
  /** Any URL that git takes, or the absolute path of a repository on this host. Never with a password in it. */
  readonly url: string;
  /** `null`: the branch that the remote's HEAD names. */
  readonly branch: string | null;
  /** Folder of the manifests inside the repository; empty for its root. */
  readonly path: string;
  readonly pollMs: number;
  readonly credentials: SourceCredentials;
  /** Who must have signed the commits; `null`: nobody. */
  readonly verify: SourceVerify | null;
}

/** At least one of the two files is named. */
export interface SourceVerify {
  /** `head`: the newest commit. `strict`: each commit since the last good revision. */
  readonly mode: 'head' | 'strict';
  /** For SSH signatures, as `ssh-keygen` reads it. */
  readonly allowedSignersFile: string | null;
  /** For OpenPGP signatures: an exported, binary keyring. */
  readonly keyringFile: string | null;
}

export interface SourceCredentials {
  readonly sshKeyFile: string | null;
  readonly knownHostsFile: string | null;
  readonly tokenFile: string | null;
  /** Name of a systemd credential that holds the token. */
  readonly tokenCredential: string | null;
  /** User name that goes with the token. */
  readonly username: string;
}
