/**
 * HTTP as the rest of the program sees it: the control socket, the metrics page and the simulated API server serve it,
 * the command line asks the control socket. `src/sys` implements it.
 */

/** A unix socket in the file system (with its mode, default 0600), or a TCP port (0 takes a free one). */
export type HttpAddress =
  | { readonly kind: 'socket'; readonly path: string; readonly mode?: number; readonly group?: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly tls?: HttpServerTls };

/** PEM texts. With `clientCa`, clients may show a certificate; who did so validly is named in the request. */
export interface HttpServerTls {
  readonly certificate: string;
  readonly key: string;
  readonly clientCa?: string;
}

export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** As UTF-8; what is no text (Kubernetes clients send protobuf) is whole in `bodyBytes` alone. */
  readonly body: string;
  readonly bodyBytes?: Uint8Array;
  /** Common name of a client certificate that `clientCa` signed. */
  readonly clientName?: string;
  /** Aborted when the client has gone; a handler that streams stops then. */
  readonly signal: AbortSignal;
}

/** A body of several pieces is sent piece by piece as it comes. Content type default `application/json`. */
export interface HttpReply {
  readonly status: number;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | AsyncIterable<string>;
}

/** Answers one request. What it throws becomes a 500 that says nothing of the cause. */
export type HttpHandler = (request: HttpRequest) => Promise<HttpReply>;

export interface HttpListener {
  /** The port taken; 0 for a unix socket. */
  readonly port: number;
  /** Stops listening and ends open connections; removes the socket. */
  close(): Promise<void>;
}

export interface HttpCall {
  readonly socketPath: string;
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  /** Time until the whole reply is there; `WaitTimeout`. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export interface Http {
  /**
   * Serves until closed. A socket whose owner has died is replaced; one that somebody answers on is `AgentRunning`; a
   * taken TCP port is `ConfigInvalid`.
   */
  listen(address: HttpAddress, handle: HttpHandler): Promise<HttpListener>;
  /** Asks over a unix socket. Nobody there is `AgentNotRunning`, no permission `StatePermission`. */
  call(call: HttpCall): Promise<{ readonly status: number; readonly body: string }>;
}
