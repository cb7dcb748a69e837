import type { HttpHandler, HttpReply } from '../../model/http.ts';

/** What the page shows. */
export interface PageParts {
  /** The exposition text and its content type. */
  readonly text: () => Promise<string>;
  readonly contentType: string;
  /** Why the agent is not well; `null` when it is. */
  readonly trouble: () => string | null;
}

/** Answers `GET /metrics` and `GET /healthz`. Nothing here changes anything, and nothing is secret. */
export function metricsPage({ text, contentType, trouble }: PageParts): HttpHandler {
  return async ({ method, path }) => {
    if (method !== 'GET' && method !== 'HEAD') return plain(405, 'only GET\n', { allow: 'GET, HEAD' });
    if (path === '/metrics') return { status: 200, contentType, body: method === 'HEAD' ? '' : await text() };
    if (path !== '/healthz') return plain(404, 'there are /metrics and /healthz\n');
    const found = trouble();
    return found === null ? plain(200, 'ok\n') : plain(503, `${found}\n`);
  };
}

function plain(status: number, body: string, headers: Readonly<Record<string, string>> = {}): HttpReply {
  return { status, contentType: 'text/plain; charset=utf-8', headers, body };
}
