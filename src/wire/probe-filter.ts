// What the socket of VIP_CHECK receives: of all packets of an interface those few that can answer a probe.
import { IpProtocol } from '../model/ip-protocol.js';
import { assembleFilter, type FilterInstruction } from './classic-bpf.js';
import { IcmpType } from './icmp.js';
import { TcpFlag } from './tcp.js';

/** A power of two: the ports (and identifiers of echoes) of probes differ in their last bits alone. */
export const PROBE_PORTS = 16;
/**
 * FTP's data come from this port. The datapath passes a SYN from it to the kernel, which drops one from its own address: such a probe starts
 * no connection where a server sends it back to the director.
 */
export const UNSCHEDULED_PORT = 20;

const ETHERNET_BYTES = 14;
const [PROTOCOL_AT, FRAGMENT_AT] = [ETHERNET_BYTES + 9, ETHERNET_BYTES + 6];
/** Of the packet that an ICMP error quotes, behind the IPv4 header of the error: it is ours, and so without options. */
const QUOTED_AT = ETHERNET_BYTES + 8;
const WHOLE = 0xffff;

const PORT_BITS = 0xffff & ~(PROBE_PORTS - 1);

/** Goes on at `yes` for a number of ours at `at` behind the IPv4 header, else falls through. */
const isOurs = (firstPort: number, at: number): readonly FilterInstruction[] => [
  { do: 'loadHalfAt', k: at },
  { do: 'ifEqual', k: UNSCHEDULED_PORT, ifSo: 'yes' },
  { do: 'and', k: PORT_BITS },
  { do: 'ifEqual', k: firstPort, ifSo: 'yes', ifNot: 'no' },
];

/** For Ethernet frames with IPv4. `firstPort`: a multiple of PROBE_PORTS. */
export function probeFilter(firstPort: number): Uint8Array {
  return assembleFilter([
    { do: 'loadHalf', k: FRAGMENT_AT },
    { do: 'ifAny', k: 0x1fff, ifSo: 'no' },
    { do: 'headerLength', k: ETHERNET_BYTES },
    { do: 'loadByte', k: PROTOCOL_AT },
    { do: 'ifEqual', k: IpProtocol.tcp, ifSo: 'tcp' },
    { do: 'ifEqual', k: IpProtocol.icmp, ifNot: 'no' },
    { do: 'loadByteAt', k: ETHERNET_BYTES },
    { do: 'ifEqual', k: IcmpType.echoReply, ifSo: 'echo' },
    { do: 'ifEqual', k: IcmpType.unreachable, ifSo: 'error' },
    { do: 'ifEqual', k: IcmpType.timeExceeded, ifNot: 'no' },
    { do: 'loadByteAt', k: QUOTED_AT + 9, label: 'error' },
    { do: 'ifEqual', k: IpProtocol.icmp, ifSo: 'quoted echo' },
    { do: 'ifEqual', k: IpProtocol.tcp, ifNot: 'no' },
    ...isOurs(firstPort, QUOTED_AT + 20),
    { do: 'loadHalfAt', k: QUOTED_AT + 24, label: 'quoted echo' },
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
