// Adverts that nodes of the history sent, as an invariant sees them arrive.
import type { Address } from '../../../model/address.js';
import { addressId } from '../../../model/identity.js';
import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import { type SeenAdvert, seeAdvert } from '../advert.js';
import type { Observation } from '../check.js';
import type { History } from '../history.js';

export interface Genuine {
  readonly device: string;
  readonly source: Address;
  readonly advert: SeenAdvert;
}

/** The advert of a packet from a node of the history; forged ones count for nothing. */
export function genuine(history: History, { input }: Observation): Genuine | undefined {
  if (input.kind !== 'packet') return undefined;
  const { source, bytes, protocol, interface: device } = input.packet;
  const known = history.nodes.some(({ interfaces }) =>
    interfaces.some(({ addresses }) => addresses.some((own) => addressId(own) === addressId(source))),
  );
  const advert = known ? seeAdvert(source.family === 'inet' ? bytes.subarray(20) : bytes, protocol, source.family) : undefined;
  return advert === undefined ? undefined : { device, source, advert };
}

/** Whether an advert is for an instance. */
export const isOf = (instance: VrrpInstance, heard: Genuine | undefined): heard is Genuine =>
  heard?.advert.vrid === instance.vrid && heard.device === instance.interface && heard.source.family === instance.family;
