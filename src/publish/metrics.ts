import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { KreError } from '../model/error.ts';
import type { HttpHandler } from '../model/http.ts';
import type { Clock } from '../model/ports.ts';
import type { PassReport } from '../model/report.ts';
import type { Status } from '../model/status.ts';
import { durationText } from '../model/time-text.ts';
import { seconds, statusGauges } from './metrics/gauges.ts';
import { metricsPage } from './metrics/page.ts';

export interface MetricsParts {
  readonly clock: Clock;
  readonly version: string;
  /** This host's name. */
  readonly host: string;
}

/** What the agent tells a Prometheus of itself: counted since it started, and as its latest pass found things. */
export interface Metrics {
  /** After a pass; `status` is what it published. */
  passed(report: PassReport, status: Status): void;
  /** A pass ended in an error. */
  failed(error: KreError): void;
  /** `GET /metrics`, and `GET /healthz`: 200 while passes end well. */
  readonly handle: HttpHandler;
}

/** As long as systemd's watchdog waits for a pass that ends. */
const healthyMs = 180_000;
const passSeconds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export function createMetrics({ clock, version, host }: MetricsParts): Metrics {
  const registry = new Registry();
  const counters = createCounters(registry);
  const setFromStatus = statusGauges(registry);
  new Gauge({
    name: 'kreconcile_info',
    help: 'This agent.',
    labelNames: ['version', 'host'],
    registers: [registry],
  }).set({ version, host }, 1);
  let lastGoodAtMs = clock.now();
  let lastError: KreError | null = null;
  return {
    passed(report, status) {
      lastGoodAtMs = clock.now();
      lastError = null;
      counters.passes.inc({ result: 'done' });
      counters.passDuration.observe(report.tookMs / 1000);
      counters.lastPass.set(report.endedAtMs / 1000);
      countSteps(counters.steps, report);
      const { checkedAtMs, problem } = report.source;
      const readAt = seconds(problem === null ? checkedAtMs : null);
      if (readAt !== null) counters.sourceGood.set(readAt);
      counters.drift.reset();
      for (const { machine, entries } of report.plan?.drift ?? []) {
        counters.drift.set({ machine }, entries.filter(({ isIgnored }) => !isIgnored).length);
      }
      setFromStatus(status);
    },
    failed(error) {
      lastError = error;
      counters.passes.inc({ result: 'failed' });
      counters.errors.inc({ code: error.code });
    },
    handle: metricsPage({
      text: () => registry.metrics(),
      contentType: registry.contentType,
      trouble() {
        const silentMs = clock.now() - lastGoodAtMs;
        if (silentMs < healthyMs) return null;
        const why = lastError ? `: ${lastError.message} (${lastError.code})` : '';
        return `no pass has ended well for ${durationText(silentMs)}${why}`;
      },
    }),
  };
}

function countSteps(steps: Counter<'action' | 'result'>, { outcomes, plan }: PassReport): void {
  const actions = new Map(plan?.steps.map(({ id, action }) => [id, action]));
  for (const { step, state } of outcomes) {
    if (state !== 'started') steps.inc({ action: actions.get(step) ?? '', result: state });
  }
}

function createCounters(registry: Registry) {
  const registers = [registry];
  return {
    passes: new Counter({
      name: 'kreconcile_passes_total',
      help: 'Passes that ended, by result: done, or failed as a whole.',
      labelNames: ['result'],
      registers,
    }),
    errors: new Counter({
      name: 'kreconcile_pass_errors_total',
      help: 'Passes that failed as a whole, by the code of the error.',
      labelNames: ['code'],
      registers,
    }),
    passDuration: new Histogram({
      name: 'kreconcile_pass_duration_seconds',
      help: 'How long passes took.',
      buckets: passSeconds,
      registers,
    }),
    lastPass: new Gauge({
      name: 'kreconcile_last_pass_timestamp_seconds',
      help: 'When the latest pass ended that did not fail.',
      registers,
    }),
    steps: new Counter({
      name: 'kreconcile_steps_total',
      help: 'Steps that were run, by action and result.',
      labelNames: ['action', 'result'],
      registers,
    }),
    sourceGood: new Gauge({
      name: 'kreconcile_source_good_timestamp_seconds',
      help: 'When the newest revision of the source was last read and found valid. Its age is how long an older one may have been enforced.',
      registers,
    }),
    drift: new Gauge({
      name: 'kreconcile_drift_fields',
      help: 'Fields of a machine that somebody changed on the host, without those that its manifest ignores.',
      labelNames: ['machine'],
      registers,
    }),
  };
}
