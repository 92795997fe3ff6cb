// What the proxy's machine works on: descriptors, one slab of bytes and a clock. The real one is a reactor; tests have one in memory.
import type { Address } from '../../model/address.js';
import type { PoolServer } from '../../model/layer7/pool.js';
import type { AccessRecord } from './access-record.js';

/** Events of a descriptor, as epoll has them. */
export const READABLE = 1;
export const WRITABLE = 4;
export const ERROR = 8;
export const HANG_UP = 16;
export const PEER_CLOSED = 0x2000;

/** What `recv` and `send` answer where there is nothing now. Any other negative number is the connection's end. */
export const AGAIN = -11;

/** What `connect` and `accept` answer where this host has no descriptor or memory: ENOMEM, ENFILE, EMFILE, ENOSPC of watches, ENOBUFS. */
export const EXHAUSTED: readonly number[] = [-12, -23, -24, -28, -105];

/** What `connect` answers where no local port is left for that server: EADDRNOTAVAIL. To another one there may be. */
export const NO_PORT = -99;

/** How the slab is divided, so that what is sent stands before and behind what was received. */
export const Slab = {
  /** Room for a head before received bytes. */
  receiveAt: 131_072,
  /** With what a connection kept from before. */
  receiveMaxBytes: 262_144,
  /** Heads that are sent without received bytes, and pieces that waited. */
  stageAt: 524_288,
  stageBytes: 262_144,
  bytes: 1_048_576,
} as const;

/** What one connection needs. */
export interface StreamEdge {
  /** `Slab.bytes` of them. */
  readonly slab: Uint8Array;
  /** Monotonic; of the batch of events that is handled. */
  readonly nowUs: number;
  /** Writes latin1; how many bytes. */
  write(text: string, at: number): number;
  recv(fd: number, offset: number, length: number): number;
  /** `endFollows`: the last segment may wait for the end of the stream, which comes next. */
  send(fd: number, offset: number, length: number, endFollows: boolean): number;
  /** `isNew`: nothing of it was watched so far. 0, or a negative error. */
  watch(fd: number, events: number, isNew: boolean): number;
  /** What was received is acknowledged before it is answered. */
  acknowledge(fd: number): void;
  shutdownWrite(fd: number): void;
  /** Its own address; undefined: it has none any more. */
  localAddress(fd: number): Address | undefined;
  /** `isCut`: what was to be sent is not whole, so that nothing of it need be waited for. */
  close(fd: number, isCut?: boolean): void;
}

export interface ProxyEdge extends StreamEdge {
  /** slab[from, to) as latin1. */
  text(from: number, to: number): string;
  /** A watched descriptor whose connection is under way, or a negative error. */
  connect(server: PoolServer): number;
  /** Undefined: no access log is written, and no record made. */
  readonly log: ((record: AccessRecord) => void) | undefined;
}
