// Which packets doctor sends to servers of VS/TUN and FULLNAT, which may be behind routers. Pure.
//
// VS/TUN: from an address of this host to the VIP, in the tunnel of the destination. The answer comes without a tunnel, from the VIP. TTL 2: a
// server that lacks the VIP, and forwards, does not send the packet back to the director as a client's; one more hop leads to its containers.
// FULLNAT: from a local address to the server's own port; the answer needs a route to that address. The source port is none that
// connections get.
import type { Address, Family } from '../../../model/address.js';
import { addressId, sameAddress } from '../../../model/identity.js';
import type { DestinationSpec, ServiceKey } from '../../../model/service.js';
import { IPV4_DEFAULTS } from '../../../wire/ipv4.js';
import { ECHO_SMALL_BYTES } from '../../../wire/probe-frames.js';
import type { HandoverFact, HostFacts, PathFact, ServiceFact } from '../../facts.js';
import { isCarrying, isLoopback, usesArp } from '../../network.js';
import type { NextHop } from './next-hop.js';
import type { SentProbe } from './run-probes.js';

const TUNNEL_TTL = 2;
/** Answers may come in on any of so many interfaces. */
const INTERFACES_MAX = 64;

/** `own`: an address of this host that the server can answer. */
export type RoutedHandover = SentProbe & { readonly own: Address; readonly fact: Omit<HandoverFact, 'answer' | 'echoes'> };
/** `about`: the handover that was not accepted. */
export type RoutedEcho = SentProbe & { readonly about: RoutedHandover; readonly of: keyof NonNullable<HandoverFact['echoes']> };

type AddressKey = ServiceKey & { readonly kind: 'address' };

/** What this host has of the family of the frames. */
export interface Sending {
  readonly paths: readonly PathFact[];
  readonly hopOf: (to: Address) => NextHop | undefined;
}

export interface RoutedInput {
  readonly services: readonly ServiceFact[];
  readonly sending: Readonly<Partial<Record<Family, Sending>>>;
  /** The addresses of this host by family: facts of the host with those of IPv6 in the places of IPv4's. */
  readonly hosts: Readonly<Partial<Record<Family, HostFacts>>>;
  /** Ids of virtual and local addresses: those that serve clients. */
  readonly serving: ReadonlySet<string>;
  /** Ids of local addresses of FULLNAT that are another node's of VRRP at the moment. */
  readonly elsewhere: ReadonlySet<string>;
}

/** The interfaces on which answers may come in, the one that the probe leaves by aside. */
export const answeringInterfaces = (host: HostFacts): readonly number[] =>
  host.interfaces
    .filter((iface) => usesArp(iface) && isCarrying(iface))
    .slice(0, INTERFACES_MAX)
    .map(({ ifindex }) => ifindex);

/** An address of this host that serves no clients, one of this interface if there is any. */
function ownAddress(host: HostFacts | undefined, ifindex: number, serving: ReadonlySet<string>): Address | undefined {
  const loopback = new Set(host?.interfaces.filter(isLoopback).map((iface) => iface.ifindex));
  const own = (host?.addresses ?? []).filter((one) => !loopback.has(one.ifindex) && !serving.has(addressId(one.address)));
  return (own.find((one) => one.ifindex === ifindex) ?? own[0])?.address;
}

type Place = { readonly key: AddressKey; readonly protocol: 'tcp' | 'udp'; readonly destination: DestinationSpec };

function placesOf(services: readonly ServiceFact[]): readonly Place[] {
  return services.flatMap(({ spec: { key }, destinations }) => {
    if (key.kind !== 'address' || key.protocol === 'sctp' || key.port === 0) return [];
    const { protocol } = key;
    return destinations.map((destination) => ({ key, protocol, destination }));
  });
}

const contentOf = (protocol: 'tcp' | 'udp', port: number): SentProbe['content'] => ({
  kind: protocol === 'udp' ? 'datagram' : 'syn',
  port,
});

function tunnelled(input: RoutedInput, { key, protocol, destination }: Place): readonly RoutedHandover[] {
  const { address: server, tunnel } = destination;
  const { address: vip, port } = key;
  const { paths = [], hopOf } = input.sending[server.family] ?? {};
  const path = paths.find(({ to }) => sameAddress(to, server));
  const hop = path?.kind === 'direct' || path?.kind === 'routed' ? hopOf?.(server) : undefined;
  const source = hop && ownAddress(input.hosts[vip.family], hop.ifindex, input.serving);
  if (hop === undefined || source === undefined) return [];
  const outerSource = path?.source ?? hop.source;
  return [
    {
      ...hop,
      source,
      own: hop.source,
      target: vip,
      ttl: TUNNEL_TTL,
      content: contentOf(protocol, port),
      tunnel: { tunnel, source: outerSource, destination: server },
      fact: { method: 'tunnel', protocol, vip, port, realServer: server, outerSource },
    },
  ];
}

function fromLocals(input: RoutedInput, { key, protocol, destination }: Place): readonly RoutedHandover[] {
  const { address: server, port, localAddresses = [] } = destination;
  const { paths = [], hopOf } = input.sending[server.family] ?? {};
  const path = paths.find(({ to }) => sameAddress(to, server));
  const hop = path?.kind === 'direct' || path?.kind === 'routed' ? hopOf?.(server) : undefined;
  if (hop === undefined || port === 0) return [];
  return localAddresses
    .filter((local) => !input.elsewhere.has(addressId(local)))
    .map((local) => ({
      ...hop,
      source: local,
      own: ownAddress(input.hosts[server.family], hop.ifindex, input.serving) ?? hop.source,
      target: server,
      lowPort: true,
      content: contentOf(protocol, port),
      fact: { method: 'fullnat', protocol, vip: key.address, port, realServer: server, local },
    }));
}

/** Each destination of VS/TUN, and each local address of one of FULLNAT. */
export function routedHandovers(input: RoutedInput): readonly RoutedHandover[] {
  return placesOf(input.services).flatMap((place) => {
    const { method } = place.destination;
    return method === 'tunnel' ? tunnelled(input, place) : method === 'fullnat' ? fromLocals(input, place) : [];
  });
}

/** As echo requests: in the same way to the VIP, and to the server's own address where the tunnel takes its family; and from this host's own address. */
export function echoesOf(about: RoutedHandover): readonly RoutedEcho[] {
  const { fact, lowPort: _low, ttl = IPV4_DEFAULTS.ttl, tunnel, own, ...rest } = about;
  const probe = { ...rest, ttl, content: { kind: 'echo', packetBytes: ECHO_SMALL_BYTES }, about } as const;
  const plain = { ...probe, ttl: IPV4_DEFAULTS.ttl, source: own, target: fact.realServer, of: 'plain' } as const;
  const same = { ...probe, ...(tunnel === undefined ? {} : { tunnel }) };
  const toServer = { ...same, target: fact.realServer, of: 'server' } as const;
  if (fact.method === 'fullnat') return [plain, toServer];
  const toVip = { ...same, of: 'vip' } as const;
  return fact.realServer.family === fact.vip.family ? [plain, toVip, toServer] : [plain, toVip];
}
