/** Names of a cluster's nodes, which are also the names of their domains; `index` counts from 1. */

/** `dev-cp-1`. */
export function controlPlaneName(cluster: string, index: number): string {
  return `${cluster}-cp-${index}`;
}

/** `dev-general-1`. No pool may be called `cp`. */
export function workerName(cluster: string, pool: string, index: number): string {
  return `${cluster}-${pool}-${index}`;
}
