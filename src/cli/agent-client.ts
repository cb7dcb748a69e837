import { join } from 'node:path';
import { KreError } from '../model/error.ts';
import { ERROR_CODES, type ErrorCode } from '../model/error-codes.ts';
import type { GuestStatus } from '../model/guest-status.ts';
import type { HistoryEntry, HistoryPrediction } from '../model/history.ts';
import type { Http } from '../model/http.ts';
import type { Backup, Reading } from '../model/observed.ts';
import type { AgentIdentity, Outlook, PassReport } from '../model/report.ts';
import type { Status } from '../model/status.ts';
import type { Decisions } from '../reconcile/decide.ts';

/** The running agent as its control socket shows it. */
export interface AgentClient extends Decisions {
  readonly identity: AgentIdentity;
  status(): Promise<Status | null>;
  outlook(): Promise<Outlook>;
  readings(): Promise<Readonly<Record<string, Reading<GuestStatus>>>>;
  events(limit: number): Promise<readonly unknown[]>;
  history(object?: string): Promise<readonly HistoryEntry[]>;
  /** Backups on this host, by cluster and age. */
  backups(): Promise<readonly Backup[]>;
  /** Keeps what a rehearsal foretold. */
  predict(predictions: readonly Omit<HistoryPrediction, 'kind'>[]): Promise<void>;
  /** A pass that began after the call, when it has ended. */
  reconcile(): Promise<PassReport | null>;
  /** The next report after that pass; `null` when none came for a while. */
  passAfter(pass: number, signal: AbortSignal): Promise<PassReport | null>;
}

const ASK_MS = 10_000;
/** A look and a pass take as long as the host does. */
const ACT_MS = 120_000;

/** Where an agent with this run folder listens. */
export function controlSocket(runFolder: string): string {
  return join(runFolder, 'agent.sock');
}

/** Asks who listens. `AgentNotRunning` if nobody does, `StatePermission` if this user may not ask. */
export async function connectAgent(http: Pick<Http, 'call'>, runFolder: string): Promise<AgentClient> {
  const socketPath = controlSocket(runFolder);
  const ask = async <T>(
    method: string,
    path: string,
    body?: object,
    timeoutMs = ASK_MS,
    signal?: AbortSignal,
  ): Promise<T> => {
    const reply = await http.call({
      socketPath,
      method,
      path,
      timeoutMs,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
    if (reply.status !== 200) throw replyError(reply.body, path);
    return JSON.parse(reply.body) as T;
  };
  return {
    identity: await ask<AgentIdentity>('GET', '/about'),
    status: () => ask('GET', '/status'),
    outlook: () => ask('GET', '/plan', undefined, ACT_MS),
    readings: () => ask('GET', '/readings'),
    events: (limit) => ask('GET', `/events?limit=${limit}`),
    history: (object) => ask('GET', `/history${object === undefined ? '' : `?object=${encodeURIComponent(object)}`}`),
    reconcile: () => ask('POST', '/reconcile', {}, ACT_MS),
    passAfter: (pass, signal) => ask('GET', `/passes?after=${pass}`, undefined, ACT_MS, signal),
    suspend: (scope, reason) => ask('POST', '/suspend', { scope, reason }, ACT_MS),
    resume: (scope) => ask('POST', '/resume', { scope }, ACT_MS),
    confirm: (what) => ask('POST', '/confirm', { what }, ACT_MS),
    retry: (what) => ask('POST', '/retry', { what }, ACT_MS),
    backup: (cluster) => ask('POST', '/backup', { cluster }, ACT_MS),
    restore: (cluster, backup, replace) =>
      ask('POST', '/restore', { cluster, backup, replace: replace ? 'yes' : 'no' }, ACT_MS),
    cancelRestore: (object) => ask('POST', '/cancel-restore', { object }, ACT_MS),
    predict: async (predictions) => {
      await ask('POST', '/predict', { predictions });
    },
    backups: () => ask('GET', '/backups'),
  };
}

/** What the agent refused, as the error that it was there. */
function replyError(body: string, path: string): KreError {
  let told: { code?: unknown; message?: unknown; hint?: unknown } = {};
  try {
    told = JSON.parse(body) as typeof told;
  } catch {
    // Said below: the agent answered something else.
  }
  const code = typeof told.code === 'string' && told.code in ERROR_CODES ? (told.code as ErrorCode) : 'Internal';
  return new KreError({
    code,
    message: typeof told.message === 'string' ? told.message : `the agent did not answer ${path} as expected`,
    hint: typeof told.hint === 'string' ? told.hint : "See the agent's log: journalctl -u kreconcile.",
    disposition: 'stalled',
  });
}
