// An HTTP server of Node around an app, with the limits that keep slow and hostile clients from taking what others need.
import type { IncomingMessage, Server, ServerOptions } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import { problemResponse } from './app.js';
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

export function requestListener(app: Hono): Listener {
  const answer = getRequestListener((request, env) => app.fetch(request, env), {
    // Absent in HTTP/1.0: a name by which no page of another site is reached.
    hostname: 'localhost',
    errorHandler: (error) => problemResponse(error, '/'),
  });
  return oneByOne((incoming, outgoing) => void answer(incoming, outgoing));
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
