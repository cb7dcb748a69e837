import { EMPTY_LEDGER, type Ledger } from '../model/ledger.ts';
import { isAttempt, isHealthyRun, isTime, readMap } from './shapes.ts';
import type { Store } from './store.ts';

const FILE = 'ledger.json';

/** The ledger's file. A damaged or missing one is an empty ledger: losing it costs only time. */
export interface LedgerFile {
  read(): Promise<Ledger>;
  /** Writes only what differs from what was written last, so that an idle agent writes nothing. */
  write(ledger: Ledger): Promise<void>;
}

export function createLedgerFile(store: Store): LedgerFile {
  let written: string | null = null;
  return {
    async read() {
      const found = await store.read(FILE);
      return found.state === 'present' ? ledgerOf(found.value) : EMPTY_LEDGER;
    },
    async write(ledger) {
      const text = JSON.stringify(ledger);
      if (text === written) return;
      await store.write(FILE, ledger);
      written = text;
    },
  };
}

function ledgerOf(value: unknown): Ledger {
  if (typeof value !== 'object' || value === null) return EMPTY_LEDGER;
  const { schema, revision, attempts, since, healthy, lookedAtMs } = value as Partial<Record<keyof Ledger, unknown>>;
  if (schema !== 1 || typeof revision !== 'string') return EMPTY_LEDGER;
  return {
    schema,
    revision,
    attempts: readMap(attempts, isAttempt),
    since: readMap(since, isTime),
    ...(isTime(lookedAtMs) ? { lookedAtMs } : {}),
    healthy: readMap(healthy, isHealthyRun),
  };
}
