// What a server gets before the body of a request: its head, and the client's address where the pool wants that.
import type { Pool, PoolServer } from '../../model/layer7/pool.js';
import { fieldValue } from '../../wire/http/fields.js';
import { forwardedRequest } from '../../wire/http/forwarded-head.js';
import { proxyHeader, proxyLine } from '../../wire/proxy-protocol/proxy-header.js';
import { type Asked, schemeOf, type ToPool } from './routing.js';

/** `upgrade`: the protocol to ask the server for; empty: none. */
export function requestText({ clientText, head, listener }: Asked, to: ToPool, server: PoolServer, upgrade: string): string {
  return forwardedRequest(
    to.lines === undefined ? head : { ...head, lines: to.lines, host: head.host || (fieldValue(to.lines, 'host') ?? '') },
    {
      client: clientText,
      proto: schemeOf(listener),
      addsForwarded: to.addsForwarded,
      hostOfNone: server.name,
      upgrade,
      closes: to.pool.keepAlive.connections === 0 || to.pool.sendProxy !== undefined,
    },
    to.target,
  );
}

const nothing = new Uint8Array(0);

/** What comes before a request where the pool wants to know the client by the PROXY protocol. Its connection then serves this request alone. */
export function clientHeader({ client, clientPort, serverAddress, listener }: Asked, { sendProxy }: Pool): Uint8Array {
  if (sendProxy === undefined) return nothing;
  const ends = { source: client, sourcePort: clientPort, destination: serverAddress, destinationPort: listener.port };
  return sendProxy === 'v1' ? proxyLine(ends) : proxyHeader(ends);
}
