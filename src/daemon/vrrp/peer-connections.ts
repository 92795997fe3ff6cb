// Which peers of weir's own stream have connections that are not in the director's tables yet: looked for in what the process of the stream writes.
import { readStreamStatus } from '../../host/sync/stream-file.js';
import { endpointText } from '../../model/endpoint-text.js';
import type { Log } from '../../model/log-level.js';
import { type ConfiguredStream, peersMissing } from '../../model/stream-node.js';
import { LOOK_MS, readOrLog } from '../read-or-log.js';
import { directorCookie } from '../sync/director-namespace.js';

export interface PeerConnectionsOptions {
  /** Of net_namespace_ipvs; absent: the process's own. */
  readonly namespace: string | undefined;
  /** lvs_sync_stream: before its process runs, and while it does not, everything is missing. */
  readonly configured: () => ConfiguredStream | undefined;
  readonly log: Log;
  /** By address, with the reason; none: nothing is missing, or no such process runs. */
  readonly changed: (missing: readonly string[]) => void;
}

export class PeerConnections {
  readonly #timer: NodeJS.Timeout;
  #reported = '';
  readonly #guarded;
  #runs = false;

  constructor(readonly options: PeerConnectionsOptions) {
    this.#guarded = readOrLog('synchronisation: what peers have is not known', options.log);
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
    this.#look();
  }

  /** A process of a stream runs, whoever has started it. */
  get runs(): boolean {
    return this.#runs;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const missing = this.#missing();
    const text = missing.join(' ');
    if (text === this.#reported) return;
    this.#reported = text;
    this.options.changed(missing);
  }

  /** What cannot be read: nothing is missing then. */
  #missing(): readonly string[] {
    return this.#guarded(() => {
      const status = readStreamStatus(directorCookie(this.options.namespace));
      this.#runs = status !== undefined;
      if (status !== undefined) return peersMissing(status);
      return (this.options.configured()?.peers ?? []).map((peer) => `${endpointText(peer)} (the stream does not run here)`);
    }, []);
  }
}
