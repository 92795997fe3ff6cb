// What a daemon publishes of its instances of VRRP.
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
}

export interface PublishedVrrp extends Published {
  readonly format: 1;
  readonly instances: readonly PublishedInstance[];
}

export const publishedVrrp = new Publication<PublishedVrrp>('vrrp', 1, 'instances');
