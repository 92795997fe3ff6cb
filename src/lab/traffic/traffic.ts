// Counts the packets at the switches' ports: for a lab's expectations, and as sums for the evidence. Pure.
import { formatAddress, parseAddress } from '../../model/address-text.js';
import type { Bounds, TrafficExpectation } from '../definition/lab.js';
import type { HostInterface } from '../definition/names.js';
import type { SeenPacket } from './pcap.js';

/** A packet at a port of a lab's switch, with the names that the lab gives to things. */
export interface PortPacket extends SeenPacket {
  readonly host: string;
  readonly interfaceName: string;
  /** The host whose interface sent the frame; undefined: no host of this lab. */
  readonly sender: string | undefined;
}

/** Without what begins a connection and was sent again: on a busy machine an answer takes longer than the second that TCP waits for it. */
function sentOnce(packets: readonly SeenPacket[]): readonly SeenPacket[] {
  const seen = new Set<string>();
  return packets.filter(({ bytes: _, ...packet }) => {
    if (packet.flags?.includes('S') !== true) return true;
    const text = JSON.stringify(packet);
    return !seen.has(text) && seen.add(text);
  });
}

/** The packets at the ports of the lab's hosts. `ports`: ifindex to port name, in the switches' namespace. */
export function atPorts(
  packets: readonly SeenPacket[],
  ports: ReadonlyMap<number, string>,
  interfaces: readonly HostInterface[],
): readonly PortPacket[] {
  const byPort = new Map(interfaces.map((iface) => [iface.port, iface]));
  const byMac = new Map(interfaces.map((iface) => [iface.mac, iface.host]));
  return sentOnce(packets).flatMap((packet) => {
    const iface = byPort.get(ports.get(packet.ifindex) ?? '');
    return iface === undefined ? [] : [{ ...packet, host: iface.host, interfaceName: iface.interfaceName, sender: byMac.get(packet.mac) }];
  });
}

function matches(packet: PortPacket, wanted: TrafficExpectation): boolean {
  const [host, interfaceName] = (wanted.at ?? '').split(':');
  return (
    (wanted.at === undefined || (packet.host === host && (interfaceName === undefined || packet.interfaceName === interfaceName))) &&
    (wanted.direction === undefined || (wanted.direction === 'to') === packet.outgoing) &&
    (wanted.from === undefined || packet.sender === wanted.from) &&
    (wanted.protocol === undefined || packet.protocol === wanted.protocol) &&
    (wanted.source === undefined || packet.source === wanted.source) &&
    (wanted.destination === undefined || packet.destination === wanted.destination) &&
    (wanted.sourcePort === undefined || packet.sourcePort === wanted.sourcePort) &&
    (wanted.destinationPort === undefined || packet.destinationPort === wanted.destinationPort) &&
    (wanted.mtu === undefined || packet.mtu === wanted.mtu) &&
    (wanted.tunnel === undefined || (packet.tunnel ?? 'none') === wanted.tunnel) &&
    (wanted.outerSource === undefined || packet.outerSource === wanted.outerSource) &&
    (wanted.outerDestination === undefined || packet.outerDestination === wanted.outerDestination) &&
    [...(wanted.flags ?? '')].every((letter) => packet.flags?.includes(letter) === true)
  );
}

/** As packets have it: an IPv6 address may be written in several ways. */
function sameText(text: string): string {
  const address = parseAddress(text);
  return address === undefined ? text : formatAddress(address);
}

const ADDRESSES = ['source', 'destination', 'outerSource', 'outerDestination'] as const;

export function countTraffic(packets: readonly PortPacket[], wanted: TrafficExpectation): number {
  const same = { ...wanted };
  for (const key of ADDRESSES) if (wanted[key] !== undefined) same[key] = sameText(wanted[key]);
  return packets.filter((packet) => matches(packet, same)).length;
}

export function within(value: number, bounds: number | Bounds): boolean {
  return typeof bounds === 'number' ? value === bounds : value >= (bounds.min ?? 0) && value <= (bounds.max ?? Number.POSITIVE_INFINITY);
}

export function boundsText(bounds: number | Bounds): string {
  if (typeof bounds === 'number') return String(bounds);
  const { min, max } = bounds;
  return max === undefined ? `at least ${min ?? 0}` : min === undefined ? `at most ${max}` : `${min} to ${max}`;
}

/** A text for an expectation: its own, or made from its conditions. */
export function trafficText(wanted: TrafficExpectation): string {
  if (wanted.say !== undefined) return wanted.say;
  const end = (address?: string, port?: number): string => `${address ?? '*'}${port === undefined ? '' : `:${port}`}`;
  return [
    wanted.protocol ?? 'packets',
    `${end(wanted.source, wanted.sourcePort)} > ${end(wanted.destination, wanted.destinationPort)}`,
    ...(wanted.flags === undefined ? [] : [`[${wanted.flags}]`]),
    ...(wanted.mtu === undefined ? [] : [`MTU ${wanted.mtu}`]),
    ...(wanted.tunnel === undefined ? [] : [wanted.tunnel === 'none' ? 'in no tunnel' : `in ${wanted.tunnel}`]),
    ...(wanted.outerSource === undefined && wanted.outerDestination === undefined
      ? []
      : [`in ${end(wanted.outerSource)} > ${end(wanted.outerDestination)}`]),
    ...(wanted.from === undefined ? [] : [`sent by ${wanted.from}`]),
    ...(wanted.at === undefined ? [] : [`at ${wanted.at}'s port${wanted.direction === undefined ? '' : `, ${wanted.direction} it`}`]),
  ].join(' ');
}

/** One line of the evidence. Of two ports only the lower (the service's) is shown: the other is random. */
export interface TrafficSum {
  readonly port: string;
  readonly direction: 'from' | 'to';
  readonly sender: string;
  readonly protocol: string;
  readonly source: string;
  readonly destination: string;
  readonly flags?: string;
  /** `ipip 192.0.2.1 > 198.51.100.2`: what the packets were in. */
  readonly tunnel?: string;
  readonly packets: number;
  readonly bytes: number;
}

function sumKey(packet: PortPacket): Omit<TrafficSum, 'packets' | 'bytes'> {
  const { sourcePort, destinationPort, tunnel, outerSource, outerDestination } = packet;
  const low = Math.min(sourcePort ?? Number.POSITIVE_INFINITY, destinationPort ?? Number.POSITIVE_INFINITY);
  const end = (address: string, port: number | undefined): string => (port === low ? `${address}:${port}` : address);
  return {
    port: `${packet.host}:${packet.interfaceName}`,
    direction: packet.outgoing ? 'to' : 'from',
    sender: packet.sender ?? packet.mac,
    protocol: packet.protocol,
    source: end(packet.source, sourcePort),
    destination: end(packet.destination, destinationPort),
    ...(packet.flags === undefined ? {} : { flags: packet.flags }),
    ...(tunnel === undefined ? {} : { tunnel: `${tunnel} ${outerSource} > ${outerDestination}` }),
  };
}

/** Sums by port, direction, sender, protocol, endpoints and TCP flags, in the order of their first packets. */
export function sumTraffic(packets: readonly PortPacket[]): readonly TrafficSum[] {
  const sums = new Map<string, { key: Omit<TrafficSum, 'packets' | 'bytes'>; packets: number; bytes: number }>();
  for (const packet of packets) {
    const key = sumKey(packet);
    const text = JSON.stringify(key);
    const sum = sums.get(text) ?? { key, packets: 0, bytes: 0 };
    sum.packets += 1;
    sum.bytes += packet.bytes;
    sums.set(text, sum);
  }
  return [...sums.values()].map(({ key, packets: count, bytes }) => ({ ...key, packets: count, bytes }));
}
