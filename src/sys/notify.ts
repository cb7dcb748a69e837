/**
 * Tells systemd how the agent is. Node cannot open unix datagram sockets, so the program `systemd-notify` speaks for us,
 * which needs `NotifyAccess=all` in the unit. Not running under systemd, or a notice that fails, never disturbs the agent.
 */
import type { Exec, Log } from '../model/ports.ts';

const notifyTimeoutMs = 10_000;

export interface Notifier {
  /** Half of the unit's WatchdogSec, after which the next `watchdog` is due; `null` if the unit has no watchdog. */
  readonly watchdogIntervalMs: number | null;
  ready(): Promise<void>;
  stopping(): Promise<void>;
  /** To be called from the loop's own progress; a timer of its own would prove nothing. */
  watchdog(): Promise<void>;
  /** One line for `systemctl status`. */
  status(text: string): Promise<void>;
}

/** A notifier for the environment that the process was started with. */
export function createNotifier(exec: Exec, log: Log, env: Readonly<Record<string, string | undefined>>): Notifier {
  const socket = env['NOTIFY_SOCKET'];
  const send = async (state: string): Promise<void> => {
    if (socket === undefined || socket === '') return;
    try {
      const request = {
        program: 'systemd-notify',
        args: [state],
        env: { NOTIFY_SOCKET: socket },
        timeoutMs: notifyTimeoutMs,
      };
      const { exitCode, stderr } = await exec.run(request);
      if (exitCode !== 0) log.warn({ exitCode, stderr }, 'systemd took no notice');
    } catch (thrown) {
      log.warn({ error: thrown }, 'systemd took no notice');
    }
  };
  return {
    watchdogIntervalMs: watchdogInterval(env),
    ready: () => send('READY=1'),
    stopping: () => send('STOPPING=1'),
    watchdog: () => send('WATCHDOG=1'),
    status: (text) => send(`STATUS=${text.replaceAll(/\s+/g, ' ')}`),
  };
}

function watchdogInterval(env: Readonly<Record<string, string | undefined>>): number | null {
  const watchdogUs = Number(env['WATCHDOG_USEC']);
  if (!Number.isFinite(watchdogUs) || watchdogUs <= 0) return null;
  // Set for another process of the unit: then nobody waits for our sign of life.
  if (env['WATCHDOG_PID'] !== undefined && env['WATCHDOG_PID'] !== String(process.pid)) return null;
  return watchdogUs / 1000 / 2;
}
