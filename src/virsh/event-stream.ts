import type { Exec, ExecStream, Log } from '../model/ports.ts';
import { parseEventLine, type VirshEvent } from './event-line.ts';

/** Runs `act` after a time; the returned function calls it off. Tests hand in their own. */
export type Schedule = (delayMs: number, act: () => void) => () => void;

export interface EventStreamSettings {
  readonly exec: Exec;
  readonly uri: string;
  readonly log: Log;
  readonly schedule?: Schedule;
}

/** What the stream tells. `connected` comes once after every (re)connection: what happened before it may have been missed. */
export interface EventListener {
  connected(): void;
  event(event: VirshEvent): void;
  /** The daemon, or virsh, has gone; it is tried again until `stop`. */
  disconnected(): void;
}

const firstDelayMs = 100;
const maxDelayMs = 5_000;
/** virsh registers for events right after it has said the URI; what happens before is covered by the read that follows. */
const registrationMs = 50;
const uriLine = /^[a-z][a-z0-9+]*:\/\//;

/** Follows libvirt's events. virsh ends when its daemon does, so it is started again, soon at first and then every 5 s. */
export function watchVirshEvents(settings: EventStreamSettings, listener: EventListener): { stop(): void } {
  const { exec, uri, log, schedule = byTimer } = settings;
  let delayMs = firstDelayMs;
  let isStopped = false;
  let stream: ExecStream | undefined;
  let callOff = (): void => undefined;

  const onLine = (line: string): void => {
    if (isStopped) return;
    const event = parseEventLine(line);
    if (event) listener.event(event);
    if (!uriLine.test(line.trim())) return;
    delayMs = firstDelayMs;
    callOff = schedule(registrationMs, () => listener.connected());
  };
  const again = (isConnected: boolean): void => {
    callOff();
    if (isStopped) return;
    if (isConnected) listener.disconnected();
    callOff = schedule(delayMs, start);
    delayMs = Math.min(delayMs * 2, maxDelayMs);
  };
  const start = (): void => {
    let isConnected = false;
    const args = ['-q', '-c', uri, 'uri; event --all --loop --timestamp'];
    try {
      stream = exec.stream({ program: 'virsh', args, env: { VIRSH_HISTSIZE: '0' } }, (line) => {
        isConnected = true;
        onLine(line);
      });
    } catch (thrown) {
      log.warn(
        { reason: thrown instanceof Error ? thrown.message : String(thrown) },
        'libvirt events are not available',
      );
      again(false);
      return;
    }
    void stream.ended.then((exitCode) => {
      if (!isStopped && isConnected) log.info({ exitCode }, 'libvirt event stream ended, starting it again');
      again(isConnected);
    });
  };
  start();
  return {
    stop: () => {
      isStopped = true;
      callOff();
      stream?.stop();
    },
  };
}

const byTimer: Schedule = (delayMs, act) => {
  const timer = setTimeout(act, delayMs);
  return () => clearTimeout(timer);
};
