/** A problem as `Distribution.check` reports it: where in the manifest, what was found, what would be right. */
export interface ConfigProblem {
  readonly path: string;
  readonly message: string;
  readonly allowed: string;
}
