// Which of the servers that an explanation names are held by drains and overrides, and their configured weights.

import { addressOf } from '../../datapath/memory/packets/ip.js';
import type { DestinationRecord, ServiceRecord } from '../../datapath/memory/packets/records.js';
import type { DrainRecord } from '../../model/drain/drain.js';
import { type Holder, holdersOf } from '../../model/drain/holder.js';
import { isWeirError } from '../../model/errors/weir-error.js';
import { sameDestination } from '../../model/identity.js';
import { IpProtocol } from '../../model/ip-protocol.js';
import type { DestinationKey, ServiceEntry, ServiceKey } from '../../model/service.js';

export interface HeldServer {
  readonly configuredWeight: number;
  readonly heldBy: readonly Holder[];
}

/** Undefined: nothing holds it. */
export type HeldOf = (service: ServiceRecord, server: DestinationRecord) => HeldServer | undefined;

interface ServiceReader {
  service(key: ServiceKey): ServiceEntry;
}

export function keyOf({ mark, address, port, protocol }: ServiceRecord): ServiceKey {
  const place = addressOf(address);
  if (mark !== 0) return { kind: 'fwmark', family: place.family, mark };
  const name = (['tcp', 'udp', 'sctp'] as const).find((each) => IpProtocol[each] === protocol) ?? 'tcp';
  return { kind: 'address', protocol: name, address: place, port };
}

/** Undefined: it has been taken out meanwhile. */
function weightOf(reader: ServiceReader, key: ServiceKey, server: DestinationKey): number | undefined {
  try {
    return reader.service(key).destinations.find(({ spec }) => sameDestination(spec, server))?.spec.weight;
  } catch (error) {
    if (!isWeirError(error, 'service-missing')) throw error;
    return undefined;
  }
}

export function heldServers(reader: ServiceReader, record: DrainRecord): HeldOf {
  const holders = holdersOf(record);
  return (service, { address, port }) => {
    const [key, server] = [keyOf(service), { address: addressOf(address), port }];
    const heldBy = holders(key, server);
    const configuredWeight = heldBy.length === 0 ? undefined : weightOf(reader, key, server);
    return configuredWeight === undefined ? undefined : { configuredWeight, heldBy };
  };
}
