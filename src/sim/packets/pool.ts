// The servers of a simulated service, and a change of them.
import type { Family } from '../../model/address.js';
import { formatAddress, parseAddress } from '../../model/address-text.js';
import type { Change } from '../../model/change.js';
import { type DestinationSpec, PLAIN_TUNNEL, type ServiceKey } from '../../model/service.js';

export interface PoolServer {
  readonly text: string;
  readonly spec: DestinationSpec;
}
export type Pool = readonly PoolServer[];

export interface PoolChange {
  readonly kind: 'add' | 'remove' | 'weight';
  readonly server: PoolServer;
}

const WEIGHT_MAX = 65_535;

/** `192.0.2.11`, or `192.0.2.11*3` with its weight; the same of IPv6. undefined: neither, or an address of the other family. */
export function parseServer(text: string, family: Family, port: number): PoolServer | undefined {
  const [, host = '', weight = '1'] = /^([\da-fA-F.:]+)(?:\*(\d{1,5}))?$/.exec(text) ?? [];
  const address = parseAddress(host);
  if (address?.family !== family || Number(weight) > WEIGHT_MAX) return undefined;
  const name = formatAddress(address);
  return {
    text: name,
    spec: { address, port, method: 'route', weight: Number(weight), upperThreshold: 0, lowerThreshold: 0, tunnel: PLAIN_TUNNEL },
  };
}

/** The change of a pool as a change of the service. */
export function changeOfPool(service: ServiceKey, { kind, server: { spec } }: PoolChange): Change {
  if (kind === 'remove') return { kind: 'delete-destination', service, key: spec };
  return { kind: kind === 'add' ? 'add-destination' : 'edit-destination', service, spec };
}
