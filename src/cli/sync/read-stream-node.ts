// A node of weir's own stream on a command line: 192.0.2.1, 192.0.2.1:8848, 2001:db8::1 or [2001:db8::1]:8848, and behind a peer's = its pin.
import { parseAddress } from '../../model/address-text.js';
import { WeirError } from '../../model/errors/weir-error.js';
import type { DestinationKey } from '../../model/service.js';
import { isPin, STREAM_PORT, type StreamPeer } from '../../model/stream-node.js';
import { readEndpoint } from '../read-endpoint.js';

/** `option`: as messages name it. @throws WeirError option-value */
export function readStreamNode(option: string, text: string): DestinationKey {
  const address = parseAddress(text);
  const node = address === undefined ? readEndpoint(option, text) : { address, port: STREAM_PORT };
  if (node.port === 0) throw new WeirError('option-value', { option, expected: 'a port from 1 on', given: text });
  return node;
}

/** @throws WeirError option-value */
export function readStreamPeer(text: string): StreamPeer {
  const [node = '', ...pins] = text.split('=');
  const [pin] = pins;
  if (pins.length > 1 || (pin !== undefined && !isPin(pin)))
    throw new WeirError('option-value', {
      option: 'weir sync serve',
      expected: 'PEER, or PEER=PIN as weir sync keygen prints it',
      given: text,
    });
  return { ...readStreamNode('weir sync serve', node), ...(pin === undefined ? {} : { pin }) };
}
