// A history as data: nodes on Ethernet segments, and what happens to them when. It can be printed, shrunk and run again.
import type { Address } from '../../model/address.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { CommonHistory } from '../history.js';

/** Interfaces of one name are on one segment. */
export interface NodeSetup {
  readonly name: string;
  readonly configuration: KeepalivedConfiguration;
  readonly interfaces: readonly { readonly name: string; readonly addresses: readonly Address[] }[];
  /** The node's monotonic clock at the beginning of the history. */
  readonly clockUs: number;
}

/** How a segment treats packets. Probabilities 0..1; each packet is delayed by minUs..maxUs, so that packets may be reordered. */
export interface Weather {
  readonly loss: number;
  readonly duplicate: number;
  readonly minUs: number;
  readonly maxUs: number;
}

export const CALM: Weather = { loss: 0, duplicate: 0, minUs: 50, maxUs: 300 };

/** What happens to a node or the network; `node` and the like are indices into the history's nodes. */
export type Disturbance =
  | { readonly kind: 'start' | 'stop' | 'resume'; readonly node: number }
  /**
   * The process does not run until `resume`. Input waits for it, packets as far as a socket's buffer holds them. `dropsPackets`: the
   * whole host is suspended, and packets are lost. `frozen`: its clocks stop, too, as those of a paused virtual machine.
   */
  | {
      readonly kind: 'pause';
      readonly node: number;
      readonly timersFirst: boolean;
      readonly dropsPackets: boolean;
      readonly frozen?: boolean;
    }
  /** kill -9: its host resources stay until it is started again. */
  | { readonly kind: 'kill'; readonly node: number }
  /** The host loses power: its resources are gone. */
  | { readonly kind: 'crash'; readonly node: number }
  | { readonly kind: 'link'; readonly node: number; readonly interface: string; readonly up: boolean }
  | { readonly kind: 'interfaceGone'; readonly node: number; readonly interface: string }
  /** One direction between two nodes loses a share of its packets, from 0 (none) to 1 (all). */
  | { readonly kind: 'path'; readonly loss: number; readonly from: number; readonly to: number; readonly interface: string }
  | { readonly kind: 'weather'; readonly weather: Weather }
  /** `renamed`: old to new names of instances that stay. */
  | {
      readonly kind: 'reload';
      readonly node: number;
      readonly configuration: KeepalivedConfiguration;
      readonly what: string;
      readonly renamed?: ReadonlyMap<string, string>;
    }
  /** A script's exit status from now on. */
  | { readonly kind: 'script'; readonly node: number; readonly name: string; readonly status: number }
  | { readonly kind: 'file' | 'process'; readonly node: number; readonly name: string; readonly value: number }
  /** Another program deletes a macvlan; its base interface stays. */
  | { readonly kind: 'virtualGone'; readonly node: number; readonly interface: string }
  /** A static object of a track group is missing, or is there again. */
  | { readonly kind: 'static'; readonly node: number; readonly group: string; readonly missing: boolean }
  | { readonly kind: 'bfd'; readonly node: number; readonly name: string; readonly up: boolean }
  /** Connections of a peer are not in this node's tables, or all are. */
  | { readonly kind: 'connections'; readonly node: number; readonly missing: boolean }
  /** The new addresses of an interface, in the kernel's order. */
  | { readonly kind: 'readdress'; readonly node: number; readonly interface: string; readonly addresses: readonly Address[] }
  /** Reports that must change no state: another host answers for an address, a heartbeat, counters. */
  | {
      readonly kind: 'harmlessReport';
      readonly node: number;
      readonly instance: string;
      readonly about: 'conflict' | 'heartbeat' | 'filtered' | 'cleared';
    }
  /** Another program removes an address of a master. Nothing happens if there is none. */
  | { readonly kind: 'takeAddress'; readonly node: number; readonly instance: string }
  | { readonly kind: 'forgedPacket'; readonly node: number; readonly interface: string; readonly seed: number }
  /** The wall clock is set wrong by so many seconds; 0: it is right again. */
  | { readonly kind: 'wallClock'; readonly node: number; readonly offS: number };

/** When it is calm, nothing is lost, all interfaces are up, and no process is paused. */
export interface History extends CommonHistory<Disturbance> {
  readonly nodes: readonly NodeSetup[];
}
