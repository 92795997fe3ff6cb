// Who counts as one client: an address, or of IPv6 its whole network, since who has one of its addresses has them all.
import type { Address } from '../../model/address.js';
import { addressId } from '../../model/identity.js';
import { networkAddress } from '../../model/subnet.js';

const IPV6_PREFIX = 64;

export const clientNetwork = (address: Address): string =>
  addressId(address.family === 'inet' ? address : networkAddress({ address, prefixLength: IPV6_PREFIX }));
