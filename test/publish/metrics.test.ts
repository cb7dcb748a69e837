import { describe, expect, it } from 'vitest';
import { KreError } from '../../src/model/error.ts';
import type { HttpRequest } from '../../src/model/http.ts';
import type { PassReport } from '../../src/model/report.ts';
import { createMetrics } from '../../src/publish/metrics.ts';
import { summarize } from '../../src/publish/summarize.ts';
import { controlPlane, domain, guest, inputOf, nowMs, worker } from './scene.ts';

const well = {
  domains: [domain(controlPlane), domain(worker)],
  guests: { [controlPlane]: guest(), [worker]: guest() },
  records: { kubeconfigs: [{ cluster: 'dev' }] as never },
};

function bench() {
  let now = nowMs;
  const metrics = createMetrics({ clock: { now: () => now }, version: '1.2.3', host: 'kvm1' });
  const get = (path: string, method = 'GET') => metrics.handle({ method, path } as HttpRequest);
  const report = (more: Partial<PassReport> = {}): PassReport => {
    const source = { problem: null, checkedAtMs: nowMs };
    return {
      source,
      plan: { steps: [] },
      outcomes: [],
      tookMs: 20,
      endedAtMs: nowMs,
      ...more,
    } as unknown as PassReport;
  };
  return {
    metrics,
    report,
    get,
    advance: (ms: number) => {
      now += ms;
    },
    lines: async () => String((await get('/metrics')).body).split('\n'),
  };
}

describe('metrics', () => {
  it('tell readiness, versions and certificates of clusters and machines', async () => {
    const { metrics, report, lines } = bench();
    metrics.passed(report(), summarize(inputOf(well)));
    const found = await lines();
    for (const line of [
      'kreconcile_info{version="1.2.3",host="kvm1"} 1',
      'kreconcile_hypervisor_reachable 1',
      'kreconcile_cluster_ready{cluster="dev"} 1',
      'kreconcile_cluster_version_info{cluster="dev",distribution="kubeadm",desired="v1.36.1",observed="v1.36.1"} 1',
      'kreconcile_cluster_certificates_expire_timestamp_seconds{cluster="dev"} 5000000000',
      'kreconcile_machine_ready{machine="dev-cp-1",cluster="dev",role="control-plane"} 1',
      'kreconcile_source_good_timestamp_seconds 1000',
      'kreconcile_source_revision_info{enforced="r1",attempted="r1"} 1',
      'kreconcile_passes_total{result="done"} 1',
    ]) {
      expect(found).toContain(line);
    }
  });

  it('leave out what is unknown, and forget what is no longer there', async () => {
    const { metrics, report, lines } = bench();
    metrics.passed(report(), summarize(inputOf(well)));
    metrics.passed(report(), summarize(inputOf({ ...well, guests: {}, plan: blocked })));
    expect(
      (await lines()).filter((line) => line.startsWith('kreconcile_machine_ready{machine="dev-general-1"')),
    ).toEqual([]);
    expect((await lines()).filter((line) => line.startsWith('kreconcile_cluster_version_info'))).toHaveLength(1);
    expect(await lines()).toContain('kreconcile_blocks{guard="QuorumHeld"} 2');
    metrics.passed(report(), summarize(inputOf(well)));
    expect((await lines()).filter((line) => line.startsWith('kreconcile_blocks{'))).toEqual([]);
  });

  it('count steps by action and result, and passes that failed by code', async () => {
    const { metrics, report, lines } = bench();
    const steps = [{ id: 'machine/a/start', action: 'start' }] as never;
    const outcomes = ['started', 'done', 'failed'].map((state) => ({
      step: 'machine/a/start',
      state,
      atMs: 1,
    })) as never;
    metrics.passed(report({ plan: { steps } as never, outcomes }), summarize(inputOf(well)));
    metrics.failed(unreachable);
    const found = await lines();
    expect(found).toContain('kreconcile_steps_total{action="start",result="done"} 1');
    expect(found).toContain('kreconcile_steps_total{action="start",result="failed"} 1');
    expect(found).toContain('kreconcile_pass_errors_total{code="HypervisorUnreachable"} 1');
  });

  it('count what somebody changed on the host, without what the manifest ignores', async () => {
    const { metrics, report, lines } = bench();
    const drift = [{ machine: 'dev-cp-1', entries: [{ isIgnored: false }, { isIgnored: true }] }] as never;
    metrics.passed(report({ plan: { steps: [], drift } as never }), summarize(inputOf(well)));
    expect(await lines()).toContain('kreconcile_drift_fields{machine="dev-cp-1"} 1');
  });

  it('keep the time of the last good revision while the newest one is not', async () => {
    const { metrics, report, lines } = bench();
    metrics.passed(report(), summarize(inputOf(well)));
    const problem = { code: 'ManifestInvalid', message: '', hint: '', details: [] };
    const source = { ...report().source, problem, checkedAtMs: nowMs + 60_000 };
    metrics.passed(report({ source }), summarize(inputOf(well, { source: { ...inputOf(well).source, problem } })));
    expect(await lines()).toContain('kreconcile_source_good_timestamp_seconds 1000');
    expect(await lines()).toContain('kreconcile_source_problem{code="ManifestInvalid"} 1');
  });
});

describe('the page', () => {
  it('says that the agent is well until no pass has ended well for as long as the watchdog waits', async () => {
    const { metrics, report, get, advance } = bench();
    advance(170_000);
    metrics.passed(report(), summarize(inputOf(well)));
    metrics.failed(unreachable);
    advance(170_000);
    expect(await get('/healthz')).toMatchObject({ status: 200, body: 'ok\n' });
    advance(20_000);
    expect(await get('/healthz')).toMatchObject({
      status: 503,
      body: 'no pass has ended well for 3 min 10 s: no answer (HypervisorUnreachable)\n',
    });
  });

  it('offers nothing else, and nothing to change', async () => {
    const { get } = bench();
    expect((await get('/plan')).status).toBe(404);
    expect((await get('/metrics', 'POST')).status).toBe(405);
    expect((await get('/metrics')).contentType).toMatch(/^text\/plain; version=/);
  });
});

const unreachable = new KreError({
  code: 'HypervisorUnreachable',
  message: 'no answer',
  hint: '',
  disposition: 'retry',
});
const block = { target: { kind: 'Machine', name: 'dev-cp-1' }, object: null, guard: 'QuorumHeld' };
const blocked = { blocks: [block, block] as never };
