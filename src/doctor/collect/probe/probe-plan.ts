// Which packets doctor sends to which servers, so that each forwarding method is tested as the datapath uses it. Pure.
//
// VS/DR: from our own address to the VIP, in a frame for the server. The answer's source is the VIP, and a packet socket receives it:
// the kernel drops packets from its own addresses. VS/NAT: from the VIP (or from an address that no host has), as if from a remote
// client, to the server's own address. The answer comes back to this interface only if this director is the server's gateway to other networks.
import type { Address } from '../../../model/address.js';
import { addressId, sameAddress } from '../../../model/identity.js';
import type { DestinationSpec, ServiceKey } from '../../../model/service.js';
import { ECHO_SMALL_BYTES, type Probe } from '../../../wire/probe-frames.js';
import { withAddress, withSubnet } from '../../address-index.js';
import type { EchoFact, HandoverFact, HostFacts, PathFact, ServiceFact } from '../../facts.js';
import { contains } from '../../network.js';
import type { NextHop } from './next-hop.js';

export type Handover = Probe & { readonly fact: Omit<HandoverFact, 'answer'> };
export type Echo = Probe & { readonly fact: Omit<EchoFact, 'answer'> };

type AddressKey = ServiceKey & { readonly kind: 'address' };
type HopOf = (to: Address) => NextHop | undefined;

/** A destination that can be handed packets to: it is in a subnet of this host. */
export interface Reached {
  readonly key: AddressKey;
  readonly destination: DestinationSpec;
  readonly hop: NextHop;
  /** A service takes what comes to high ports of the VIP: the answer to a SYN from there would begin a connection of it. */
  readonly takesHighPorts?: true;
}

const FTP_PORT = 21;

/** Addresses with a service of all ports, or of FTP with its data connections. */
const withHighPorts = (services: readonly ServiceFact[]): ReadonlySet<string> =>
  new Set(
    services.flatMap(({ spec: { key, persistence } }) =>
      key.kind === 'address' && key.protocol === 'tcp' && persistence !== undefined && (key.port === 0 || key.port === FTP_PORT)
        ? [addressId(key.address)]
        : [],
    ),
  );

export function reachedDestinations(services: readonly ServiceFact[], paths: readonly PathFact[], hopOf: HopOf): readonly Reached[] {
  const high = withHighPorts(services);
  const direct = new Set(paths.filter(({ kind }) => kind === 'direct').map(({ to }) => addressId(to)));
  return services.flatMap(({ spec: { key }, destinations }) => {
    if (key.kind !== 'address' || key.protocol === 'sctp' || key.port === 0) return [];
    const more = high.has(addressId(key.address)) ? { takesHighPorts: true as const } : {};
    return destinations.flatMap((destination): readonly Reached[] => {
      const hop = direct.has(addressId(destination.address)) ? hopOf(destination.address) : undefined;
      return hop === undefined ? [] : [{ key, destination, hop, ...more }];
    });
  });
}

function direct({ key, destination, hop }: Reached): Handover {
  const { address: vip, port, protocol } = key;
  return {
    ...hop,
    target: vip,
    content: { kind: protocol === 'udp' ? 'datagram' : 'syn', port },
    fact: { method: 'route', protocol: protocol === 'udp' ? 'udp' : 'tcp', vip, port, realServer: destination.address },
  };
}

/** Stand for a client elsewhere: IPv4's dummy address (RFC 7600) and one of IPv6's prefix for what is discarded (RFC 6666); no host has them. */
const ELSEWHERE: Readonly<Record<Address['family'], Address>> = {
  inet: { family: 'inet', words: [0xc0000008] },
  inet6: { family: 'inet6', words: [0x01000000, 0, 0, 8] },
};
export const elsewhereOf = ({ family }: Address): Address => ELSEWHERE[family];

/**
 * An address whose answers need the server's gateway: the VIP; where that is in the server's own subnet, or does not get them by itself, another
 * one. Undefined: the VIP is not here, and the gateway may be the host that has it.
 */
function foreignSource(host: HostFacts, { key, hop, takesHighPorts }: Reached): Address | undefined {
  if (withAddress(host.addresses, key.address).length === 0) return undefined;
  // The VIP may be the very address that this host has in the server's subnet.
  const near = withSubnet(host.addresses).some((one) => one.ifindex === hop.ifindex && contains(one, key.address));
  return near || takesHighPorts === true ? elsewhereOf(key.address) : key.address;
}

function masqueraded(host: HostFacts, reached: Reached): readonly Handover[] {
  const { key, destination, hop } = reached;
  const fact = { method: 'masq', vip: key.address, port: destination.port, realServer: destination.address } as const;
  if (destination.port === 0) return [];
  // A server that is silent may listen on UDP: only a refusal shows something, and that needs no gateway.
  if (key.protocol === 'udp') {
    return [
      { ...hop, target: destination.address, content: { kind: 'datagram', port: destination.port }, fact: { ...fact, protocol: 'udp' } },
    ];
  }
  const source = foreignSource(host, reached);
  const content = { kind: 'syn', port: destination.port } as const;
  return source === undefined ? [] : [{ ...hop, source, target: destination.address, content, fact: { ...fact, protocol: 'tcp' } }];
}

/** For what does not answer the VIP: a server that has the VIP as well, or a way of its own to the VIP's network, answers others. */
export function elsewhereHandovers(host: HostFacts, reached: readonly Reached[], isWrong: (one: Reached) => boolean): readonly Handover[] {
  const fromVip = (one: Reached): boolean => {
    const source = foreignSource(host, one);
    return source !== undefined && sameAddress(source, one.key.address);
  };
  return reached
    .filter((one) => one.key.protocol === 'tcp' && one.destination.method === 'masq' && isWrong(one) && fromVip(one))
    .flatMap((one) => masqueraded(host, one))
    .map((one) => ({ ...one, source: elsewhereOf(one.target), fact: { ...one.fact, elsewhere: true } }));
}

const idOf = ({ method, protocol, vip, port, realServer }: Handover['fact']): string =>
  `${method} ${protocol} ${addressId(vip)} ${port} ${addressId(realServer)}`;

const once = (handovers: readonly Handover[]): readonly Handover[] => [...new Map(handovers.map((one) => [idOf(one.fact), one])).values()];

/** Each destination by its own forwarding method. */
export function handovers(host: HostFacts, reached: readonly Reached[]): readonly Handover[] {
  return once(
    reached.flatMap((one) =>
      one.destination.method === 'route' ? [direct(one)] : one.destination.method === 'masq' ? masqueraded(host, one) : [],
    ),
  );
}

/** The other method, for TCP destinations that do not work by their own: was the method forgotten or mixed up? */
export function otherHandovers(host: HostFacts, reached: readonly Reached[], isWrong: (one: Reached) => boolean): readonly Handover[] {
  const tcp = reached.filter((one) => one.key.protocol === 'tcp' && isWrong(one));
  return once(
    tcp.flatMap((one) =>
      one.destination.method === 'masq' ? [direct(one)] : one.destination.method === 'route' ? masqueraded(host, one) : [],
    ),
  );
}

export function echo(hop: NextHop, host: Address, target: Address, packetBytes = ECHO_SMALL_BYTES, source = hop.source): Echo {
  return { ...hop, source, target, content: { kind: 'echo', packetBytes }, fact: { host, target, source, packetBytes } };
}

/** Is the host there, and does a packet of the interface's size get to it and back? */
export function sizedEchoes(hosts: readonly Address[], hopOf: HopOf): readonly Echo[] {
  return hosts.flatMap((host) => {
    const hop = hopOf(host);
    return hop === undefined ? [] : [echo(hop, host, host), ...(hop.mtu > ECHO_SMALL_BYTES ? [echo(hop, host, host, hop.mtu)] : [])];
  });
}

/** Is the VIP on the server (VS/DR), do its answers come by this director (VS/NAT)? For those that no SYN can show it of. */
export function methodEchoes(host: HostFacts, reached: readonly Reached[]): readonly Echo[] {
  const echoes = reached.flatMap((one): readonly Echo[] => {
    const { key, destination, hop } = one;
    if (destination.method === 'route') return [echo(hop, destination.address, key.address)];
    const source = destination.method === 'masq' ? foreignSource(host, one) : undefined;
    const sources = source === undefined ? [] : sameAddress(source, elsewhereOf(source)) ? [source] : [source, elsewhereOf(source)];
    return sources.map((from) => echo(hop, destination.address, destination.address, ECHO_SMALL_BYTES, from));
  });
  const known = new Map(echoes.map((one) => [`${addressId(one.fact.host)} ${addressId(one.target)} ${addressId(one.source)}`, one]));
  return [...known.values()];
}
