// Does every destination answer? Uses TCP connects, and packets handed to the server as its forwarding method would.
import type { Address } from '../../../../model/address.js';
import type { Finding } from '../../../../model/finding.js';
import { addressId, destinationId, sameAddress } from '../../../../model/identity.js';
import type { DestinationSpec } from '../../../../model/service.js';
import type { ConnectFact, DirectorFacts, ProbeAnswer, ServiceFact } from '../../../facts.js';
import { areAnswersDropped } from '../nat-icmp-send.js';
import { icmpText } from './icmp-text.js';
import { echoed, forwarded, handedOver, type Known, knownOf } from './known.js';
import { localAddressUdpVerdict, localAddressVerdict } from './local-address-verdict.js';
import { localVerdict, untriedLocally } from './local-verdict.js';
import { methodVerdict, pingVerdict } from './method-verdict.js';
import { isReportedByInterface, pathRepair } from './path-verdict.js';
import { connectRepair, rejection, unreachable } from './server-verdict.js';
import { tunnelUdpVerdict, tunnelVerdict } from './tunnel-verdict.js';
import { findingsOf, type Judged, type Verdict } from './verdict.js';

/** The answer to a packet sent by the destination's own method; of FULLNAT, from one of its local addresses. */
function ownAnswer(known: Known, service: ServiceFact, destination: DestinationSpec): ProbeAnswer | undefined {
  const { method, localAddresses = [] } = destination;
  if (method === 'route' || method === 'masq') return handedOver(known, service, destination, method);
  if (method === 'tunnel') return forwarded(known, service, destination)?.answer;
  const answers = localAddresses.flatMap((local) => forwarded(known, service, destination, local)?.answer ?? []);
  return answers.find(({ kind }) => kind !== 'accepted') ?? answers[0];
}

/** What a method with a test of its own makes of a server that refuses nothing. */
function silentUdpVerdict(known: Known, service: ServiceFact, destination: DestinationSpec): Verdict | undefined {
  const handed = forwarded(known, service, destination);
  if (handed !== undefined) return tunnelUdpVerdict(known, service.spec, destination, handed);
  if (destination.method === 'fullnat') return localAddressUdpVerdict(known, service, destination);
  return pingVerdict(known, service.spec, destination);
}

function udpVerdict(known: Known, service: ServiceFact, destination: DestinationSpec): Verdict | undefined {
  const { address, port } = destination;
  const answer = ownAnswer(known, service, destination);
  if (answer?.kind === 'accepted')
    return destination.method === 'fullnat' ? localAddressUdpVerdict(known, service, destination) : undefined;
  if (answer?.kind === 'rejected' && answer.tunnel !== true) {
    const there =
      sameAddress(answer.by, address) || (service.spec.key.kind === 'address' && sameAddress(answer.by, service.spec.key.address));
    if (!there || answer.type !== 3 || answer.code !== 3) return unreachable(rejection(known, destination, `UDP port ${port}`, answer));
    return unreachable({
      cause: `either no process listens on UDP port ${port} there, or a packet filter there rejects it (${icmpText(answer)})`,
      advice: `start the server there (ss -lun 'sport = :${port}' must list it)`,
    });
  }
  const blocked = pathRepair(known, address);
  return blocked === undefined ? silentUdpVerdict(known, service, destination) : unreachable(blocked);
}

const takesVip = (known: Known, { spec: { key } }: ServiceFact, server: Address): boolean =>
  key.kind === 'address' && echoed(known, server, key.address) === 'accepted';

/** What is wrong by the method of VS/TUN or FULLNAT, where packets get to the server. */
function routedVerdict(known: Known, service: ServiceFact, destination: DestinationSpec, tried?: ConnectFact): Verdict | undefined {
  if (destination.method === 'fullnat') return localAddressVerdict(known, service, destination, tried);
  const handed = forwarded(known, service, destination);
  return handed && tunnelVerdict(known, service, destination, handed, tried);
}

function tcpVerdict(known: Known, service: ServiceFact, destination: DestinationSpec): Verdict | undefined {
  const { method, address } = destination;
  const answer = ownAnswer(known, service, destination);
  if (answer?.kind === 'accepted' && method !== 'fullnat') return undefined; // The method works, also where a VS/DR server listens on the VIP alone.
  const tried = known.connects.get(destinationId(destination));
  const failed = tried === undefined ? undefined : tried.error;
  const blocked = tried !== undefined && failed === undefined ? undefined : pathRepair(known, address);
  if (blocked !== undefined && (answer === undefined || answer.kind === 'silent')) return unreachable(blocked);
  if (answer !== undefined && (method === 'tunnel' || method === 'fullnat')) return routedVerdict(known, service, destination, tried);
  // Nothing but its own address was tried, or that already fails as the method does.
  const mute = failed === 'ETIMEDOUT' && answer?.kind === 'silent' && echoed(known, address, address) !== 'accepted';
  const same = failed !== undefined && (method !== 'route' || (mute && !takesVip(known, service, address)));
  if (answer === undefined || same) {
    const other = answer === undefined ? undefined : methodVerdict(known, service, destination, answer, tried);
    if (other?.code === 'method-wrong') return other;
    return tried === undefined || failed === undefined ? undefined : unreachable(connectRepair(known, service, destination, tried));
  }
  return methodVerdict(known, service, destination, answer, tried);
}

function verdictOf(known: Known, service: ServiceFact, destination: DestinationSpec): Verdict | undefined {
  const path = known.paths.get(addressId(destination.address));
  if (path?.kind === 'local') return localVerdict(known, service, destination);
  if (isReportedByInterface(known, destination.address)) return undefined;
  // A server behind a router cannot be served by VS/DR, whether it answers or not: method-fit reports it.
  if (path?.kind === 'routed' && destination.method === 'route') return undefined;
  const { key } = service.spec;
  return key.kind === 'address' && key.protocol === 'udp'
    ? udpVerdict(known, service, destination)
    : tcpVerdict(known, service, destination);
}

export function reachRule(facts: DirectorFacts): readonly Finding[] {
  const known = knownOf(facts);
  const unheard = areAnswersDropped(facts);
  const places = facts.services.flatMap((service) => service.destinations.map((destination) => ({ service, destination })));
  const judged = places.flatMap(({ service, destination }): readonly Judged[] => {
    if (unheard && destination.method === 'masq') return [];
    const verdict = verdictOf(known, service, destination);
    return verdict === undefined ? [] : [{ service, destination, verdict }];
  });
  const local = places.filter(({ destination }) => known.paths.get(addressId(destination.address))?.kind === 'local');
  const untried = local.flatMap(({ service, destination }) => untriedLocally(known, service, destination));
  return [...findingsOf(judged), ...new Map(untried.map((one) => [one.what, one])).values()];
}
