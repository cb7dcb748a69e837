/** A file of the repository that is computed from the source: its path from the root, and the text it must have. */
export interface GeneratedFile {
  readonly path: string;
  readonly text: string;
}

/** Every generated file with the text its source yields now. */
export async function generatedFiles(): Promise<readonly GeneratedFile[]> {
  return [];
}
