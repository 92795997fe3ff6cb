// A history as data: nodes on Ethernet segments, and what happens to them when. It can be printed, cut down and run again.
import type { Address } from '../../model/address.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';

/** Interfaces of one name stand on one segment. */
export interface NodeSetup {
  readonly name: string;
  readonly configuration: KeepalivedConfiguration;
  readonly interfaces: readonly { readonly name: string; readonly addresses: readonly Address[] }[];
  /** What the node's monotonic clock shows when the history begins. */
  readonly clockUs: number;
}

/** How a segment treats packets. Chances 0..1; each packet is delayed by minUs..maxUs, so that packets overtake each other. */
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
   * The process gets no time until `resume`; what arrives waits, packets within the bounds of a socket's buffer. `deaf`: the whole
   * machine stands still, and no packet waits. `frozen`: its clocks stand still, too, as those of a virtual machine that is paused.
   */
  | {
      readonly kind: 'pause';
      readonly node: number;
      readonly timersFirst: boolean;
      readonly deaf: boolean;
      readonly frozen?: boolean;
    }
  /** kill -9: what it did to the host stays until it is started again. */
  | { readonly kind: 'kill'; readonly node: number }
  /** The machine is off: nothing stays. */
  | { readonly kind: 'crash'; readonly node: number }
  | { readonly kind: 'link'; readonly node: number; readonly interface: string; readonly up: boolean }
  | { readonly kind: 'interfaceGone'; readonly node: number; readonly interface: string }
  /** One direction between two nodes loses a share of its packets: 1: it is cut, 0: it is whole. */
  | { readonly kind: 'path'; readonly loss: number; readonly from: number; readonly to: number; readonly interface: string }
  | { readonly kind: 'weather'; readonly weather: Weather }
  /** `renamed`: instances that stay have other names, old to new. */
  | {
      readonly kind: 'reload';
      readonly node: number;
      readonly configuration: KeepalivedConfiguration;
      readonly what: string;
      readonly renamed?: ReadonlyMap<string, string>;
    }
  /** What a script exits with from now on. */
  | { readonly kind: 'script'; readonly node: number; readonly name: string; readonly status: number }
  | { readonly kind: 'file' | 'process'; readonly node: number; readonly name: string; readonly value: number }
  /** Somebody deletes a macvlan; what it stands on stays. */
  | { readonly kind: 'virtualGone'; readonly node: number; readonly interface: string }
  /** A static object of a track group cannot be put back, or is there again. */
  | { readonly kind: 'static'; readonly node: number; readonly group: string; readonly missing: boolean }
  | { readonly kind: 'bfd'; readonly node: number; readonly name: string; readonly up: boolean }
  /** The addresses of an interface become others, in the kernel's order. */
  | { readonly kind: 'readdress'; readonly node: number; readonly interface: string; readonly addresses: readonly Address[] }
  /** Reports that must change nobody's mind: another host answers for an address, a peer speaks over a second link, counters. */
  | {
      readonly kind: 'rumour';
      readonly node: number;
      readonly instance: string;
      readonly about: 'conflict' | 'heartbeat' | 'filtered' | 'cleared';
    }
  /** Somebody takes an address of a master away. Nothing happens where there is none. */
  | { readonly kind: 'takeAddress'; readonly node: number; readonly instance: string }
  | { readonly kind: 'forgedPacket'; readonly node: number; readonly interface: string; readonly seed: number }
  /** The wall clock is set wrong, so many seconds from the true time; 0: it is right again. */
  | { readonly kind: 'wallClock'; readonly node: number; readonly offS: number };

export interface HistoryEvent {
  readonly atUs: number;
  readonly what: Disturbance;
  /** Events of one number belong together (a cut and its end): shrinking drops all or none. */
  readonly episode: number;
}

export interface History {
  readonly seed: number;
  readonly nodes: readonly NodeSetup[];
  readonly events: readonly HistoryEvent[];
  /** From here on nothing is disturbed: segments are calm and whole, links up, nobody paused. */
  readonly calmFromUs: number;
  readonly endUs: number;
  /** How much later than promised a process is woken at most: a busy host. */
  readonly lateUs: number;
}
