// Does every destination answer? A TCP connect from here, and a SYN handed to the server itself as its method would.
import { formatAddress } from '../../../model/address-text.js';
import { endpointText } from '../../../model/endpoint-text.js';
import type { Finding } from '../../../model/finding.js';
import { addressId, destinationId } from '../../../model/identity.js';
import type { DestinationSpec } from '../../../model/service.js';
import type { ConnectFact, DirectorFacts, HandoverFact, PathFact, ServiceFact } from '../../facts.js';
import { linkName, onWire, serviceText, speaksArp } from '../../network.js';

/** Facts by what they are about: a table may list tens of thousands of destinations. */
interface Known {
  readonly facts: DirectorFacts;
  readonly paths: ReadonlyMap<string, PathFact>;
  readonly connects: ReadonlyMap<string, ConnectFact>;
  readonly handovers: ReadonlyMap<string, HandoverFact>;
  /** Addresses that someone answers ARP for. */
  readonly heard: ReadonlySet<string>;
}

const handoverId = ({ method, vip, port, realServer }: Omit<HandoverFact, 'answer'>): string =>
  `${method} ${addressId(vip)} ${port} ${addressId(realServer)}`;

function knownOf(facts: DirectorFacts): Known {
  return {
    facts,
    paths: new Map(facts.paths.map((path) => [addressId(path.to), path])),
    connects: new Map(facts.connects.map((one) => [destinationId(one), one])),
    handovers: new Map(facts.handovers.map((one) => [handoverId(one), one])),
    heard: new Set(facts.holders.map(({ address }) => addressId(address))),
  };
}

/** Why a server cannot be reached at all, as the host itself sees it. */
function wayBlocked(
  { facts, paths, heard }: Known,
  destination: DestinationSpec,
): { readonly cause: string; readonly fix: string } | undefined {
  const server = formatAddress(destination.address);
  const path = paths.get(addressId(destination.address));
  if (path?.kind === 'none') {
    return { cause: `this host has no route to ${server}`, fix: `ip route add ${server} dev IF (or via a router)` };
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
      fix: `on ${server}: ip addr; ip link`,
    };
  }
  return undefined;
}

/** Why a connect failed, as far as it can be known from here. */
function whyNot(known: Known, destination: DestinationSpec, error: string): { readonly cause: string; readonly fix: string } {
  const server = formatAddress(destination.address);
  const path = known.paths.get(addressId(destination.address));
  if (error === 'ECONNREFUSED') {
    return {
      cause: `nothing listens on port ${destination.port} there`,
      fix: `on ${server}: start the server (ss -ltn 'sport = :${destination.port}' must list it)`,
    };
  }
  const blocked = wayBlocked(known, destination);
  if (blocked !== undefined) return blocked;
  if (error === 'EHOSTUNREACH' && path?.gateway !== undefined) {
    const router = formatAddress(path.gateway);
    return {
      cause: `the router ${router} on ${linkName(known.facts, path.device)} does not reach it`,
      fix: `ping ${router}; ip route get ${server}`,
    };
  }
  if (error === 'ETIMEDOUT') {
    return {
      cause: 'no answer: a firewall drops it, or its answers go elsewhere',
      fix: `on ${server}: nft list ruleset; ip route get ${sourceTowards(known.facts, destination)}`,
    };
  }
  return { cause: error, fix: `ip route get ${server}` };
}

/** The address of ours that the server has to answer. */
function sourceTowards(facts: DirectorFacts, destination: DestinationSpec): string {
  const [wire] = onWire(facts, destination.address);
  return wire === undefined ? 'DIP' : formatAddress(wire.address);
}

/** What handing over a SYN showed. */
function handoverOf(known: Known, { spec: { key } }: ServiceFact, { method, address, port }: DestinationSpec): HandoverFact | undefined {
  if (key.kind !== 'address' || (method !== 'route' && method !== 'masq')) return undefined;
  return known.handovers.get(handoverId({ method, vip: key.address, port: method === 'route' ? key.port : port, realServer: address }));
}

/** A server that answers on its own address, and yet not as this method needs it. */
function misfit(known: Known, destination: DestinationSpec, handed: HandoverFact, place: string): Omit<Finding, 'severity'> {
  const server = formatAddress(destination.address);
  const vip = formatAddress(handed.vip);
  if (handed.method === 'masq') {
    const dip = sourceTowards(known.facts, destination);
    return {
      code: 'server-answers-elsewhere',
      what: `${place} does not answer by way of this director`,
      cause: `its gateway is not ${dip}, so clients get answers from ${server} that they do not know, or none`,
      fix: `on ${server}: ip route replace default via ${dip}`,
    };
  }
  const what = `${place} does not serve the VIP`;
  return handed.answer === 'refused'
    ? {
        code: 'server-deaf-to-vip',
        what,
        cause: `it answers on ${server} but refuses ${vip}:${handed.port}`,
        fix: `on ${server}: let the server listen on ${vip} too (0.0.0.0)`,
      }
    : {
        code: 'server-without-vip',
        what,
        cause: `it answers on ${server} but drops packets for ${vip}: the VIP is not on its lo`,
        fix: `on ${server}: weir realserver start --vip ${vip}`,
      };
}

function judge(known: Known, service: ServiceFact, destination: DestinationSpec): readonly Finding[] {
  const place = `${serviceText(service.spec)} → ${endpointText(destination)}`;
  const severity = destination.weight === 0 ? 'info' : 'error'; // a quiesced server may well be away
  const handed = handoverOf(known, service, destination);
  if (handed?.answer === 'accepted') {
    return []; // what the method needs works, also where a VS/DR server listens on the VIP alone
  }
  const tried = known.connects.get(destinationId(destination));
  const why = tried === undefined ? wayBlocked(known, destination) : tried.error && whyNot(known, destination, tried.error);
  if (why) return [{ severity, code: 'server-unreachable', what: `${place} does not answer`, ...why }];
  const silent = handed?.answer === 'silent';
  return handed !== undefined && (silent || handed.method === 'route') ? [{ severity, ...misfit(known, destination, handed, place) }] : [];
}

export function reachRule(facts: DirectorFacts): readonly Finding[] {
  const known = knownOf(facts);
  return facts.services.flatMap((service) => service.destinations.flatMap((destination) => judge(known, service, destination)));
}
