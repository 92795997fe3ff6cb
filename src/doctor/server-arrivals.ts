// How packets for a real server's services reach it: by which interfaces, and what its packet filter makes of them. Pure.
import type { Address } from '../model/address.js';
import { parseAddress } from '../model/address-text.js';
import { addressId, sameAddress } from '../model/identity.js';
import type { Link } from '../wire/rtnetlink-link.js';
import type { RealServerFacts, ServicePort } from './facts.js';
import { clusterInterfaces, isTunnelOf, isUp, subnetsWith } from './network.js';
import { type Passage, passageOf } from './packet-filter/blocking.js';
import type { Chain, PacketProbe, Translation } from './packet-filter/model.js';

type Arriving = Pick<
  RealServerFacts,
  'interfaces' | 'addresses' | 'defaultRoutes' | 'settings' | 'holders' | 'vips' | 'ports' | 'dip' | 'chains'
> & {
  readonly method?: RealServerFacts['method'];
  readonly family?: RealServerFacts['family'];
};

/** The interfaces where the director's packets may arrive; one where something shows it, else all that face the cluster. */
export function arrivalInterfaces(facts: Arriving): readonly Link[] {
  if (facts.method === 'tun') {
    const { family = 'inet' } = facts;
    return facts.interfaces.filter((iface) => isTunnelOf(iface, family) && isUp(iface));
  }
  return wireInterfaces(facts);
}

/** The interfaces where the director's frames may arrive: under VS/TUN, those below the tunnel. */
export function wireInterfaces(facts: Arriving): readonly Link[] {
  const all = clusterInterfaces(facts);
  const { dip, holders, vips } = facts;
  const only = (numbers: readonly number[]): readonly Link[] => all.filter(({ ifindex }) => numbers.includes(ifindex));
  const byDirector = dip === undefined ? [] : only(subnetsWith(facts, dip).map(({ ifindex }) => ifindex));
  if (byDirector.length > 0) return byDirector;
  const answered = holders.filter(({ address }) => vips.some((vip) => sameAddress(vip, address)));
  const byAnswer = only(answered.map(({ ifindex }) => ifindex));
  if (byAnswer.length > 0) return byAnswer;
  const bySubnet = only(vips.flatMap((vip) => subnetsWith(facts, vip).map(({ ifindex }) => ifindex)));
  return bySubnet.length > 0 ? bySubnet : all;
}

/** A packet that opens a connection to this address, from any client. */
function opening(address: Address, port: ServicePort | undefined, interfaceName: string): PacketProbe {
  return {
    direction: 'in',
    interfaceName,
    source: { ...address, words: address.words.map(() => 0) },
    destination: address,
    protocol: port?.protocol ?? 'tcp',
    anyClient: true,
    ...(port === undefined ? {} : { destinationPort: port.port }),
  };
}

/** One of those that follow it, when the connection is open. */
const following = (address: Address, port: ServicePort | undefined, interfaceName: string): PacketProbe => ({
  ...opening(address, port, interfaceName),
  part: 'later',
});

/** A packet that answers, for the packet filter: it leaves by this interface for any client. */
export function answering(address: Address, port: ServicePort | undefined, interfaceName: string): PacketProbe {
  return {
    direction: 'out',
    interfaceName,
    source: address,
    destination: { ...address, words: address.words.map(() => 0) },
    protocol: port?.protocol ?? 'tcp',
    part: 'answer',
    anyClient: true,
    ...(port === undefined ? {} : { sourcePort: port.port }),
  };
}

/** What the packet filter makes of packets that begin connections, on each interface by which they may arrive. */
export function passages(facts: Arriving, address: Address, port: ServicePort | undefined): readonly Passage[] {
  return arrivalInterfaces(facts).map(({ name }) => passageOf(facts.chains, opening(address, port, name)));
}

/**
 * What the packet filter makes of packets of open connections, on each interface by which they may arrive. `address`, `port`: behind a
 * translation, where it leads to.
 */
export function laterPassages(facts: Arriving, address: Address, port: ServicePort | undefined): readonly Passage[] {
  return arrivalInterfaces(facts).map(({ name }) => passageOf(facts.chains, following(address, port, name)));
}

/** Translations by which this host takes packets for a VIP that is not local: REDIRECT, DNAT, TPROXY. */
export function takenWays(facts: Arriving): readonly { readonly vip: Address; readonly to: Translation }[] {
  const ports = facts.ports.length === 0 ? [undefined, ...portsInRules(facts)] : facts.ports;
  return facts.vips.flatMap((vip) =>
    ports.flatMap((port) =>
      passages(facts, vip, port).flatMap((passage) =>
        passage.kind === 'passed' && passage.to !== undefined ? [{ vip, to: passage.to }] : [],
      ),
    ),
  );
}

/** The VIPs that a rule names, for which it translates a packet on one of these interfaces. */
export function translatedVips(
  chains: readonly Chain[],
  vips: readonly Address[] | undefined,
  interfaceNames: readonly string[],
): readonly Address[] {
  const texts = chains.flatMap(({ rules }) => rules.map(({ text }) => text));
  const named = texts.flatMap((text) =>
    [...text.matchAll(/(?:-d|daddr) ([0-9a-fA-F.:]+)/g)].flatMap(([, address]) => parseAddress(address ?? '') ?? []),
  );
  const once = [...new Map((vips ?? named).map((vip) => [addressId(vip), vip])).values()];
  const ports = [undefined, ...portsInRules({ chains })];
  return once.filter((vip) =>
    interfaceNames.some((name) =>
      ports.some((port) => {
        const passage = passageOf(chains, opening(vip, port, name));
        return passage.kind === 'passed' && passage.to !== undefined;
      }),
    ),
  );
}

/** Where no port was given: those that the rules' texts name, so that a translation of one port is found. */
function portsInRules({ chains }: Pick<Arriving, 'chains'>): readonly ServicePort[] {
  const texts = chains.flatMap(({ rules }) => rules.map(({ text }) => text));
  const numbers = texts.flatMap((text) => [...text.matchAll(/dports? (?:\{ )?(\d+)/g)].map(([, port]) => Number(port)));
  return [...new Set(numbers)].flatMap((port) => [{ protocol: 'tcp', port } as const, { protocol: 'udp', port } as const]);
}
