// weir's weights, which need not be whole and go up to 65535, as HAProxy's, which are whole and end at 256.
import type { Pool, PoolServer } from '../../model/layer7/pool.js';
import type { PoolOrder } from '../../model/layer7/pool-status.js';

const WEIGHT_MAX = 256;
/** What the largest weight of a file becomes, so that feedback can raise it fourfold. */
const CONFIGURED_MAX = 64;

export interface HaproxyServerState {
  readonly weight: number;
  /** No request goes to it. */
  readonly isOut: boolean;
}

/** As HAProxy names a server in a backend. */
export const serverName = ({ name }: PoolServer): string => name.replace(/[[\]]/g, '');

/** Pools whose servers are chosen by a rule have no weights but 0, which is out. */
export const isByPlace = ({ balance }: Pool): boolean =>
  balance.kind === 'ip_hash' || (balance.kind === 'hash' && !balance.consistent) || balance.kind === 'sum';

/** For each server, in the order of the pool. */
export function haproxyStates(pool: Pool, order: PoolOrder | undefined): readonly HaproxyServerState[] {
  const known = new Map(order?.servers.map((one) => [one.server, one]));
  const now = pool.servers.map((server) => known.get(server.name) ?? { isUp: true, weight: server.weight });
  const configured = Math.max(...pool.servers.map(({ weight }) => weight));
  const largest = Math.max(...now.map(({ weight }) => weight));
  const factor = Math.min(
    configured <= CONFIGURED_MAX ? Math.floor(CONFIGURED_MAX / configured) : WEIGHT_MAX / configured,
    WEIGHT_MAX / largest,
  );
  return pool.servers.map(({ down }, index) => {
    const { isUp, weight } = now[index]!;
    const whole = weight === 0 ? 0 : Math.min(WEIGHT_MAX, Math.max(1, Math.round(weight * factor)));
    return { weight: whole, isOut: down || !isUp || (weight === 0 && isByPlace(pool)) };
  });
}
