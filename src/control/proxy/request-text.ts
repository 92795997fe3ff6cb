// What a server gets before the body of a request: its head, and the client's address where the pool wants that.
import type { Pool, PoolServer } from '../../model/layer7/pool.js';
import { fieldValue } from '../../wire/http/fields.js';
import { forwardedRequest } from '../../wire/http/forwarded-head.js';
import { proxyHeader, proxyLine } from '../../wire/proxy-protocol/proxy-header.js';
import { type Asked, schemeOf, type ToPool } from './routing.js';

/** `upgrade`: the protocol to ask the server for; empty: none. */
export function requestText({ clientText, head, listener }: Asked, routed: ToPool, server: PoolServer, upgrade: string): string {
  return forwardedRequest(
    routed.lines === undefined ? head : { ...head, lines: routed.lines, host: head.host || (fieldValue(routed.lines, 'host') ?? '') },
    {
      client: clientText,
      proto: schemeOf(listener),
      addsForwarded: routed.addsForwarded,
      hostOfNone: server.name,
      upgrade,
      closes: routed.pool.keepAlive.connections === 0 || routed.pool.sendProxy !== undefined,
    },
    routed.target,
  );
}

const nothing = new Uint8Array(0);

/** What comes before a request where the pool wants to know the client by the PROXY protocol. Its connection then serves this request alone. */
export function clientHeader({ client, clientPort, serverAddress, listener }: Asked, { sendProxy }: Pool): Uint8Array {
  if (sendProxy === undefined) return nothing;
  const ends = { source: client, sourcePort: clientPort, destination: serverAddress, destinationPort: listener.port };
  return sendProxy === 'v1' ? proxyLine(ends) : proxyHeader(ends);
}
