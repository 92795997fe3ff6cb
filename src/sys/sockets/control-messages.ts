// What the kernel writes beside a received packet (man 3 cmsg): a list of struct cmsghdr, each padded to 8 bytes.
//
//   length (8)  level (4)  type (4)  then struct in_pktinfo {ifindex, local address, destination}, struct in6_pktinfo {destination,
//   ifindex} or an int
import type { Address } from '../../model/address.js';
import { decodeAddress } from '../../wire/address-bytes.js';
import { hostIsLittleEndian as little, viewOf } from '../../wire/bytes.js';

const HEAD_BYTES = 16;
const SOL_IP = 0;
const SOL_IPV6 = 41;
const IP_TTL = 2;
const IP_PKTINFO = 8;
const IPV6_PKTINFO = 50;
const IPV6_HOPLIMIT = 52;

/** Only what the socket asked for; 0 and absent: unknown. */
export interface ControlFacts {
  readonly ttl: number;
  readonly ifindex: number;
  readonly destination?: Address;
}

type Found = { -readonly [name in keyof ControlFacts]: ControlFacts[name] };

/** What the control messages of one recvmsg have; what was not asked for is 0 or absent. */
export function readControl(control: Uint8Array): ControlFacts {
  const view = viewOf(control);
  const found: Found = { ttl: 0, ifindex: 0 };
  for (let at = 0; at + HEAD_BYTES <= control.length; ) {
    const length = Number(view.getBigUint64(at, little));
    if (length < HEAD_BYTES || at + length > control.length) break;
    readMessage(found, view.getInt32(at + 8, little), view.getInt32(at + 12, little), control.subarray(at + HEAD_BYTES, at + length));
    at += (length + 7) & ~7;
  }
  return found;
}

function readMessage(found: Found, level: number, type: number, data: Uint8Array): void {
  const number = (at: number): number => viewOf(data).getInt32(at, little);
  const takeDestination = (from: number, to: number): void => {
    const destination = decodeAddress(data.slice(from, to));
    if (destination !== undefined) found.destination = destination;
  };
  if ((level === SOL_IP && type === IP_TTL) || (level === SOL_IPV6 && type === IPV6_HOPLIMIT)) found.ttl = number(0);
  if (level === SOL_IP && type === IP_PKTINFO) {
    found.ifindex = number(0);
    takeDestination(8, 12);
  }
  if (level === SOL_IPV6 && type === IPV6_PKTINFO) {
    takeDestination(0, 16);
    found.ifindex = number(16);
  }
}
