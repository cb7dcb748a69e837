/** Configuration that a distribution understands: parsed YAML. */
export type ConfigTree = Readonly<Record<string, unknown>>;

export function isTree(value: unknown): value is ConfigTree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * `theirs` over `ours`: trees are merged key by key, anything else of theirs replaces ours. Lists are not joined here: whoever
 * wants that says so for the list in question.
 */
export function mergeTrees(ours: ConfigTree, theirs: ConfigTree): ConfigTree {
  const merged: Record<string, unknown> = { ...ours };
  for (const [key, value] of Object.entries(theirs)) {
    const own = merged[key];
    merged[key] = isTree(own) && isTree(value) ? mergeTrees(own, value) : value;
  }
  return merged;
}

/** The value at a path of keys, `undefined` if a key on the way is missing. */
export function valueAt(tree: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => (isTree(value) ? value[key] : undefined), tree);
}

/** `items` of both, ours first, each once by what `nameOf` says; of two with one name theirs stays. */
export function joinLists<T>(ours: readonly T[], theirs: readonly T[], nameOf: (item: T) => string): readonly T[] {
  const named = new Map<string, T>();
  for (const item of [...ours, ...theirs]) named.set(nameOf(item), item);
  return [...named.values()];
}

/** Entries of a list in somebody's configuration; empty if it is no list. */
export function listAt(tree: unknown, path: readonly string[]): readonly unknown[] {
  const value = valueAt(tree, path);
  return Array.isArray(value) ? value : [];
}

/** The tree without what stands at a path of keys. */
export function without(tree: ConfigTree, path: readonly string[]): ConfigTree {
  const [key = '', ...rest] = path;
  const { [key]: value, ...others } = tree;
  if (value === undefined || rest.length === 0) return others;
  return isTree(value) ? { ...others, [key]: without(value, rest) } : tree;
}
