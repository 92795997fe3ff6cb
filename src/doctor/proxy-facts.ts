// What doctor knows of a proxy of layer 7.
import type { ProxyStatus } from '../model/layer7/pool-status.js';

export interface ProxyFact {
  readonly pid: number;
  /** Absent: it gave no answer. */
  readonly status?: ProxyStatus;
}
