import type { Http } from '../model/http.ts';
import type { Log } from '../model/ports.ts';

/** The Http port over node:http and node:https, loaded where it is used. Why a handler failed goes to the log alone. */
export function createHttp(log: Log): Http {
  return {
    listen: async (address, handle) => (await import('./http-listen.ts')).listenHttp(address, handle, log),
    call: async (call) => (await import('./http-call.ts')).callSocket(call),
  };
}
