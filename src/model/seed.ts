/** The three files of a NoCloud seed. */
export interface SeedFiles {
  readonly userData: string;
  readonly metaData: string;
  readonly networkConfig: string;
}

/** One file that first boot writes in a guest. */
export interface SeedFile {
  /** Absolute path in the guest. */
  readonly path: string;
  readonly content: string;
  /** Octal as cloud-init writes it: `0644`. */
  readonly permissions: string;
}
