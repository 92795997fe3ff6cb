// Does every destination answer? A TCP connect from here; under VS/DR also a SYN for the VIP handed to the server itself.
import type { Address } from '../../model/address.js';
import { formatAddress } from '../../model/address-text.js';
import { addressId, destinationId } from '../../model/identity.js';
import type { DestinationSpec } from '../../model/service.js';
import type { ConnectFact, DirectorFacts, HandoverFact, PathFact, ServiceFact } from '../facts.js';
import type { Finding } from '../finding.js';
import { endpoint, linkName, onWire, serviceText, speaksArp } from '../network.js';

/** Facts by what they are about: a table may list tens of thousands of destinations. */
interface Known {
  readonly facts: DirectorFacts;
  readonly paths: ReadonlyMap<string, PathFact>;
  readonly connects: ReadonlyMap<string, ConnectFact>;
  readonly handovers: ReadonlyMap<string, HandoverFact>;
  /** Addresses that someone answers ARP for. */
  readonly heard: ReadonlySet<string>;
}

const handoverId = (vip: Address, port: number, server: Address): string => `${addressId(vip)} ${port} ${addressId(server)}`;

function knownOf(facts: DirectorFacts): Known {
  return {
    facts,
    paths: new Map(facts.paths.map((path) => [addressId(path.to), path])),
    connects: new Map(facts.connects.map((one) => [destinationId(one), one])),
    handovers: new Map(facts.handovers.map((one) => [handoverId(one.vip, one.port, one.realServer), one])),
    heard: new Set(facts.holders.map(({ address }) => addressId(address))),
  };
}

/** Why a server cannot be reached at all, as the host itself sees it. */
function wayBlocked(
  { facts, paths, heard }: Known,
  destination: DestinationSpec,
): { readonly cause: string; readonly mend: string } | undefined {
  const server = formatAddress(destination.address);
  const path = paths.get(addressId(destination.address));
  if (path?.kind === 'none') {
    return { cause: `this host has no route to ${server}`, mend: `ip route add ${server} dev IF (or via a router)` };
  }
  const wire = facts.links.find(({ ifindex }) => ifindex === path?.device);
  if (
    path?.kind === 'direct' &&
    path.unasked !== true &&
    wire !== undefined &&
    speaksArp(wire) &&
    !heard.has(addressId(destination.address))
  ) {
    return {
      cause: `no host answers ARP for ${server} on ${wire.name}: it is down, unplugged or has another address`,
      mend: `on ${server}: ip addr; ip link`,
    };
  }
  return undefined;
}

/** Why a connect failed, as far as it can be known from here. */
function whyNot(known: Known, destination: DestinationSpec, error: string): { readonly cause: string; readonly mend: string } {
  const server = formatAddress(destination.address);
  const path = known.paths.get(addressId(destination.address));
  if (error === 'ECONNREFUSED') {
    return {
      cause: `nothing listens on port ${destination.port} there`,
      mend: `on ${server}: start the server (ss -ltn 'sport = :${destination.port}' must list it)`,
    };
  }
  const blocked = wayBlocked(known, destination);
  if (blocked !== undefined) {
    return blocked;
  }
  if (error === 'EHOSTUNREACH' && path?.gateway !== undefined) {
    const router = formatAddress(path.gateway);
    return {
      cause: `the router ${router} on ${linkName(known.facts, path.device)} does not reach it`,
      mend: `ping ${router}; ip route get ${server}`,
    };
  }
  if (error === 'ETIMEDOUT') {
    return {
      cause: 'no answer: a firewall drops it, or its answers go elsewhere',
      mend: `on ${server}: nft list ruleset; ip route get ${sourceTowards(known.facts, destination)}`,
    };
  }
  return { cause: error, mend: `ip route get ${server}` };
}

/** The address of ours that the server has to answer. */
function sourceTowards(facts: DirectorFacts, destination: DestinationSpec): string {
  const [wire] = onWire(facts, destination.address);
  return wire === undefined ? 'DIP' : formatAddress(wire.address);
}

function judge(known: Known, { spec }: ServiceFact, destination: DestinationSpec): readonly Finding[] {
  const { key } = spec;
  const place = `${serviceText(spec)} → ${endpoint(destination)}`;
  const level = destination.weight === 0 ? 'info' : 'error'; // a quiesced server may well be away
  const direct = key.kind === 'address' && destination.method === 'route';
  const handed = direct ? known.handovers.get(handoverId(key.address, key.port, destination.address)) : undefined;
  if (handed?.answer === 'accepted') {
    return []; // what VS/DR needs works, also where the server listens on the VIP alone
  }
  const tried = known.connects.get(destinationId(destination));
  const why = tried === undefined ? wayBlocked(known, destination) : tried.error && whyNot(known, destination, tried.error);
  if (why) {
    return [{ level, code: 'server-unreachable', what: `${place} does not answer`, ...why }];
  }
  const server = formatAddress(destination.address);
  if (handed !== undefined) {
    const vip = formatAddress(handed.vip);
    const refused = handed.answer === 'refused';
    return [
      {
        level,
        code: refused ? 'server-deaf-to-vip' : 'server-without-vip',
        what: `${place} does not serve the VIP`,
        cause: refused
          ? `it answers on ${server} but refuses ${vip}:${handed.port}`
          : `it answers on ${server} but drops packets for ${vip}: the VIP is not on its lo`,
        mend: refused ? `on ${server}: let the server listen on ${vip} too (0.0.0.0)` : `on ${server}: weir realserver start --vip ${vip}`,
      },
    ];
  }
  return [];
}

export function reachRule(facts: DirectorFacts): readonly Finding[] {
  const known = knownOf(facts);
  return facts.services.flatMap((service) => service.destinations.flatMap((destination) => judge(known, service, destination)));
}
