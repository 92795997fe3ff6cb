// Which other hosts have an address: asked by ARP or by neighbour solicitations, on the interfaces of this host.
import type { ProbeOptions } from '../../host/address-probe.js';
import { probeArp } from '../../host/arp.js';
import { probeNeighbours } from '../../host/neighbour-probe.js';
import type { Address } from '../../model/address.js';
import type { HolderFact, HostFacts } from '../facts.js';
import { isCarrying, usesArp } from '../network.js';
import { holdersIn, PROBES_MAX } from './holders.js';

export interface Question {
  readonly addresses: readonly Address[];
  /** Absent: on all. */
  readonly ifindex?: number;
  /** The first answer is enough. */
  readonly isOne?: boolean;
}

/** @throws SystemError */
export type Ask = (question: Question) => readonly HolderFact[];

const ownMacs = ({ interfaces }: HostFacts) => new Set(interfaces.flatMap(({ mac }) => mac ?? []));
const optionsOf = ({ isOne }: Question): ProbeOptions => (isOne === true ? { enough: (answers) => answers.length > 0 } : {});

/** For IPv4 addresses. */
export const askByArp =
  (host: HostFacts): Ask =>
  (question) => {
    const { addresses, ifindex: only } = question;
    const questions = host.interfaces
      .filter((iface) => usesArp(iface) && (only === undefined || only === iface.ifindex))
      .flatMap(({ ifindex, mac }) => (mac === undefined ? [] : [{ ifindex, mac, addresses }]));
    return holdersIn(probeArp(questions, ownMacs(host), optionsOf(question)));
  };

/** For IPv6 addresses. `from`: the address of each interface that asks. */
export const askByDiscovery =
  (host: HostFacts, from: ReadonlyMap<number, Address>): Ask =>
  (question) => {
    const { ifindex: only } = question;
    const addresses = question.addresses.slice(0, PROBES_MAX);
    const questions = host.interfaces
      .filter((iface) => usesArp(iface) && isCarrying(iface) && (only === undefined || only === iface.ifindex))
      .flatMap(({ ifindex, mac }) => {
        const source = from.get(ifindex);
        return mac === undefined || source === undefined ? [] : [{ ifindex, mac, from: source, addresses }];
      });
    return holdersIn(probeNeighbours(questions, ownMacs(host), optionsOf(question)));
  };
