// The addresses of this host by which a director may have it as a real server.
import type { Address, Family } from '../../model/address.js';
import { ownSubnets } from '../own-subnets.js';

/** @throws SystemError */
export const localAddresses = (): readonly Address[] => ownSubnets().map(({ address }) => address);

/** IPv4 where the host has it: that is how directors have had real servers since there were tunnels. @throws SystemError */
export const outerFamilyHere = (): Family =>
  localAddresses().some(({ family }) => family === 'inet') || localAddresses().length === 0 ? 'inet' : 'inet6';
