// Options of all kinds of sockets (man 7 socket).
import { hostIsLittleEndian as little, viewOf } from '../../wire/bytes.js';
import { native } from '../addon.js';
import type { Fd } from '../fd.js';

export const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_PRIORITY = 12;
const SO_BINDTODEVICE = 25;
const SO_DETACH_FILTER = 27;
const SO_MARK = 36;
const SO_ATTACH_BPF = 50;
const SOL_IPV6 = 41;
const IPV6_V6ONLY = 26;
/** linux/pkt_sched.h. The first band of pfifo_fast, and the highest priority that needs no CAP_NET_ADMIN. */
const TC_PRIO_INTERACTIVE = 6;

/** The value of an option. */
export function int32(value: number): Uint8Array {
  const out = new Uint8Array(4);
  viewOf(out).setInt32(0, value, little);
  return out;
}

/** Binds to an address and port that others have, too, where they allow it (SO_REUSEADDR). */
export function reuseAddress(fd: Fd): void {
  native().setsockopt(fd.number, SOL_SOCKET, SO_REUSEADDR, int32(1));
}

/** A socket of IPv6 leaves the port of IPv4 to others. */
export function ipv6Only(fd: Fd): void {
  native().setsockopt(fd.number, SOL_IPV6, IPV6_V6ONLY, int32(1));
}

/** The socket sends and receives by this interface alone. @throws SystemError ENODEV, EPERM */
export function bindToDevice(fd: Fd, device: string): void {
  native().setsockopt(fd.number, SOL_SOCKET, SO_BINDTODEVICE, new TextEncoder().encode(`${device}\0`));
}

/** The device sends what comes from this socket before ordinary traffic. */
export function sendBeforeOthers(fd: Fd): void {
  native().setsockopt(fd.number, SOL_SOCKET, SO_PRIORITY, int32(TC_PRIO_INTERACTIVE));
}

/** What the socket sends has this firewall mark. @throws SystemError EPERM */
export function markPackets(fd: Fd, mark: number): void {
  native().setsockopt(fd.number, SOL_SOCKET, SO_MARK, int32(mark | 0));
}

/** A socket-filter program drops packets before they are queued. @throws SystemError EPERM, EINVAL (another kind of program) */
export function attachFilter(fd: Fd, program: number): void {
  native().setsockopt(fd.number, SOL_SOCKET, SO_ATTACH_BPF, int32(program));
}

/** @throws SystemError ENOENT where no filter is attached */
export function detachFilter(fd: Fd): void {
  native().setsockopt(fd.number, SOL_SOCKET, SO_DETACH_FILTER, int32(0));
}
