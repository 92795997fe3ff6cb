// Looks whether lvs_sync_daemon is needed beside weir's own stream: at what keepalived.conf names, and at what the process of the stream writes.
import { isDeepStrictEqual } from 'node:util';
import { initialPlane, nextPlane, type PlaneState, SESSION_SECONDS, withPeersOf } from '../../control/sync/kernel-plane.js';
import { readStreamStatus } from '../../host/sync/stream-file.js';
import type { Address } from '../../model/address.js';
import { formatAddress, parseAddress } from '../../model/address-text.js';
import type { GlobalSettings } from '../../model/keepalived/global.js';
import type { Log } from '../../model/log-level.js';
import { inTouch, peerAddresses } from '../../model/stream-node.js';
import type { DaemonSpec } from '../../model/sync-daemon.js';
import { monotonicUs } from '../../sys/clock.js';
import { readOrLog } from '../read-or-log.js';
import { directorCookie } from './director-namespace.js';

const LOOK_MS = 1000;
const US_PER_S = 1_000_000;

export interface KernelPlaneOptions {
  /** Of the director; absent: the process's own. */
  readonly namespace?: string | undefined;
  readonly log: Log;
  /** Absent: this process keeps no daemon. */
  readonly configured: () => GlobalSettings | undefined;
  /** What is needed has changed. */
  readonly changed: () => void;
}

export class KernelPlane {
  readonly #timer: NodeJS.Timeout;
  readonly #guarded;
  #state: PlaneState = initialPlane;
  /** The stream's, as long as they count when its process ends: it may be started again. */
  #peers: readonly Address[] = [];
  #knownAt = Number.NEGATIVE_INFINITY;

  constructor(readonly options: KernelPlaneOptions) {
    this.#guarded = readOrLog('synchronisation: which peers have a session is not known', options.log);
    this.#timer = setInterval(() => this.look(), LOOK_MS).unref();
  }

  /** Of what lvs_sync_daemon asks for: what runs. */
  needed(wanted: readonly DaemonSpec[]): readonly DaemonSpec[] {
    return this.#state.isNeeded ? wanted.map((spec) => withPeersOf(this.#peers, spec)) : [];
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Also after each change of the configuration. Needed where it cannot be found out: a peer may have nothing else. */
  look(): void {
    const global = this.options.configured();
    const [before, peersBefore] = [this.#state, this.#peers];
    this.#state = global?.lvsSyncDaemon === undefined ? initialPlane : this.#guarded(() => this.#next(global), initialPlane);
    const isSame = this.#state.isNeeded === before.isNeeded;
    if (global !== undefined && !isSame) this.#logVerdict();
    if (!isSame || !isDeepStrictEqual(this.#peers, peersBefore)) this.options.changed();
  }

  #logVerdict(): void {
    const { isNeeded, without } = this.#state;
    const why = isNeeded ? `no session of the stream with ${without.join(', ')}` : 'all peers have a session of the stream';
    if (isNeeded && without.length === 0) return; // there is no stream
    this.options.log('info', `synchronisation: the kernel’s protocol is ${isNeeded ? '' : 'not '}needed: ${why}`);
  }

  #next({ lvsSyncStream, lvsSyncDaemon }: GlobalSettings): PlaneState {
    const nowSeconds = Math.floor(monotonicUs() / US_PER_S);
    const status = readStreamStatus(directorCookie(this.options.namespace));
    const configured = (lvsSyncStream?.peers ?? []).map(({ address }) => address);
    const named = new Set([...configured, ...(status === undefined ? [] : peerAddresses(status))].map(formatAddress));
    if (named.size > 0) this.#knownAt = nowSeconds;
    if (named.size > 0 || nowSeconds - this.#knownAt >= SESSION_SECONDS)
      this.#peers = [...named].sort().flatMap((text) => parseAddress(text) ?? []);
    // Without a stream there is nothing to look for, whoever is named for the kernel's protocol.
    const nodes = this.#peers.length === 0 ? [] : [...this.#peers, ...(lvsSyncDaemon?.peers ?? [])];
    const inSession = status === undefined ? [] : inTouch(status);
    return nextPlane(this.#state, {
      nowSeconds,
      nodes: [...new Set(nodes.map(formatAddress))],
      inSession: new Set(inSession.map(formatAddress)),
    });
  }
}
