// Does every destination answer? Uses a TCP connect, and a SYN sent to the server as its forwarding method would.
import { formatAddress } from '../../../model/address-text.js';
import { endpointText } from '../../../model/endpoint-text.js';
import type { Finding } from '../../../model/finding.js';
import { addressId, destinationId } from '../../../model/identity.js';
import type { DestinationSpec } from '../../../model/service.js';
import type { ConnectFact, DirectorFacts, HandoverFact, PathFact, ServiceFact } from '../../facts.js';
import { interfaceNameOf, serviceText, subnetsWith, usesArp } from '../../network.js';

/** Facts by key: a table may list tens of thousands of destinations. */
interface Known {
  readonly facts: DirectorFacts;
  readonly paths: ReadonlyMap<string, PathFact>;
  readonly connects: ReadonlyMap<string, ConnectFact>;
  readonly handovers: ReadonlyMap<string, HandoverFact>;
  /** Addresses that a host answers ARP for. */
  readonly answered: ReadonlySet<string>;
}

const handoverId = ({ method, vip, port, realServer }: Omit<HandoverFact, 'answer'>): string =>
  `${method} ${addressId(vip)} ${port} ${addressId(realServer)}`;

function knownOf(facts: DirectorFacts): Known {
  return {
    facts,
    paths: new Map(facts.paths.map((path) => [addressId(path.to), path])),
    connects: new Map(facts.connects.map((one) => [destinationId(one), one])),
    handovers: new Map(facts.handovers.map((one) => [handoverId(one), one])),
    answered: new Set(facts.holders.map(({ address }) => addressId(address))),
  };
}

type Repair = Pick<Finding, 'cause' | 'fix' | 'on' | 'advice'>;

/** Why this host cannot reach a server at all. */
function unreachableReason({ facts, paths, answered }: Known, destination: DestinationSpec): Repair | undefined {
  const server = formatAddress(destination.address);
  const path = paths.get(addressId(destination.address));
  if (path?.kind === 'none') {
    return { cause: `this host has no route to ${server}`, advice: `add one: ip route add ${server} dev IF, or via a router` };
  }
  const iface = facts.interfaces.find(({ ifindex }) => ifindex === path?.ifindex);
  if (
    path?.kind === 'direct' &&
    path.unasked !== true &&
    iface !== undefined &&
    usesArp(iface) &&
    !answered.has(addressId(destination.address))
  ) {
    return {
      cause: `no host answers ARP for ${server} on ${iface.name}: it is down, unplugged or has another address`,
      advice: `look there: ip addr; ip link`,
    };
  }
  return undefined;
}

/** Why a connect failed, as far as this host can determine. */
function connectFailure(known: Known, destination: DestinationSpec, error: string): Repair {
  const server = formatAddress(destination.address);
  const path = known.paths.get(addressId(destination.address));
  if (error === 'ECONNREFUSED') {
    return {
      cause: `no process listens on port ${destination.port} there`,
      advice: `start the server there (ss -ltn 'sport = :${destination.port}' must list it)`,
    };
  }
  const blocked = unreachableReason(known, destination);
  if (blocked !== undefined) return blocked;
  if (error === 'EHOSTUNREACH' && path?.gateway !== undefined) {
    const router = formatAddress(path.gateway);
    return {
      cause: `the router ${router} on ${interfaceNameOf(known.facts, path.ifindex)} does not reach it`,
      advice: `look at the router: ping ${router}; ip route get ${server}`,
    };
  }
  if (error === 'ETIMEDOUT') {
    return {
      cause: 'no answer: a firewall drops the packets, or the answers take another route',
      advice: `look there: nft list ruleset; ip route get ${sourceAddressFor(known.facts, destination)}`,
    };
  }
  return { cause: error, advice: `ip route get ${server}` };
}

/** The address of this host that the server must answer to. */
function sourceAddressFor(facts: DirectorFacts, destination: DestinationSpec): string {
  const [subnet] = subnetsWith(facts, destination.address);
  return subnet === undefined ? 'DIP' : formatAddress(subnet.address);
}

/** The result of the SYN for this destination. */
function handoverOf(known: Known, { spec: { key } }: ServiceFact, { method, address, port }: DestinationSpec): HandoverFact | undefined {
  if (key.kind !== 'address' || (method !== 'route' && method !== 'masq')) return undefined;
  return known.handovers.get(handoverId({ method, vip: key.address, port: method === 'route' ? key.port : port, realServer: address }));
}

/** A server that answers on its own address, but not as its forwarding method needs. */
function wrongForMethod(known: Known, destination: DestinationSpec, handed: HandoverFact, place: string): Omit<Finding, 'severity'> {
  const server = formatAddress(destination.address);
  const vip = formatAddress(handed.vip);
  if (handed.method === 'masq') {
    const dip = sourceAddressFor(known.facts, destination);
    return {
      code: 'server-answers-elsewhere',
      what: `${place} does not answer through this director`,
      cause: `its gateway is not ${dip}, so clients get answers from ${server} instead of the VIP, or none`,
      on: server,
      fix: `ip route replace default via ${dip}`,
    };
  }
  const what = `${place} does not serve the VIP`;
  return handed.answer === 'refused'
    ? {
        code: 'server-deaf-to-vip',
        what,
        cause: `it answers on ${server} but refuses ${vip}:${handed.port}`,
        advice: `let the server on ${server} listen on ${vip}, too (0.0.0.0)`,
      }
    : {
        code: 'server-without-vip',
        what,
        cause: `it answers on ${server} but drops packets for ${vip}: the VIP is not on its lo`,
        on: server,
        fix: `weir realserver start --vip ${vip}`,
      };
}

function judge(known: Known, service: ServiceFact, destination: DestinationSpec): readonly Finding[] {
  const place = `${serviceText(service.spec)} → ${endpointText(destination)}`;
  const severity = destination.weight === 0 ? 'info' : 'error'; // A quiesced server may be down on purpose.
  const handed = handoverOf(known, service, destination);
  if (handed?.answer === 'accepted') {
    return []; // The method works, also where a VS/DR server listens on the VIP alone.
  }
  const tried = known.connects.get(destinationId(destination));
  const why = tried === undefined ? unreachableReason(known, destination) : tried.error && connectFailure(known, destination, tried.error);
  if (why) return [{ severity, code: 'server-unreachable', what: `${place} does not answer`, ...why }];
  const silent = handed?.answer === 'silent';
  return handed !== undefined && (silent || handed.method === 'route')
    ? [{ severity, ...wrongForMethod(known, destination, handed, place) }]
    : [];
}

export function reachRule(facts: DirectorFacts): readonly Finding[] {
  const known = knownOf(facts);
  return facts.services.flatMap((service) => service.destinations.flatMap((destination) => judge(known, service, destination)));
}
