// Names for addresses and ports in a listing: asked for all at once beforehand, so that formatting never waits.
import type { Address } from '../../model/address.js';
import { formatAddress } from '../../model/address-text.js';
import type { Protocol } from '../../model/service.js';

/** What was found out; undefined: no name, or not asked for (-n). */
export interface Names {
  address(address: Address): string | undefined;
  port(port: number, protocol: Protocol): string | undefined;
}

export const noNames: Names = { address: () => undefined, port: () => undefined };

/** The original's buffer. */
const longest = 59;

/** `10.0.0.1:80`, `[2001:db8::1]:80`, or with names `localhost:http`. `protocol`: undefined where ports have no names. */
export function endpointText(address: Address, port: number, protocol: Protocol | undefined, names: Names): string {
  const host = names.address(address) ?? formatAddress(address);
  const service = (protocol === undefined ? undefined : names.port(port, protocol)) ?? String(port);
  return (address.family === 'inet' ? `${host}:${service}` : `[${host}]:${service}`).slice(0, longest);
}
