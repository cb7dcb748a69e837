import { type KreError, toKreError } from '../model/error.ts';
import type { PassReport } from '../model/report.ts';
import type { Workshop } from './workshop.ts';

/** Where passes are told, and the page closed. */
export interface ServedMetrics {
  onReport(report: PassReport): void;
  onError(error: KreError): void;
  close(): Promise<void>;
}

const none: ServedMetrics = { onReport: () => undefined, onError: () => undefined, close: () => Promise.resolve() };

/** Serves metrics where the configuration says. A port that is taken is told, and costs no machine its care. */
export async function serveMetrics(
  { config, clock, http, log, publisher }: Workshop,
  version: string,
): Promise<ServedMetrics> {
  if (config.listen === null) return none;
  const { createMetrics } = await import('../publish/metrics.ts');
  const metrics = createMetrics({ clock, version, host: config.host });
  try {
    const { port, close } = await http.listen({ kind: 'tcp', ...config.listen }, metrics.handle);
    log.info({ host: config.listen.host, port }, 'metrics are served');
    return {
      onReport: (report) => {
        void publisher.status().then((status) => status && metrics.passed(report, status));
      },
      onError: metrics.failed,
      close,
    };
  } catch (thrown) {
    log.error({ error: toKreError(thrown) }, 'metrics cannot be served');
    return none;
  }
}
