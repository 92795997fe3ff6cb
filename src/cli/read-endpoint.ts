// An address and a port on a command line: 192.0.2.1:80, [2001:db8::1]:80.
import { parseAddress } from '../model/address-text.js';
import { WeirError } from '../model/errors/weir-error.js';
import type { DestinationKey } from '../model/service.js';

const FORM = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,5})$/;
const PORT_MAX = 65_535;

/** `option`: as messages name it. @throws WeirError option-value */
export function readEndpoint(option: string, text: string): DestinationKey {
  const [, six, four, digits] = FORM.exec(text) ?? [];
  const address = parseAddress(six ?? four ?? '');
  const port = Number(digits);
  const isFit = address !== undefined && (address.family === 'inet6') === (six !== undefined);
  if (!isFit || digits === undefined || port > PORT_MAX)
    throw new WeirError('option-value', { option, expected: 'ADDRESS:PORT or [IPV6-ADDRESS]:PORT', given: text });
  return { address, port };
}
