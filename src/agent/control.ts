import { toKreError } from '../model/error.ts';
import type { GuestStatus } from '../model/guest-status.ts';
import type { HistoryEntry } from '../model/history.ts';
import type { HttpHandler, HttpReply, HttpRequest } from '../model/http.ts';
import type { Backup, Reading } from '../model/observed.ts';
import type { AgentIdentity, Outlook, PassReport } from '../model/report.ts';
import type { Status } from '../model/status.ts';
import { abortAfter } from '../reconcile/abort-after.ts';
import type { Decisions } from '../reconcile/decide.ts';
import { type Foretold, readPredictions } from './predictions.ts';

/** What the control socket gives access to. Everything that changes something is a request to the loop or a person's decision. */
export interface ControlParts {
  readonly identity: AgentIdentity;
  readonly status: () => Promise<Status | null>;
  /** Looked at now, with the readings that the agent has. */
  readonly outlook: () => Promise<Outlook>;
  readonly readings: () => Readonly<Record<string, Reading<GuestStatus>>>;
  readonly events: (limit: number) => Promise<readonly unknown[]>;
  readonly history: (object?: string) => Promise<readonly HistoryEntry[]>;
  /** Keeps what a rehearsal foretold. */
  readonly predict: (predictions: readonly Foretold[]) => Promise<void>;
  readonly backups: () => Promise<readonly Backup[]>;
  /** Looks at the source and runs a pass; resolves with the report of a pass that began after the call. */
  readonly reconcile: () => Promise<PassReport | null>;
  /** The first report with a greater number, as soon as there is one; `null` when `signal` aborts before. */
  readonly reportAfter: (pass: number, signal: AbortSignal) => Promise<PassReport | null>;
  readonly decisions: Decisions;
}

const LONG_POLL_MS = 20_000;

/**
 * Answers requests on the control socket: `GET /about /status /plan /readings /events /history /backups /passes`, `POST /reconcile /suspend
 * /resume /confirm /retry /backup /restore /cancel-restore /predict`.
 */
export function createControl(parts: ControlParts): HttpHandler {
  const routes: Readonly<Record<string, (request: HttpRequest) => Promise<unknown>>> = {
    'GET /about': async () => parts.identity,
    'GET /status': () => parts.status(),
    'GET /plan': () => parts.outlook(),
    'GET /readings': async () => parts.readings(),
    'GET /events': ({ query }) => parts.events(positive(query['limit'], 100)),
    'GET /history': ({ query }) => parts.history(query['object']),
    'GET /backups': () => parts.backups(),
    'GET /passes': ({ query, signal }) =>
      parts.reportAfter(positive(query['after'], 0), abortAfter(LONG_POLL_MS, signal)),
    'POST /reconcile': () => parts.reconcile(),
    'POST /suspend': async ({ body }) => {
      const { scope, reason } = texts(body, ['scope', 'reason'], ['reason']);
      return parts.decisions.suspend(scope, reason);
    },
    'POST /resume': async ({ body }) => parts.decisions.resume(texts(body, ['scope']).scope),
    'POST /confirm': async ({ body }) => parts.decisions.confirm(texts(body, ['what']).what),
    'POST /retry': async ({ body }) => parts.decisions.retry(texts(body, ['what']).what),
    'POST /backup': async ({ body }) => parts.decisions.backup(texts(body, ['cluster']).cluster),
    'POST /predict': async ({ body }) => {
      const predictions = readPredictions(body);
      if (!predictions) throw new BadRequest('the body holds no predictions');
      await parts.predict(predictions);
      return {};
    },
    'POST /restore': async ({ body }) => {
      const { cluster, backup, replace } = texts(body, ['cluster', 'backup', 'replace']);
      return parts.decisions.restore(cluster, backup, replace === 'yes');
    },
    'POST /cancel-restore': async ({ body }) => parts.decisions.cancelRestore(texts(body, ['object']).object),
  };
  return async (request) => {
    const route = routes[`${request.method} ${request.path}`];
    if (!route) return reply(404, { code: 'NotFound', message: `no ${request.method} ${request.path}`, hint: '' });
    try {
      return reply(200, await route(request));
    } catch (thrown) {
      if (thrown instanceof BadRequest) return reply(400, { code: 'Usage', message: thrown.message, hint: '' });
      const { code, message, hint, disposition } = toKreError(thrown);
      return reply(409, { code, message, hint, disposition });
    }
  };
}

class BadRequest extends Error {}

function reply(status: number, value: unknown): HttpReply {
  return { status, body: `${JSON.stringify(value)}\n` };
}

function positive(text: string | undefined, fallback: number): number {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : fallback;
}

/** The texts of a body; only those of `mayBeEmpty` may be. */
function texts<const K extends string>(
  body: string,
  keys: readonly K[],
  mayBeEmpty: readonly K[] = [],
): Record<K, string> {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw new BadRequest('the body is not JSON');
  }
  const record = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  return Object.fromEntries(
    keys.map((key) => {
      const text = record[key];
      if (typeof text !== 'string' || (text === '' && !mayBeEmpty.includes(key)) || text.length > 500)
        throw new BadRequest(`"${key}" is missing or not a text`);
      return [key, text];
    }),
  ) as Record<K, string>;
}
