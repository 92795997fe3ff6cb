// An HTTP server of Node around an app, with the limits that keep slow and hostile clients from taking what others need.
import type { IncomingMessage, Server, ServerOptions } from 'node:http';
import { getRequestListener, RequestError } from '@hono/node-server';
import { WeirError } from '../../model/errors/weir-error.js';
import { type AppOptions, errorResponse, makeApp } from './app.js';
import { type Listener, oneByOne } from './turns.js';

/** ms; connections; bytes. */
const LIMITS = { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 15_000 } as const;
const HEADER_MAX = 16 * 1024;
const CONNECTIONS_MAX = 4096;
/** A client that takes nothing for so long is cut off; streams send something more often. */
const IDLE_MS = 60_000;

/** What an app is given of a request beside the request itself. */
export interface NodeEnv {
  readonly incoming: IncomingMessage;
}

/** What a request has where its target or its Host is none: who sends it, and no path. */
function withoutTarget({ rawHeaders }: IncomingMessage): Request {
  const headers = new Headers();
  for (let index = 0; index < rawHeaders.length; index += 2) headers.append(rawHeaders[index] ?? '', rawHeaders[index + 1] ?? '');
  return new Request('http://localhost/', { headers });
}

/** The same callers are refused in the same way as with a target. */
function refuseTarget(options: AppOptions, error: RequestError, incoming: IncomingMessage): Response {
  try {
    options.callerOf(withoutTarget(incoming), { incoming } satisfies NodeEnv);
    throw new WeirError('api-target', { why: error.message });
  } catch (refusal) {
    return errorResponse(options, refusal, '/');
  }
}

/** Of an app by these options. */
export function requestListener(options: AppOptions): Listener {
  const app = makeApp(options);
  return oneByOne((incoming, outgoing) => {
    const answer = getRequestListener((request, env) => app.fetch(request, env), {
      // Absent in HTTP/1.0: a name by which no page of another site is reached.
      hostname: 'localhost',
      errorHandler: (error) =>
        error instanceof RequestError ? refuseTarget(options, error, incoming) : errorResponse(options, error, '/'),
    });
    void answer(incoming, outgoing);
  });
}

interface BoundedServer {
  maxConnections: number;
  setTimeout(ms: number): unknown;
}

/** `make`: createServer of http or https. */
export function nodeServer<S extends BoundedServer>(make: (options: ServerOptions, listener: Listener) => S, listener: Listener): S {
  const server = make({ ...LIMITS, maxHeaderSize: HEADER_MAX, connectionsCheckingInterval: 5000 }, listener);
  server.maxConnections = CONNECTIONS_MAX;
  server.setTimeout(IDLE_MS);
  return server;
}

/** With the connections that are open. */
export const closeAll = async (servers: readonly Server[]): Promise<void> => {
  await Promise.all(
    servers.map(
      (server) =>
        new Promise<void>((done) => {
          server.close(() => done());
          server.closeAllConnections();
        }),
    ),
  );
};
