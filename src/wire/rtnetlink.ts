// What all route-netlink messages share: message types and address families' numbers.
import type { Family } from '../model/address.js';

/** RTM_* of linux/rtnetlink.h. */
export const RouteMessage = {
  newLink: 16,
  deleteLink: 17,
  getLink: 18,
  newAddress: 20,
  deleteAddress: 21,
  getAddress: 22,
  newRoute: 24,
  deleteRoute: 25,
  getRoute: 26,
  newNeighbour: 28,
  deleteNeighbour: 29,
  getNeighbour: 30,
  newSettings: 80,
} as const;

/** AF_INET and AF_INET6. */
export function familyNumber(family: Family): number {
  return family === 'inet' ? 2 : 10;
}
