// Reports to servers of TCP behind local addresses who their clients are, as the datapath does (bpf/director/client-address.h).

import { IpProtocol } from '../../../model/ip-protocol.js';
import type { ClientAddress } from '../../../model/service.js';
import { encodeAddress } from '../../../wire/address-bytes.js';
import { concat, viewOf } from '../../../wire/bytes.js';
import type { Arrival } from './arrival.js';
import { ETHERNET_BYTES } from './ethernet.js';
import { addressOf } from './ip.js';
import type { Packet } from './packet.js';
import { parseFrame } from './parse.js';
import type { Reason } from './reason.js';
import {
  ACK_AT,
  changeOption,
  changeSum,
  cut,
  grown,
  type Numbers,
  numberBack,
  numberForth,
  OPTION_MSS,
  OPTION_SACK,
  removeOption,
  SEQ_AT,
  segmentHeader,
  shiftSack,
  storeNumber,
  TCP_BYTES,
  WORDS_AT,
} from './tcp-numbers.js';

/** What is known of the report of one connection's client. `first`: the number of its client's first byte, by the server's SYN and ACK. */
export interface ClientReport {
  how: ClientAddress | undefined;
  state: 'new' | 'sent' | 'passed' | 'known';
  first: number;
}

export const noReport = (): ClientReport => ({ how: undefined, state: 'new', first: 0 });

const [FIN, SYN, RST, PSH, ACK, URG] = [0x01, 0x02, 0x04, 0x08, 0x10, 0x20] as const;
const [TOA_KIND, TCP_HEADER_MAX] = [254, 60] as const;
const PROXY_SIGNATURE = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a] as const;
const VERSION_COMMAND = 0x21;
const FRONT_BYTES = PROXY_SIGNATURE.length + 4;
const NOTHING = new Uint8Array();

const port = (number: number): Uint8Array => Uint8Array.of(number >> 8, number & 0xff);
const l4Of = ({ header }: Packet): number => ETHERNET_BYTES + header;
const address = (ip: Packet['source']): Uint8Array => encodeAddress(addressOf(ip));

/** `transport`: TCP over this family. Both addresses and ports follow the front. */
const PROXY = {
  inet: { transport: 0x11, behind: 2 * 4 + 4 },
  inet6: { transport: 0x21, behind: 2 * 16 + 4 },
} as const;

const toaBytes = ({ family }: Packet): number => (family === 'inet' ? 8 : 20);

/** What an error about a client's packet is to leave free of the MTU that it names. */
export const roomFor = (packet: Packet, report: ClientReport | undefined): number => (report?.how === 'toa' ? toaBytes(packet) : 0);
const proxyBytes = ({ family }: Packet): number => FRONT_BYTES + PROXY[family].behind;

function proxyHeader({ family, source, sourcePort, destination, destinationPort }: Packet): Uint8Array {
  const { transport, behind } = PROXY[family];
  const front = Uint8Array.of(...PROXY_SIGNATURE, VERSION_COMMAND, transport, 0, behind);
  return concat(front, address(source), address(destination), port(sourcePort), port(destinationPort));
}

const toaOption = (packet: Packet): Uint8Array =>
  concat(Uint8Array.of(TOA_KIND, toaBytes(packet)), port(packet.sourcePort), address(packet.source));

const numbersOf = ({ first, state }: ClientReport, delta: number): Numbers => ({
  initSeq: first,
  delta,
  previousDelta: state === 'known' ? delta : 0,
});

/** The arrival with another frame. */
function changed(arrival: Arrival, frame: Uint8Array, gsoSize = arrival.gsoSize): Arrival {
  const { packet } = parseFrame(frame, gsoSize);
  return { ...arrival, frame, packet: packet ?? arrival.packet, gsoSize };
}

/** Stores more words of a longer header, and flags without `off`. */
function storeWords(frame: Uint8Array, l4: number, more: number, off: number): void {
  const view = viewOf(frame);
  const was = view.getUint16(l4 + WORDS_AT);
  const is = (was + (more << 12)) & ~off;
  changeSum(view, l4, was, is);
  view.setUint16(l4 + WORDS_AT, is);
}

const hasRoom = ({ packet, gsoSize }: Arrival, bytes: number, mtu: number): boolean =>
  gsoSize === 0 && !packet.fragment && (mtu === 0 || packet.length + bytes <= mtu);

/** What the client itself has put in the place of TOA is taken out. */
function withoutToa(arrival: Arrival): Arrival {
  const frame = arrival.frame.slice();
  removeOption(viewOf(frame), l4Of(arrival.packet), TOA_KIND);
  return { ...arrival, frame };
}

/** TOA, where it finds room; before all other options, since a reader stops at the option that ends them. */
function withToa(arrival: Arrival, mtu: number): Arrival {
  const { packet } = arrival;
  const l4 = l4Of(packet);
  const { frame } = withoutToa(arrival);
  const bytes = toaBytes(packet);
  const isFull = segmentHeader(viewOf(frame), l4) + bytes > TCP_HEADER_MAX;
  if (!hasRoom(arrival, bytes, mtu) || isFull) return { ...arrival, frame };
  const next = grown(frame, packet, l4 + TCP_BYTES, toaOption(packet));
  storeWords(next, l4, bytes / 4, 0);
  return changed(arrival, next);
}

/** A first fragment has no room for the PROXY header, before or in the place of its bytes: what follows it would not be moved. */
export function lacksHeader({ protocol, flags }: Packet, report: ClientReport, how: ClientAddress | undefined): boolean {
  if (protocol !== IpProtocol.tcp) return false;
  return (flags & SYN) === 0 ? report.how === 'proxy' && report.state !== 'known' : how === 'proxy';
}

/** The header before the segment's data; where it does not fit, in their place. */
function withHeader(arrival: Arrival, fits: boolean): Arrival {
  const { frame, packet } = arrival;
  const l4 = l4Of(packet);
  const at = l4 + segmentHeader(viewOf(frame), l4);
  if (fits) return changed(arrival, grown(frame, packet, at, proxyHeader(packet)));
  const next = cut(frame, packet, at, proxyHeader(packet));
  storeWords(next, l4, 0, FIN | PSH | URG);
  return changed(arrival, next, 0);
}

/** Would a segment's bytes stand where the header belongs? A server would take them for one. */
function isOverlaid({ frame, packet }: Arrival, { first }: ClientReport): boolean {
  const [view, l4] = [viewOf(frame), l4Of(packet)];
  const seq = view.getUint32(l4 + SEQ_AT);
  const end = seq + ETHERNET_BYTES + packet.length - l4 - segmentHeader(view, l4) + ((packet.flags & FIN) === 0 ? 0 : 1);
  const beginsThere = seq === first && (packet.flags & ACK) !== 0;
  return ((seq - first) | 0) <= 0 && ((end - first) | 0) > 0 && !beginsThere && (packet.flags & RST) === 0;
}

/** Undefined: dropped. */
function proxied(arrival: Arrival, report: ClientReport, mtu: number): Arrival | undefined {
  const { packet } = arrival;
  const { flags } = packet;
  const frame = arrival.frame.slice();
  const [view, l4] = [viewOf(frame), l4Of(packet)];
  const seq = view.getUint32(l4 + SEQ_AT);
  if (report.state !== 'known' && isOverlaid(arrival, report)) return undefined;
  const bytes = proxyBytes(packet);
  let numbers = numbersOf(report, bytes);
  if (report.state !== 'known' && seq === report.first) {
    const all = { ...numbers, previousDelta: bytes };
    const isReset = (flags & RST) !== 0;
    if (isReset && report.state !== 'new') numbers = all;
    if (!isReset && (flags & ACK) !== 0) {
      const fits = hasRoom(arrival, bytes, mtu) && (flags & URG) === 0;
      const passes = !fits && report.state === 'sent';
      if (!(fits && report.state === 'passed')) report.state = passes ? 'passed' : 'sent';
      if (!passes) return withHeader(arrival, fits);
      numbers = all;
    }
  }
  const is = numberForth(numbers, seq);
  if (is !== seq) storeNumber(view, l4, SEQ_AT, is);
  return changed(arrival, frame);
}

/**
 * A client's segment to its server, before its addresses change; undefined: it is dropped. `mtu`: towards the server; 0: unknown. `count`: of what is
 * left out.
 */
export function reportClient(
  arrival: Arrival,
  report: ClientReport,
  how: ClientAddress | undefined,
  mtu: number,
  count: (reason: Reason) => void,
): Arrival | undefined {
  const { packet, frame } = arrival;
  if (packet.protocol !== IpProtocol.tcp) return arrival;
  const l4 = l4Of(packet);
  const dataAt = l4 + segmentHeader(viewOf(frame), l4);
  if ((packet.flags & SYN) !== 0) {
    const hasData = ETHERNET_BYTES + packet.length > dataAt;
    if (how === 'toa') return hasData ? withToa(arrival, mtu) : withoutToa(arrival);
    if (how === undefined || !hasData) return arrival;
    count('syn_data');
    return changed(arrival, cut(frame, packet, dataAt, NOTHING), 0);
  }
  if (report.how === 'proxy') return proxied(arrival, report, mtu);
  return report.how === 'toa' && (packet.flags & RST) === 0 ? withToa(arrival, mtu) : arrival;
}

/** A server's SYN and ACK: a connection begins, unless it is the same once more, whose server does not know its client yet. */
function begun(view: DataView, packet: Packet, report: ClientReport, how: ClientAddress | undefined): void {
  const l4 = l4Of(packet);
  const ack = view.getUint32(l4 + ACK_AT);
  if (report.first !== ack || report.how === undefined || report.state === 'known')
    Object.assign(report, { how, state: 'new', first: ack });
  if (how !== 'toa') return;
  changeOption(view, l4, OPTION_MSS, (at, length) => {
    const mss = view.getUint16(at + 2);
    if (length === 4 && mss > toaBytes(packet)) view.setUint16(at + 2, mss - toaBytes(packet));
  });
}

function acknowledged(view: DataView, packet: Packet, report: ClientReport): void {
  const [l4, bytes] = [l4Of(packet), proxyBytes(packet)];
  const ack = view.getUint32(l4 + ACK_AT);
  const behind = (ack - report.first) | 0;
  if (behind >= bytes) report.state = 'known';
  if (report.state !== 'known') {
    if (behind > 0) storeNumber(view, l4, ACK_AT, report.first);
    removeOption(view, l4, OPTION_SACK);
    return;
  }
  storeNumber(view, l4, ACK_AT, numberBack(numbersOf(report, bytes), ack));
  shiftSack(view, l4, numbersOf(report, bytes));
}

/** A server's segment to a client behind a local address. */
export function answerReported(arrival: Arrival, report: ClientReport, how: ClientAddress | undefined): Arrival {
  const { packet } = arrival;
  const { flags } = packet;
  if (packet.protocol !== IpProtocol.tcp || (report.how === undefined && (how === undefined || (flags & SYN) === 0))) return arrival;
  const frame = arrival.frame.slice();
  const [view, l4] = [viewOf(frame), l4Of(packet)];
  if ((flags & SYN) !== 0) {
    if ((flags & ACK) !== 0) begun(view, packet, report, how);
  } else if (report.how === 'proxy') {
    const refusesSyn = (flags & RST) !== 0 && view.getUint32(l4 + SEQ_AT) === 0;
    if ((flags & ACK) !== 0 && !refusesSyn) acknowledged(view, packet, report);
  } else if ((flags & FIN) !== 0 || ETHERNET_BYTES + packet.length > l4 + segmentHeader(view, l4)) report.how = undefined;
  return { ...arrival, frame };
}
