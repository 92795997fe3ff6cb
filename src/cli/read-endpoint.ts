// An address and a port on a command line.
import { parseEndpoint } from '../model/endpoint-text.js';
import { WeirError } from '../model/errors/weir-error.js';
import type { DestinationKey } from '../model/service.js';

/** `option`: as messages name it. @throws WeirError option-value */
export function readEndpoint(option: string, text: string): DestinationKey {
  const endpoint = parseEndpoint(text);
  if (endpoint === undefined) throw new WeirError('option-value', { option, expected: 'ADDRESS:PORT or [IPV6-ADDRESS]:PORT', given: text });
  return endpoint;
}
