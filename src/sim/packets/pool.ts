// The servers of a simulated service, and a change of them.
import { parseIpv4 } from '../../model/address-text.js';
import type { Change } from '../../model/change.js';
import type { DestinationSpec, ServiceKey } from '../../model/service.js';

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

/** `192.0.2.11`, or `192.0.2.11*3` with its weight. undefined: neither. */
export function parseServer(text: string, port: number): PoolServer | undefined {
  const [, host = '', weight = '1'] = /^([\d.]+)(?:\*(\d{1,5}))?$/.exec(text) ?? [];
  const address = parseIpv4(host);
  if (address === undefined || Number(weight) > WEIGHT_MAX) return undefined;
  const tunnel = { type: 'ipip', port: 0, checksum: 'nocsum' } as const;
  return { text: host, spec: { address, port, method: 'route', weight: Number(weight), upperThreshold: 0, lowerThreshold: 0, tunnel } };
}

/** As a change of the service. */
export function changeOfPool(service: ServiceKey, { kind, server: { spec } }: PoolChange): Change {
  if (kind === 'remove') return { kind: 'delete-destination', service, key: spec };
  return { kind: kind === 'add' ? 'add-destination' : 'edit-destination', service, spec };
}
