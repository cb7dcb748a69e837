import type { Http } from '../model/http.ts';
import type { Log } from '../model/ports.ts';
import { callSocket } from './http-call.ts';
import { listenHttp } from './http-listen.ts';

/** The Http port over node:http and node:https. Why a handler failed goes to the log alone. */
export function createHttp(log: Log): Http {
  return { listen: (address, handle) => listenHttp(address, handle, log), call: callSocket };
}
