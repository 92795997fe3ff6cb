// What the socket of VIP_CHECK receives: of all packets of an interface those few that can answer a probe.
import type { Family } from '../model/address.js';
import { IpProtocol } from '../model/ip-protocol.js';
import { assembleFilter, type FilterInstruction } from './classic-bpf.js';
import { IcmpType } from './icmp.js';
import { IPV6_HEADER_BYTES } from './ipv6.js';
import { TcpFlag } from './tcp.js';

/** A power of two: the ports (and identifiers of echoes) of probes differ in their last bits alone. */
export const PROBE_PORTS = 16;
/**
 * FTP's data come from this port. The datapath passes a SYN from it to the kernel, which drops one from its own address: such a probe starts
 * no connection where a server sends it back to the director.
 */
export const UNSCHEDULED_PORT = 20;

const ETHERNET_BYTES = 14;
const FRAGMENT_AT = ETHERNET_BYTES + 6;
const WHOLE = 0xffff;
const PORT_BITS = 0xffff & ~(PROBE_PORTS - 1);

interface Form {
  /** Of the IP header: where its protocol is, and its length where it has no options, as our own packets have none. */
  readonly protocolAt: number;
  readonly headerBytes: number;
  readonly icmp: number;
  readonly echoReply: number;
  readonly unreachable: number;
  readonly timeExceeded: number;
  /** X is the length of the IP header behind these, and packets that are no beginning of a segment drop out. */
  readonly start: readonly FilterInstruction[];
}

const FORMS: Readonly<Record<Family, Form>> = {
  inet: {
    protocolAt: 9,
    headerBytes: 20,
    icmp: IpProtocol.icmp,
    echoReply: IcmpType.echoReply,
    unreachable: IcmpType.unreachable,
    timeExceeded: IcmpType.timeExceeded,
    start: [
      { do: 'loadHalf', k: FRAGMENT_AT },
      { do: 'ifAny', k: 0x1fff, ifSo: 'no' },
      { do: 'headerLength', k: ETHERNET_BYTES },
    ],
  },
  // Without extension headers: no answer to a SYN, an echo or a solicitation has any.
  inet6: {
    protocolAt: 6,
    headerBytes: IPV6_HEADER_BYTES,
    icmp: IpProtocol.icmpv6,
    echoReply: 129,
    unreachable: 1,
    timeExceeded: 3,
    start: [{ do: 'setIndex', k: IPV6_HEADER_BYTES }],
  },
};
/** ICMPv6: it answers the question for a neighbour, which IPv4 asks by ARP. */
const NEIGHBOUR_ADVERTISEMENT = 136;

/** Goes on at `yes` for a number of ours at `at` behind the IP header, else falls through. */
const isOurs = (firstPort: number, at: number): readonly FilterInstruction[] => [
  { do: 'loadHalfAt', k: at },
  { do: 'ifEqual', k: UNSCHEDULED_PORT, ifSo: 'yes' },
  { do: 'and', k: PORT_BITS },
  { do: 'ifEqual', k: firstPort, ifSo: 'yes', ifNot: 'no' },
];

/** The filter for Ethernet frames with IP of this family. `firstPort`: a multiple of PROBE_PORTS. */
export function probeFilter(family: Family, firstPort: number): Uint8Array {
  const { protocolAt, headerBytes, icmp, echoReply, unreachable, timeExceeded, start } = FORMS[family];
  /** Behind the IP header of an ICMP error. */
  const quotedAt = ETHERNET_BYTES + 8;
  const advertised: readonly FilterInstruction[] = family === 'inet6' ? [{ do: 'ifEqual', k: NEIGHBOUR_ADVERTISEMENT, ifSo: 'yes' }] : [];
  return assembleFilter([
    ...start,
    { do: 'loadByte', k: ETHERNET_BYTES + protocolAt },
    { do: 'ifEqual', k: IpProtocol.tcp, ifSo: 'tcp' },
    { do: 'ifEqual', k: icmp, ifNot: 'no' },
    { do: 'loadByteAt', k: ETHERNET_BYTES },
    { do: 'ifEqual', k: echoReply, ifSo: 'echo' },
    { do: 'ifEqual', k: unreachable, ifSo: 'error' },
    ...advertised,
    { do: 'ifEqual', k: timeExceeded, ifNot: 'no' },
    { do: 'loadByteAt', k: quotedAt + protocolAt, label: 'error' },
    { do: 'ifEqual', k: icmp, ifSo: 'quoted echo' },
    { do: 'ifEqual', k: IpProtocol.tcp, ifNot: 'no' },
    ...isOurs(firstPort, quotedAt + headerBytes),
    { do: 'loadHalfAt', k: quotedAt + headerBytes + 4, label: 'quoted echo' },
    { do: 'and', k: PORT_BITS },
    { do: 'ifEqual', k: firstPort, ifSo: 'yes', ifNot: 'no' },
    { do: 'loadHalfAt', k: ETHERNET_BYTES + 4, label: 'echo' },
    { do: 'and', k: PORT_BITS },
    { do: 'ifEqual', k: firstPort, ifSo: 'yes', ifNot: 'no' },
    // Of connections only their begin and their resets: FTP's data come to port 20, too.
    { do: 'loadByteAt', k: ETHERNET_BYTES + 13, label: 'tcp' },
    { do: 'ifAny', k: TcpFlag.syn | TcpFlag.rst, ifNot: 'no' },
    // Our own SYN that a server sends back.
    { do: 'loadHalfAt', k: ETHERNET_BYTES },
    { do: 'ifEqual', k: UNSCHEDULED_PORT, ifSo: 'yes' },
    ...isOurs(firstPort, ETHERNET_BYTES + 2),
    { do: 'accept', k: WHOLE, label: 'yes' },
    { do: 'accept', k: 0, label: 'no' },
  ]);
}
