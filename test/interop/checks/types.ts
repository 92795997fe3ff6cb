// A case of the comparison as data: one configuration, and what happens to its servers. Each daemon has its own namespace, in which the
// same script runs: a step waits for what this daemon logs, or for its attempts, and then changes something.
import type { NeighbourDoes } from './neighbour.js';
import type { Behaviour, Place } from './servers.js';

export interface Step {
  /** Waits for a log line with this text that comes after the one that the step before waited for. */
  readonly until?: string;
  /** Waits for so many such lines. */
  readonly times?: number;
  /** Waits for so many attempts since the step before. */
  readonly attempts?: readonly [place: string, count: number];
  /** Waits for so many notes of scripts, FIFO lines or mails with this text, counted from the start. */
  readonly noted?: readonly [text: string, count: number];
  /** Then: what servers do from now on. */
  readonly serve?: Readonly<Partial<Record<Place, Behaviour>>>;
  /** Then: files of the case's folder, written before the reload. */
  readonly files?: Readonly<Record<string, string>>;
  /** Then: another configuration. */
  readonly reload?: string;
  /** Then: `addr add 10.99.0.100/32 dev lo` */
  readonly ip?: string;
  /** Then: what the other end of the BFD session does. */
  readonly neighbour?: NeighbourDoes;
  /** Then: `net.ipv4.icmp_echo_ignore_all=1` */
  readonly sysctl?: string;
}

export interface CheckCase {
  /** Letters, digits and dashes. */
  readonly name: string;
  readonly what: string;
  /**
   * `@` stands for the case's folder, in which there are `note` (a script that writes its arguments into the notes), `reader` (a script that
   * writes what comes out of a FIFO into them) and `exit` (a script that ends with the number that the file of its argument holds).
   */
  readonly config: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly serve?: Readonly<Partial<Record<Place, Behaviour>>>;
  /** What the other end of the BFD session does from the start on. */
  readonly neighbour?: NeighbourDoes;
  readonly steps: readonly Step[];
  /** More options of the command line. */
  readonly options?: readonly string[];
  /** Several servers change at the same time: what is about different ones may come in another order. */
  readonly racing?: true;
  /** Places whose attempts do not compare one by one, and why. */
  readonly uncounted?: Readonly<Record<string, string>>;
  /** Differences that docs/keepalived.md has: lines of one side that the other has not. */
  readonly only?: { readonly debian?: readonly RegExp[]; readonly weir?: readonly RegExp[] };
}
