import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { KreError } from '../model/error.ts';
import type { Http, HttpCall } from '../model/http.ts';
import { fileError, systemCode } from './file-errors.ts';

/** Asks over a unix socket and reads the whole reply; see `Http.call`. */
export const callSocket: Http['call'] = async (call) => {
  const deadline = AbortSignal.timeout(call.timeoutMs);
  const signal = call.signal ? AbortSignal.any([deadline, call.signal]) : deadline;
  try {
    const reply = await send(call, signal);
    return { status: reply.statusCode ?? 0, body: await text(reply) };
  } catch (thrown) {
    throw callError(call, thrown, deadline.aborted);
  }
};

function send(call: HttpCall, signal: AbortSignal): Promise<IncomingMessage> {
  const { socketPath, method, path } = call;
  const headers = call.body === undefined ? {} : { 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, method, path, headers, signal, host: 'localhost', agent: false }, resolve);
    sent.on('error', reject);
    sent.end(call.body);
  });
}

function callError(call: HttpCall, cause: unknown, isLate: boolean): KreError {
  const code = systemCode(cause);
  if (code === 'EACCES' || code === 'EPERM') return fileError('connect to', call.socketPath, cause);
  if (isLate) {
    return new KreError({
      code: 'WaitTimeout',
      message: `the agent at ${call.socketPath} did not answer within ${call.timeoutMs / 1000} s`,
      hint: 'It may be busy or hang: see its log (`journalctl -u kreconcile`) and try again.',
      disposition: 'retry',
      cause,
    });
  }
  return new KreError({
    code: 'AgentNotRunning',
    message: `no agent answers at ${call.socketPath} (${code ?? String(cause)})`,
    hint: 'Start it with `systemctl start kreconcile`, or name its state folder with --state-dir.',
    disposition: 'stalled',
    cause,
  });
}
