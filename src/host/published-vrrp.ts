// What a daemon publishes of its instances of VRRP.
import type { Counters } from '../control/vrrp/state/counters.js';
import type { TimeClasses } from '../model/class-counts.js';
import type { DumpedInstance } from '../model/keepalived/dumped-instance.js';
import { Publication, type Published } from './publication.js';

export interface PublishedInstance {
  readonly name: string;
  readonly state: 'init' | 'backup' | 'master' | 'fault';
  /** When it entered that state, us since 1970; 0: it has been in it from the start. */
  readonly sinceUs: number;
  readonly interface: string;
  readonly vrid: number;
  /** Effective. */
  readonly priority: number;
  /** Why it is in FAULT. */
  readonly faults: readonly string[];
  /** It does not preempt before it has the connections of these peers, or until then, us since 1970; absent: it does not wait. */
  readonly connectionsWait?: { readonly peers: readonly string[]; readonly untilUs: number };
  /** It leaves its addresses to its peers. */
  readonly released?: boolean;
  /** Without those that are 0; absent: it is of a build that published none. */
  readonly counters?: Partial<Counters>;
  /** There are signs of two masters. */
  readonly split?: boolean;
}

/** A vrrp_script, and whether it runs now (`ending`: it took too long). */
export interface PublishedScript {
  readonly name: string;
  readonly good: boolean;
  readonly run: 'idle' | 'running' | 'ending';
}

export interface PublishedVrrp extends Published {
  readonly format: 1;
  readonly instances: readonly PublishedInstance[];
  /** Both absent: it is of a build that published none. */
  readonly scripts?: readonly PublishedScript[];
  /** How late the timer of the process came. */
  readonly lateness?: TimeClasses;
  /** The cookie of the network namespace of its director, where net_namespace_ipvs names one; empty: not known yet. Absent: it is that of the process. */
  readonly director?: string;
}

export const publishedVrrp = new Publication<PublishedVrrp>('vrrp', 1, 'instances');

export interface PublishedDump extends Published {
  readonly format: 1;
  readonly dumped: readonly DumpedInstance[];
}

/** What is written at a start and a reload alone. */
export const publishedDump = new Publication<PublishedDump>('vrrp-dump', 1, 'dumped');
