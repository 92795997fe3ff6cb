// The health checks of a pool: those of keepalived.conf, each made for every server.
import type { Checker } from '../keepalived/virtual-server.js';

/** What stands in the file, without places. */
export type CheckTree = string | number | boolean | null | readonly CheckTree[] | { readonly [key: string]: CheckTree };

export interface PoolChecks {
  readonly tree: CheckTree;
  readonly checkers: readonly Checker[];
  /** How long the weight of a server rises that comes back, whole seconds; 0: it has its weight immediately. */
  readonly slowStartUs: number;
  /** Of HTTP_GET and SSL_GET that name none. */
  readonly virtualHost?: string;
}
