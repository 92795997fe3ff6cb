// A server that is there, but does not answer as its forwarding method needs: by the answers to packets handed over as the datapath does.
import { formatAddress } from '../../../../model/address-text.js';
import { sameAddress } from '../../../../model/identity.js';
import type { DestinationSpec, ServiceKey } from '../../../../model/service.js';
import { withSubnet } from '../../../address-index.js';
import type { ConnectFact, ProbeAnswer, ServiceFact } from '../../../facts.js';
import { contains, subnetsWith } from '../../../network.js';
import { moveDestination } from '../commands.js';
import { icmpText, isFilter, isForwarded } from './icmp-text.js';
import { directorAddressFor, echoed, handedOver, type Known } from './known.js';
import { LOOK_THERE, openPort } from './server-verdict.js';
import type { Verdict } from './verdict.js';

export const NOT_FOR_VIP = ['does not serve the VIP', 'do not serve the VIP'] as const;
export const NOT_BACK = ['does not answer through this director', 'do not answer through this director'] as const;
const WRONG_METHOD = ['is not set up for its forwarding method', 'are not set up for their forwarding method'] as const;

export type AddressKey = ServiceKey & { readonly kind: 'address' };

/** What was found out about services before, for the same facts. */
const peersOf = new WeakMap<Known, Map<ServiceFact, boolean>>();

/** Whether a destination of the service works by VS/DR. */
function worksDirectly(known: Known, service: ServiceFact): boolean {
  const before = peersOf.get(known) ?? new Map<ServiceFact, boolean>();
  peersOf.set(known, before);
  const works =
    before.get(service) ??
    service.destinations.some((one) => one.method === 'route' && handedOver(known, service, one, 'route')?.kind === 'accepted');
  before.set(service, works);
  return works;
}

/** The port by which the destination works by the other method; a server that refuses it by RST may have another one open. */
function portOfOther(known: Known, service: ServiceFact, destination: DestinationSpec): number | undefined {
  const { key } = service.spec;
  const other = destination.method === 'route' ? 'masq' : 'route';
  const answer = handedOver(known, service, destination, other)?.kind;
  if (key.kind !== 'address') return undefined;
  if (answer === 'accepted') return other === 'route' ? key.port : destination.port;
  return answer === 'reset' && other === 'masq' ? openPort(known, service, destination) : undefined;
}

/** A server that works by the other method: was it forgotten? */
function otherMethod(known: Known, service: ServiceFact, destination: DestinationSpec): Verdict | undefined {
  const { key } = service.spec;
  const { address, method } = destination;
  const other = method === 'route' ? 'masq' : 'route';
  if (key.kind !== 'address') return undefined;
  const port = portOfOther(known, service, destination);
  if (port === undefined) return undefined;
  if (method === 'route' && worksDirectly(known, service)) return undefined; // A cluster of VS/DR: this server lacks the VIP.
  const [server, vip] = [formatAddress(address), formatAddress(key.address)];
  return {
    code: 'method-wrong',
    verb: WRONG_METHOD,
    cause:
      other === 'masq'
        ? `it is forwarded to by VS/DR and does not take packets for ${vip}; ${server} answers through this director, as VS/NAT needs`
        : `it is forwarded to by VS/NAT and its answers do not come back through this director; ${server} takes packets for ${vip} itself, as VS/DR needs`,
    fix: moveDestination(key, destination, { ...destination, port, method: other }),
  };
}

/** The VIP is this director's own address in the server's subnet: with it, the server does not answer this host any more. */
function isOnlyAddress({ facts }: Known, destination: DestinationSpec, vip: string): boolean {
  const nets = withSubnet(facts.addresses).filter((one) => contains(one, destination.address));
  return nets.length > 0 && nets.every(({ address }) => formatAddress(address) === vip);
}

function withoutVip(known: Known, destination: DestinationSpec, vip: string, cause: string): Verdict {
  if (isOnlyAddress(known, destination, vip)) {
    return {
      code: 'server-without-vip',
      verb: NOT_FOR_VIP,
      cause: `${cause}; ${vip} is the only address of this director there`,
      advice: `give the service an address of its own (weir vip add), for a server that has ${vip} does not answer this director; then on ${formatAddress(destination.address)}: weir realserver start --vip VIP`,
    };
  }
  return {
    code: 'server-without-vip',
    verb: NOT_FOR_VIP,
    cause,
    on: formatAddress(destination.address),
    fix: `weir realserver start --vip ${vip}`,
  };
}

/** What differs between VS/DR and VS/TUN. */
export interface VipTest {
  /** Does it answer ping to the VIP? */
  readonly pings: boolean;
  /** That it lacks the VIP, and what gives it that. */
  without(cause: string): Verdict;
  /** It did not answer. `listens`: it accepts connections to its own address. */
  silent(listens: boolean): Verdict;
}

function directTest(known: Known, key: AddressKey, destination: DestinationSpec): VipTest {
  const [server, vip] = [formatAddress(destination.address), formatAddress(key.address)];
  const without = (cause: string): Verdict => withoutVip(known, destination, vip, cause);
  return {
    pings: echoed(known, destination.address, key.address) === 'accepted',
    without,
    silent: (listens) =>
      without(
        `${listens ? `it answers on ${server} and` : 'it'} drops packets for ${vip}: either the VIP is not on its lo, or a firewall there drops them`,
      ),
  };
}

/** VS/DR, VS/TUN, TCP: what the server did with a SYN for the VIP. */
export function directVerdict(
  test: VipTest,
  key: AddressKey,
  destination: DestinationSpec,
  answer: ProbeAnswer,
  tried?: ConnectFact,
): Verdict {
  const [server, vip] = [formatAddress(destination.address), formatAddress(key.address)];
  const listens = tried !== undefined && tried.error === undefined;
  if (answer.kind === 'reset') {
    return listens
      ? {
          code: 'server-deaf-to-vip',
          verb: NOT_FOR_VIP,
          cause: `it accepts connections to ${server}:${destination.port} and answers those to ${vip}:${key.port} with RST: either its process listens on ${server} alone, or a packet filter there resets them`,
          advice: `let the process there listen on ${vip}, too (${key.address.family === 'inet' ? '0.0.0.0' : '::'})`,
        }
      : {
          code: 'server-unreachable',
          verb: NOT_FOR_VIP,
          cause: `either no process listens on port ${key.port} there, or a packet filter there answers with RST`,
          advice: `start the server there (ss -ltn 'sport = :${key.port}' must list it)`,
        };
  }
  if (answer.kind === 'rejected') {
    const text = icmpText(answer);
    const itself = sameAddress(answer.by, destination.address) || sameAddress(answer.by, key.address);
    if (isForwarded(answer) || (itself && !isFilter(answer))) {
      return test.without(`${server} forwards packets for ${vip} (${text}) instead of taking them: it does not have the VIP`);
    }
    return {
      code: 'server-unreachable',
      verb: NOT_FOR_VIP,
      cause: `a packet filter ${itself ? 'there' : `on ${formatAddress(answer.by)}`} rejects TCP port ${key.port} (${text}; a closed port would answer RST)`,
      advice: LOOK_THERE,
    };
  }
  if (test.pings) {
    return {
      code: 'server-unreachable',
      verb: NOT_FOR_VIP,
      cause: `it answers ping to ${vip} and not TCP port ${key.port}: either a firewall there drops it, or the process there accepts no more connections`,
      advice: LOOK_THERE,
    };
  }
  return test.silent(listens);
}

/** VS/NAT, TCP: the server answers us, but not a SYN from another network. */
function natVerdict(known: Known, destination: DestinationSpec, answer: ProbeAnswer): Verdict {
  const server = formatAddress(destination.address);
  const firewall = (cause: string): Verdict => ({ code: 'server-answers-elsewhere', verb: NOT_BACK, cause, advice: LOOK_THERE });
  if (answer.kind === 'reset')
    return firewall('it accepts connections from this host and answers those from other networks with RST: a packet filter there does');
  if (answer.kind === 'rejected')
    return firewall(
      `it accepts connections from this host; from other networks, a packet filter on ${formatAddress(answer.by)} rejects them (${icmpText(answer)})`,
    );
  if (echoed(known, destination.address, destination.address, true) === 'accepted') {
    return firewall(
      `it answers ping from other networks through this director and drops TCP connections from there: a firewall on ${server} does`,
    );
  }
  const dip = directorAddressFor(known.facts, destination.address);
  const cause = (gateway: string): string =>
    `it answers this host and not through it: either its gateway to other networks is not ${gateway}, or a firewall there drops packets from them`;
  if (dip === undefined) return firewall(cause('this director'));
  // There doctor examines IPv4 only.
  const advice =
    destination.address.family === 'inet'
      ? { advice: `where its default route is that already: weir doctor --role rs --dip ${dip} there names the rule` }
      : {};
  return {
    code: 'server-answers-elsewhere',
    verb: NOT_BACK,
    cause: cause(dip),
    on: server,
    fix: `ip route replace default via ${dip}`,
    ...advice,
  };
}

/**
 * VS/NAT, TCP: the server answers other networks through this director, and not the VIP. It may have the VIP itself, which harms no client.
 * Else the clients in the VIP's network get no answer; where none was seen there, nothing is wrong.
 */
function nearVerdict(known: Known, service: ServiceFact, destination: DestinationSpec): Verdict | undefined {
  const { facts } = known;
  const { key } = service.spec;
  const taken = handedOver(known, service, destination, 'route')?.kind;
  if (key.kind !== 'address' || (taken !== undefined && taken !== 'silent')) return undefined;
  const nets = subnetsWith(facts, key.address);
  const client = facts.clients.find((one) => one.seen && nets.some((net) => contains(net, one.client)));
  if (client === undefined) return undefined;
  const [server, vip, name] = [formatAddress(destination.address), formatAddress(key.address), formatAddress(client.client)];
  return {
    code: 'server-answers-elsewhere',
    verb: NOT_BACK,
    cause: `it answers other networks through this director, and not the network of ${vip}, where clients are (${name}): it has an address, a route or a packet filter of its own for it`,
    advice: `on ${server}: ip route get ${name} must lead to this director; ip addr; ip rule`,
  };
}

/** Only where packets get to the server. Undefined: nothing is known to be wrong. */
export function methodVerdict(
  known: Known,
  service: ServiceFact,
  destination: DestinationSpec,
  answer: ProbeAnswer,
  tried: ConnectFact | undefined,
): Verdict | undefined {
  const { key } = service.spec;
  if (key.kind !== 'address' || answer.kind === 'accepted') return undefined;
  if (destination.method === 'masq' && handedOver(known, service, destination, 'masq', true)?.kind === 'accepted') {
    return nearVerdict(known, service, destination);
  }
  const other = otherMethod(known, service, destination);
  if (other !== undefined) return other;
  return destination.method === 'route'
    ? directVerdict(directTest(known, key, destination), key, destination, answer, tried)
    : natVerdict(known, destination, answer);
}

/** UDP: a server may be silent, so ping shows whether it has the VIP or answers by this director. */
export function pingVerdict(known: Known, { key }: ServiceFact['spec'], destination: DestinationSpec): Verdict | undefined {
  if (key.kind !== 'address' || echoed(known, destination.address, destination.address) !== 'accepted') return undefined;
  const [server, vip] = [formatAddress(destination.address), formatAddress(key.address)];
  if (destination.method === 'route' && echoed(known, destination.address, key.address) === 'silent') {
    return withoutVip(
      known,
      destination,
      vip,
      `it answers ping to ${server} and not to ${vip}: either the VIP is not on its lo, or a firewall there drops packets for it`,
    );
  }
  const back = destination.method === 'masq' ? echoed(known, destination.address, destination.address, true) : undefined;
  return back === 'silent' ? natVerdict(known, destination, { kind: 'silent' }) : undefined;
}
