// One entry of the kernel's connection synchronisation: a connection, or a template of persistence, as one director reports it to others.
import type { Family } from '../../model/address.js';
import { IpProtocol } from '../../model/ip-protocol.js';
import type { DestinationKey } from '../../model/service.js';

/** 0: IPv4 alone, without timeouts and marks. 1: both families, with options. */
export type SyncVersion = 0 | 1;

/** Bits of an entry's flags. */
export const SyncFlag = {
  /** Three bits: a number of SYNC_METHODS. */
  method: 0x7,
  /** The entry came by synchronisation itself. */
  synced: 0x20,
  hashed: 0x40,
  /** No packet of the server was seen; always with direct routing and tunnels. */
  noOutput: 0x80,
  inactive: 0x100,
  /** Sequence numbers of the server's or the client's side are shifted: SyncSequence has by how much. */
  outSequence: 0x200,
  inSequence: 0x400,
  /** The client's port is not known yet. */
  noClientPort: 0x800,
  template: 0x1000,
  onePacket: 0x2000,
  /** Netfilter's connection tracking knows it. */
  conntrack: 0x10000,
} as const;

export const SEQUENCE_FLAGS = SyncFlag.outSequence | SyncFlag.inSequence;

/** How packets go on, in the order of their numbers. */
export const SYNC_METHODS = ['masq', 'local', 'tunnel', 'route', 'bypass'] as const;

/** How sequence numbers of one side are shifted: by `previousDelta` before `initial`, by `delta` from there on. */
export interface SequenceShift {
  readonly initial: number;
  readonly delta: number;
  readonly previousDelta: number;
}

export interface SyncSequence {
  readonly in: SequenceShift;
  readonly out: SequenceShift;
}

/** What a persistence engine knows of a template. */
export interface SyncEngine {
  readonly name: string;
  readonly data: Uint8Array;
}

export interface SyncEntry {
  readonly family: Family;
  /** IP's number; 0: a template of a firewall mark, which is then the virtual address, too. */
  readonly protocol: number;
  /** As on the wire: 32 bits, in version 0 16 of them. */
  readonly flags: number;
  /** The kernel's number; of a template 1: a connection of it was established. */
  readonly state: number;
  readonly client: DestinationKey;
  readonly virtual: DestinationKey;
  readonly destination: DestinationKey;
  /** Of the packet that began the connection, or of the service. */
  readonly mark: number;
  /** Seconds until it ends without a packet: by the kernel all of its state's, since it has just had one. 0: all that the receiver's own state has. */
  readonly timeout: number;
  readonly sequence?: SyncSequence;
  readonly engine?: SyncEngine;
}

export const isTemplate = ({ flags }: Pick<SyncEntry, 'flags'>): boolean => (flags & SyncFlag.template) !== 0;

/** A template's states. */
export const TEMPLATE_STATES = 2;

/** How many states a connection of this protocol can have; 0: connections of it are not balanced. */
export function connectionStates(protocol: number): number {
  switch (protocol) {
    case IpProtocol.tcp:
      return 11;
    case IpProtocol.sctp:
      return 14;
    case IpProtocol.udp:
    case IpProtocol.esp:
    case IpProtocol.ah:
      return 1;
    default:
      return 0;
  }
}

/** Sizes and limits of both versions' entries, which the decoder and the packer share. */
export const SyncLayout = {
  /** Bytes of a message's header, by version. */
  headers: [4, 8],
  /** Bytes of an entry of version 0, and of its sequence numbers, in either version. */
  plainEntry: 24,
  sequence: 24,
  /** Bytes of an entry of version 1 without options. */
  entry: { inet: 36, inet6: 72 },
  engineNameMax: 16,
  engineDataMax: 255,
  entriesMax: 255,
} as const;

/** Options of version 1. */
export const SyncOption = { sequence: 1, engineData: 2, engineName: 3, mayBeIgnored: 0x40 } as const;
