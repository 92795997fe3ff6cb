// What holds where nothing is written: nginx's defaults (1.31), but for those that are named as weir's own.
import type { ClientLimits } from './layer7.js';
import type { KeepAlive, PoolServer } from './pool.js';
import type { Proxying } from './proxying.js';
import { templateOf } from './template.js';

const SECOND_US = 1_000_000;
const HOUR_US = 3600 * SECOND_US;
const KIB = 1024;

export const defaultServer: Omit<PoolServer, 'name' | 'address' | 'port'> = {
  weight: 1,
  backup: false,
  down: false,
  maxFails: 1,
  failTimeoutUs: 10 * SECOND_US,
  maxConns: 0,
};

/** On by default since nginx 1.29.7. */
export const defaultKeepAlive: KeepAlive = {
  connections: 32,
  requests: 1000,
  idleUs: 60 * SECOND_US,
  lifeUs: HOUR_US,
  reuse: 'pool',
};

/** The fields are weir's own: nginx sends its own name of the upstream as Host, and none of the others. */
export const defaultProxying: Proxying = {
  requestFields: [
    { name: 'Host', value: templateOf('$http_host') },
    { name: 'X-Forwarded-For', value: templateOf('$proxy_add_x_forwarded_for') },
    { name: 'X-Forwarded-Proto', value: templateOf('$scheme') },
  ],
  responseFields: [],
  hiddenFields: [],
  /** `upgradedUs` is weir's own: nginx cuts an upgraded connection after 60 s of silence. */
  timeouts: { connectUs: 60 * SECOND_US, sendUs: 60 * SECOND_US, readUs: 60 * SECOND_US, upgradedUs: HOUR_US },
  retry: { on: ['error', 'timeout'], tries: 0, timeoutUs: 0 },
  bodyMaxBytes: KIB * KIB,
  bufferRequest: true,
};

/** What weir's proxy has room for, together with one read (`Slab` of control/proxy). */
export const HEAD_MAX_BYTES = 128 * KIB;

/** The number of fields is weir's own; of heads nginx has four buffers of 8 KiB. */
export const defaultClientLimits: ClientLimits = {
  headMaxBytes: 32 * KIB,
  fieldsMax: 100,
  headTimeoutUs: 60 * SECOND_US,
  bodyTimeoutUs: 60 * SECOND_US,
  sendTimeoutUs: 60 * SECOND_US,
  keepAliveUs: 75 * SECOND_US,
  keepAliveRequests: 1000,
  connectionsMax: 16_384,
};
