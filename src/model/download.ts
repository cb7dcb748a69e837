/** One file to fetch. */
export interface DownloadRequest {
  /** `http:`, `https:` or `file:`. */
  readonly url: string;
  /** Absolute path it is written to. What stands there already is the file's beginning, from an earlier try. */
  readonly path: string;
  readonly algorithm: 'sha256' | 'sha512';
  /** Without a byte for this long it fails. */
  readonly stallTimeoutMs: number;
  readonly signal?: AbortSignal;
  /** Bytes that are there, and how many there will be; `null` if the server does not say. */
  readonly onProgress?: (haveBytes: number, totalBytes: number | null) => void;
}

export interface DownloadResult {
  /** Hex digest of the whole file, what was there before included. */
  readonly digest: string;
  readonly sizeBytes: number;
}

/** Fetches files of any size without holding them in memory or blocking the process. `src/sys` implements it. */
export interface Downloads {
  /**
   * Fetches what is missing of a file, from where an earlier try stopped if the server can, and syncs it to the disk. What arrived stays on failure.
   * `ImageDownload` (not there, refused, cut off, unreachable), `StorageFull`, `StatePermission`.
   */
  fetch(request: DownloadRequest): Promise<DownloadResult>;
  /** Makes a finished file read-only for everybody. */
  seal(path: string): Promise<void>;
}
