// Does every destination answer? Uses TCP connects, and packets handed to the server as its forwarding method would.
import type { Address } from '../../../../model/address.js';
import { formatAddress } from '../../../../model/address-text.js';
import { endpointText } from '../../../../model/endpoint-text.js';
import type { Finding } from '../../../../model/finding.js';
import { addressId, destinationId, sameAddress } from '../../../../model/identity.js';
import type { DestinationSpec } from '../../../../model/service.js';
import type { DirectorFacts, ServiceFact } from '../../../facts.js';
import { removeDestination } from '../commands.js';
import { icmpText } from './icmp-text.js';
import { echoed, handedOver, type Known, knownOf } from './known.js';
import { methodVerdict, pingVerdict } from './method-verdict.js';
import { isReportedByInterface, pathRepair } from './path-verdict.js';
import { connectRepair, rejection, unreachable } from './server-verdict.js';
import { findingsOf, type Judged, NO_ANSWER, type Verdict } from './verdict.js';

/** A destination on this host: its address is ours, perhaps by mistake. */
function localVerdict(known: Known, { spec: { key } }: ServiceFact, destination: DestinationSpec): Verdict | undefined {
  const tried = known.connects.get(destinationId(destination));
  if (tried?.error === undefined) return undefined;
  const isVip = key.kind === 'address' && sameAddress(key.address, destination.address);
  return {
    code: 'server-is-director',
    verb: NO_ANSWER,
    cause: `${formatAddress(destination.address)} is ${isVip ? 'the VIP itself, which is an address' : 'an address'} of this director, and no process listens on ${endpointText(destination)} here`,
    fix: removeDestination(key, destination),
    advice: 'then add the real server by its own address',
  };
}

function udpVerdict(known: Known, service: ServiceFact, destination: DestinationSpec): Verdict | undefined {
  const { method, address, port } = destination;
  const answer = method === 'route' || method === 'masq' ? handedOver(known, service, destination, method) : undefined;
  if (answer?.kind === 'accepted') return undefined;
  if (answer?.kind === 'rejected') {
    const there =
      sameAddress(answer.by, address) || (service.spec.key.kind === 'address' && sameAddress(answer.by, service.spec.key.address));
    if (!there || answer.type !== 3 || answer.code !== 3) return unreachable(rejection(known, destination, `UDP port ${port}`, answer));
    return unreachable({
      cause: `either no process listens on UDP port ${port} there, or a packet filter there rejects it (${icmpText(answer)})`,
      advice: `start the server there (ss -lun 'sport = :${port}' must list it)`,
    });
  }
  const blocked = pathRepair(known, address);
  return blocked === undefined ? pingVerdict(known, service.spec, destination) : unreachable(blocked);
}

const takesVip = (known: Known, { spec: { key } }: ServiceFact, server: Address): boolean =>
  key.kind === 'address' && echoed(known, server, key.address) === 'accepted';

function tcpVerdict(known: Known, service: ServiceFact, destination: DestinationSpec): Verdict | undefined {
  const { method, address } = destination;
  const answer = method === 'route' || method === 'masq' ? handedOver(known, service, destination, method) : undefined;
  if (answer?.kind === 'accepted') return undefined; // The method works, also where a VS/DR server listens on the VIP alone.
  const tried = known.connects.get(destinationId(destination));
  const failed = tried === undefined ? undefined : tried.error;
  const blocked = tried !== undefined && failed === undefined ? undefined : pathRepair(known, address);
  if (blocked !== undefined && (answer === undefined || answer.kind === 'silent')) return unreachable(blocked);
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
  return findingsOf(
    facts.services.flatMap((service) =>
      service.destinations.flatMap((destination): readonly Judged[] => {
        const verdict = verdictOf(known, service, destination);
        return verdict === undefined ? [] : [{ service, destination, verdict }];
      }),
    ),
  );
}
