// What all connections of a proxy share.
import type { ClientLimits } from '../../model/layer7/layer7.js';
import type { ProxyEdge } from './edge.js';
import type { IdleClients } from './idle-clients.js';
import type { IdleConnections } from './idle-connections.js';
import type { Router } from './routing.js';
import type { StreamTable } from './stream.js';

export interface ProxyContext extends StreamTable {
  readonly edge: ProxyEdge;
  readonly router: Router;
  readonly limits: ClientLimits;
  readonly idle: IdleConnections;
  readonly idleClients: IdleClients;
  /** Answers end their connections, and no idle one is kept. */
  readonly isDraining: boolean;
  /** A request whose field Weir-Explain has this value gets the cause of the proxy's own answer; undefined: none does. */
  readonly explainToken: string | undefined;
}
