// Why a server does not answer a TCP connect to its own address, as far as this host can determine.
import { formatAddress } from '../../../../model/address-text.js';
import { endpointText } from '../../../../model/endpoint-text.js';
import { addressId, sameAddress } from '../../../../model/identity.js';
import type { DestinationSpec } from '../../../../model/service.js';
import { portsOf } from '../../../address-index.js';
import type { ConnectFact, ServiceFact } from '../../../facts.js';
import { moveDestination } from '../commands.js';
import { icmpText, isFilter, isNoRoute } from './icmp-text.js';
import { directorAddressFor, echoed, type Known } from './known.js';
import { pathRepair } from './path-verdict.js';
import { NO_ANSWER, type Repair, type Verdict } from './verdict.js';

export const LOOK_THERE = 'weir doctor --role rs on that server names the rule';

/** `port`: as a person writes it: `TCP port 80`. */
export function rejection(known: Known, { address }: DestinationSpec, port: string, icmp: NonNullable<ConnectFact['icmp']>): Repair {
  const by = formatAddress(icmp.by);
  const text = icmpText(icmp);
  if (known.own.has(addressId(icmp.by))) {
    return { cause: `this host's own packet filter rejects ${port} (${text})`, advice: 'nft list ruleset; iptables-save' };
  }
  if (sameAddress(icmp.by, address)) {
    return isFilter(icmp)
      ? { cause: `a packet filter there rejects ${port} (${text}; a closed port would answer RST)`, advice: LOOK_THERE }
      : { cause: `it answers ${text}: either a packet filter there rejects ${port}, or it forwards the packet`, advice: LOOK_THERE };
  }
  return isNoRoute(icmp)
    ? {
        cause: `the router ${by} does not reach it (${text})`,
        advice: `look at the router: ping ${by}; ip route get ${formatAddress(address)}`,
      }
    : { cause: `${by}, on the way, rejects ${port} (${text})`, advice: `look at the packet filter of ${by}` };
}

/** Another port of the same host that accepts connections. */
export function openPort(known: Known, service: ServiceFact, { address, port }: DestinationSpec): number | undefined {
  const open = known.openPorts.get(addressId(address));
  if (open === undefined) return undefined;
  const { key } = service.spec;
  const isOther = (one: number): boolean => one !== port && open.has(one);
  if (key.kind === 'address' && isOther(key.port)) return key.port;
  return [...portsOf(service.destinations)].find(isOther);
}

function closedPort(known: Known, service: ServiceFact, destination: DestinationSpec): Repair {
  const { port, method } = destination;
  const cause = `either no process listens on ${endpointText(destination)} there, or a packet filter there answers with RST`;
  const open = method === 'masq' ? openPort(known, service, destination) : undefined;
  if (open === undefined) return { cause, advice: `start the server there (ss -ltn 'sport = :${port}' must list it)` };
  return {
    cause: `nothing accepts connections on ${endpointText(destination)}, and port ${open} of that host does`,
    fix: moveDestination(service.spec.key, destination, { ...destination, port: open }),
  };
}

function silence(known: Known, { address, port }: DestinationSpec): Repair {
  const dip = directorAddressFor(known.facts, address);
  const ping = echoed(known, address, address);
  if (ping === 'accepted') {
    return {
      cause: `it answers ping and not TCP port ${port}: either a firewall there drops it, or the process there accepts no more connections`,
      advice: `${LOOK_THERE}; ss -ltn 'sport = :${port}' there shows the queue of connections`,
    };
  }
  const cause = 'no answer: either a firewall drops the packets, or the answers take another route';
  return dip === undefined
    ? { cause: `${cause}, or it is down`, advice: `ip route get ${formatAddress(address)}; ${LOOK_THERE}` }
    : { cause, advice: `${LOOK_THERE}; ip route get ${dip} there shows the route of the answers` };
}

export function connectRepair(known: Known, service: ServiceFact, destination: DestinationSpec, fact: ConnectFact): Repair {
  const { error = '', icmp } = fact;
  const port = `TCP port ${destination.port}`;
  // When no host answers ARP, the kernel reports "host unreachable" to itself.
  const foreign = icmp !== undefined && !(known.own.has(addressId(icmp.by)) && isNoRoute(icmp)) ? icmp : undefined;
  if (foreign !== undefined) return rejection(known, destination, port, foreign);
  if (error === 'ECONNREFUSED') return closedPort(known, service, destination);
  const blocked = pathRepair(known, destination.address);
  if (blocked !== undefined) return blocked;
  if (error === 'ETIMEDOUT' || error === 'EHOSTUNREACH') return silence(known, destination);
  return { cause: `connecting to it fails with ${error}`, advice: `ip route get ${formatAddress(destination.address)}` };
}

export const unreachable = (repair: Repair): Verdict => ({ code: 'server-unreachable', verb: NO_ANSWER, ...repair });
