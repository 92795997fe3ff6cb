// The neighbours of this network namespace: which link-layer addresses it has for hosts of its segments.
import type { Address } from '../../model/address.js';
import { decodeNeighbour, dumpNeighbours, NeighbourState } from '../../wire/rtnetlink-neighbour.js';
import { using } from '../fd.js';
import { Netlink } from './netlink.js';

export interface NeighbourEntry {
  readonly ifindex: number;
  readonly address: Address;
  /** null: it is not known, or there is none. */
  readonly mac: string | null;
  /** As ip-neighbour(8) names it. */
  readonly state: string;
}

const STATES = Object.entries(NeighbourState).map(([name, bit]) => [bit, name.toLowerCase()] as const);

const stateName = (state: number): string => STATES.find(([bit]) => (state & bit) !== 0)?.[1] ?? 'none';

/** Of both families. @throws SystemError */
export const neighbours = (): readonly NeighbourEntry[] =>
  using(new Netlink(), (netlink) =>
    (['inet', 'inet6'] as const)
      .flatMap((family) => netlink.dump(dumpNeighbours(family), decodeNeighbour, 'list neighbours'))
      .map(({ ifindex, address, mac = null, state }) => ({ ifindex, address, mac, state: stateName(state) })),
  );
