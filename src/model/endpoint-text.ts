// An address with its port as ipvsadm writes it, by numbers or by names: 192.0.2.1:80, [2001:db8::1]:80.
import type { Address } from './address.js';
import { formatAddress, parseAddress } from './address-text.js';
import type { DestinationKey, Protocol } from './service.js';

/** Names that were looked up before, so that formatting never waits; undefined: no name, or not asked for (-n). */
export interface Names {
  address(address: Address): string | undefined;
  port(port: number, protocol: Protocol): string | undefined;
}

export const noNames: Names = { address: () => undefined, port: () => undefined };

/** What fits ipvsadm's buffer. */
const CHARACTERS_MAX = 59;

/** `10.0.0.1:80`, `[2001:db8::1]:80`, or with names `localhost:http`. `protocol`: undefined where ports have no names. */
export function endpointText({ address, port }: DestinationKey, protocol?: Protocol, names: Names = noNames): string {
  const host = names.address(address) ?? formatAddress(address);
  const service = (protocol === undefined ? undefined : names.port(port, protocol)) ?? String(port);
  return (address.family === 'inet' ? `${host}:${service}` : `[${host}]:${service}`).slice(0, CHARACTERS_MAX);
}

const NUMBERS = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,5})$/;
const PORT_MAX = 65_535;

/** Of numbers alone; undefined: it is none. */
export function parseEndpoint(text: string): DestinationKey | undefined {
  const [, six, four, digits] = NUMBERS.exec(text) ?? [];
  const address = parseAddress(six ?? four ?? '');
  const port = Number(digits);
  const isFit = address !== undefined && (address.family === 'inet6') === (six !== undefined) && port <= PORT_MAX;
  return isFit ? { address, port } : undefined;
}
