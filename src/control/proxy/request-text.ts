// The head that a server gets of a request.
import type { Address } from '../../model/address.js';
import { formatAddress } from '../../model/address-text.js';
import type { PoolServer } from '../../model/layer7/pool.js';
import { forwardedRequest } from '../../wire/http/forwarded-head.js';
import type { Asked, ToPool } from './routing.js';

const forwardedNode = ({ family }: Address, text: string): string => (family === 'inet' ? text : `"[${text}]"`);

/** `upgrade`: the protocol to ask the server for; empty: none. */
export function requestText({ client, head }: Asked, to: ToPool, server: PoolServer, upgrade: string): string {
  const text = formatAddress(client);
  return forwardedRequest(
    to.lines === undefined ? head : { ...head, lines: to.lines },
    {
      client: text,
      forwardedNode: forwardedNode(client, text),
      proto: 'http',
      addsForwarded: to.addsForwarded,
      appends: true,
      sendsForwarded: false,
      hostOfNone: server.name,
      upgrade,
      closes: to.pool.keepAlive.connections === 0,
      extra: '',
    },
    to.target,
  );
}
