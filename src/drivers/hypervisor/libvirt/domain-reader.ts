import { type DomainDescription, parseDomain } from './parse-domain.ts';

/** Remembered dumps at most; above that the oldest are read anew. */
const maxRemembered = 5_000;

/**
 * Reads dumps, each text once: between two passes almost no domain changes, and parsing is what a reading costs. `key` says
 * whose dump it is.
 */
export function createDomainReader(): (key: string, xml: string) => DomainDescription {
  const remembered = new Map<string, { readonly xml: string; readonly description: DomainDescription }>();
  return (key, xml) => {
    const last = remembered.get(key);
    if (last?.xml === xml) return last.description;
    const description = parseDomain(xml);
    remembered.delete(key);
    remembered.set(key, { xml, description });
    for (const oldest of remembered.keys()) {
      if (remembered.size <= maxRemembered) break;
      remembered.delete(oldest);
    }
    return description;
  };
}
