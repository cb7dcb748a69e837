import { expect, it } from 'vitest';
import type { Exec, ExecRequest, ExecResult, Log } from '../../src/model/ports.ts';
import { createNotifier } from '../../src/sys/notify.ts';

function recordingExec(answer: () => ExecResult): Exec & { readonly requests: ExecRequest[] } {
  const requests: ExecRequest[] = [];
  return {
    requests,
    run: async (request) => {
      requests.push(request);
      return answer();
    },
    stream: () => {
      throw new Error('not used');
    },
  };
}

function recordingLog(): Log & { readonly warnings: string[] } {
  const warnings: string[] = [];
  const nothing = () => undefined;
  const warn = (_: object, message: string) => void warnings.push(message);
  const log: Log & { warnings: string[] } = {
    warnings,
    debug: nothing,
    info: nothing,
    warn,
    error: nothing,
    child: () => log,
  };
  return log;
}

const done: ExecResult = { exitCode: 0, stdout: '', stderr: '' };

it('tells systemd through its program', async () => {
  const exec = recordingExec(() => done);
  const notifier = createNotifier(exec, recordingLog(), { NOTIFY_SOCKET: '/run/systemd/notify' });
  await notifier.ready();
  await notifier.watchdog();
  await notifier.status('12 machines,\n all as asked');
  await notifier.stopping();
  const states = exec.requests.map((request) => [request.program, ...request.args].join(' '));
  expect(states).toEqual([
    'systemd-notify READY=1',
    'systemd-notify WATCHDOG=1',
    'systemd-notify STATUS=12 machines, all as asked',
    'systemd-notify STOPPING=1',
  ]);
});

it('does nothing outside systemd', async () => {
  const exec = recordingExec(() => done);
  await createNotifier(exec, recordingLog(), {}).ready();
  expect(exec.requests).toEqual([]);
});

it('warns and goes on when systemd cannot be told', async () => {
  const env = { NOTIFY_SOCKET: '/nowhere' };
  const log = recordingLog();
  await createNotifier(
    recordingExec(() => ({ ...done, exitCode: 1 })),
    log,
    env,
  ).ready();
  await createNotifier(
    recordingExec(() => {
      throw new Error('missing');
    }),
    log,
    env,
  ).ready();
  expect(log.warnings).toHaveLength(2);
});

it('knows how often the watchdog wants to hear of it', () => {
  const interval = (env: Record<string, string>) =>
    createNotifier(
      recordingExec(() => done),
      recordingLog(),
      env,
    ).watchdogIntervalMs;
  expect(interval({ WATCHDOG_USEC: '30000000' })).toBe(15_000);
  expect(interval({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: String(process.pid) })).toBe(15_000);
  expect(interval({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '1' })).toBeNull();
  expect(interval({})).toBeNull();
});
