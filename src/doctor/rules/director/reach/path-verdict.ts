// Why no packet gets to an address at all: no route, no carrier, no answer to ARP, a wrong entry in the neighbour table.

import type { Address } from '../../../../model/address.js';
import { askedBy, formatAddress } from '../../../../model/address-text.js';
import { addressId } from '../../../../model/identity.js';
import { shellWord } from '../../../../model/shell-word.js';
import { withAddress } from '../../../address-index.js';
import type { DirectorFacts, PathFact, RefusingRoute } from '../../../facts.js';
import { allAddresses, contains, interfaceNameOf, ipRoute, subnetsOf, usesArp } from '../../../network.js';
import { troubleOf } from '../../interface-trouble.js';
import { type Known, placeId } from './known.js';
import type { Repair } from './verdict.js';

const MAIN_TABLE = 254;

type WithRefusingRoutes = Pick<DirectorFacts, 'refusingRoutes'>;

/** The most specific route that refuses an address. */
function refusing(facts: WithRefusingRoutes, path: PathFact): RefusingRoute | undefined {
  return facts.refusingRoutes
    .filter(({ type, destination }) => type === path.refusedBy && contains(destination, path.to))
    .sort((a, b) => b.destination.prefixLength - a.destination.prefixLength)[0];
}

/** What to do about a route that refuses: the command that removes it, where it is a route and not a policy rule. */
export function refusalRepair(facts: WithRefusingRoutes, path: PathFact, to: string): Repair {
  const route = refusing(facts, path);
  if (route === undefined) {
    return {
      cause: `a ${path.refusedBy} rule or route of this host refuses packets to ${to}`,
      advice:
        path.to.family === 'inet' ? 'ip rule and ip route show table all list it' : 'ip -6 rule and ip -6 route show table all list it',
    };
  }
  const { address, prefixLength } = route.destination;
  const name = prefixLength === 0 ? 'default' : `${formatAddress(address)}/${prefixLength}`;
  const main = route.table === MAIN_TABLE;
  const cause = `the route of this host to ${to} is ${route.type} ${name}`;
  // Without it there would be no default route at all, unless another table has it.
  if (main && prefixLength === 0) {
    return { cause, advice: `put the default route in its place: ${ipRoute(address.family)} replace default via ROUTER` };
  }
  const command = prefixLength === 0 ? ipRoute(address.family) : 'ip route';
  return { cause, fix: `${command} del ${route.type} ${name}${main ? '' : ` table ${route.table}`}` };
}

/** An interface that has the address's subnet and is down: the interfaces' rule reports it. */
export function isBehindDownInterface(facts: DirectorFacts, to: Address): boolean {
  return subnetsOf(facts).some((one) => {
    const iface = facts.interfaces.find(({ ifindex }) => ifindex === one.ifindex);
    return contains(one, to) && iface !== undefined && troubleOf(iface) === 'down';
  });
}

/** Whether the interfaces' rule reports why packets do not get there. */
export function isReportedByInterface({ facts, paths }: Known, to: Address): boolean {
  const path = paths.get(addressId(to));
  const iface = facts.interfaces.find(({ ifindex }) => ifindex === path?.ifindex);
  if (iface !== undefined && path?.kind === 'direct') return troubleOf(iface) !== undefined;
  return isBehindDownInterface(facts, to) || (iface !== undefined && troubleOf(iface) !== undefined);
}

/** Another interface where a host answers for the address. */
function answeredElsewhere({ facts }: Known, path: PathFact): string | undefined {
  const holder = withAddress(facts.holders, path.to).find(({ ifindex }) => ifindex !== path.ifindex);
  return holder && interfaceNameOf(facts, holder.ifindex);
}

function withoutRoute(known: Known, path: PathFact): Repair {
  const { facts } = known;
  const to = formatAddress(path.to);
  if (path.refusedBy !== undefined) return refusalRepair(facts, path, 'it');
  const there = answeredElsewhere(known, path);
  if (
    there !== undefined &&
    !allAddresses(facts).some(({ ifindex, address }) => address.family === path.to.family && interfaceNameOf(facts, ifindex) === there)
  ) {
    return {
      cause: `this host has no route to it, and it answers ${askedBy(path.to)} on ${there}, which has no ${path.to.family === 'inet' ? 'IPv4' : 'IPv6'} address`,
      advice: `add this host's address of that network: ip addr add ADDRESS/LENGTH dev ${shellWord(there)}`,
    };
  }
  return there === undefined
    ? { cause: 'this host has no route to it', advice: `add one: ip route add ${to} dev IF, or via a router` }
    : {
        cause: `this host has no route to it, and it answers ${askedBy(path.to)} on ${there}`,
        fix: `ip route add ${to} dev ${shellWord(there)}`,
      };
}

/** A neighbour that packets are sent to: a server or a router. `nothing`: who is missing when no host answers. */
function neighbourRepair(known: Known, ifindex: number, address: Address, unasked: boolean): Repair | undefined {
  const { facts, macs, permanent } = known;
  const iface = facts.interfaces.find((one) => one.ifindex === ifindex);
  if (iface === undefined || !usesArp(iface)) return undefined;
  const [name, asked] = [formatAddress(address), askedBy(address)];
  const place = { ifindex, address };
  const answers = macs.get(placeId(place)) ?? [];
  const fixed = permanent.get(placeId(place));
  if (fixed !== undefined && answers.length > 0 && !answers.includes(fixed)) {
    return {
      cause: `the neighbour table has a permanent entry ${fixed} for ${name} on ${iface.name}, and ${answers.join(' and ')} answers ${asked} for it`,
      fix: `ip neigh del ${name} dev ${shellWord(iface.name)}`,
    };
  }
  if (answers.length > 0 || unasked) return undefined;
  const there = answeredElsewhere(known, { to: address, kind: 'direct', ifindex });
  if (there !== undefined) {
    return {
      cause: `no host answers ${asked} for ${name} on ${iface.name}, where the route leads, and one does on ${there}`,
      fix: `ip route replace ${name} dev ${shellWord(there)}`,
    };
  }
  return {
    cause: `no host answers ${asked} for ${name} on ${iface.name}: it is down, unplugged, in another VLAN, or has another address`,
    advice: `look there: ip addr; ip link`,
  };
}

/** Undefined: packets may get there, as far as this host can see. Only for what did not answer. */
export function pathRepair(known: Known, to: Address): Repair | undefined {
  const path = known.paths.get(addressId(to));
  if (path === undefined || path.kind === 'local') return undefined;
  if (path.kind === 'none') return withoutRoute(known, path);
  if (path.ifindex === undefined) return undefined;
  const repair = neighbourRepair(known, path.ifindex, path.gateway ?? to, path.unasked === true);
  if (repair === undefined || path.gateway === undefined) return repair;
  return { ...repair, cause: `the route leads by the router ${formatAddress(path.gateway)}, and ${repair.cause}` };
}

/** What makes a router reachable that is the next hop to clients; undefined: nothing is known to be wrong. */
export function routerRepair(known: Known, ifindex: number, router: Address): Repair | undefined {
  return neighbourRepair(known, ifindex, router, false);
}
