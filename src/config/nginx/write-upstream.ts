// A pool as nginx's upstream.
import { defaultKeepAlive } from '../../model/layer7/defaults.js';
import type { Balance, Pool, PoolServer } from '../../model/layer7/pool.js';
import type { PoolOrder } from '../../model/layer7/pool-status.js';
import type { ReportEngineLoss } from '../engine/engine-loss.js';
import { quoted, secondsWord, templateWord, timeWord } from './write-words.js';

/** nginx's weights are whole numbers: where a part of 1 is needed, 1 becomes this. */
const PARTS = 20;

const isHashed = ({ balance }: Pool): boolean => balance.kind === 'hash' || balance.kind === 'ip_hash' || balance.kind === 'sum';

/** Weights as they are now, of those of the file where nothing moved them. Hashes keep the file's, so that no client changes its server. */
function weightsOf(pool: Pool, order: PoolOrder | undefined): readonly number[] {
  const known = new Map(order?.servers.map(({ server, weight }) => [server, weight]));
  const now = pool.servers.map(({ name, weight }) => known.get(name) ?? weight);
  const isMoved = pool.servers.some(({ weight }, index) => now[index] !== weight && now[index] !== 0);
  if (!isMoved || isHashed(pool)) return pool.servers.map(({ weight }) => weight);
  return now.map((weight) => Math.max(1, Math.round(weight * PARTS)));
}

function serverLine(server: PoolServer, weight: number, isOut: boolean): string {
  const words = [
    quoted(server.name),
    ...(weight === 1 ? [] : [`weight=${weight}`]),
    `max_fails=${server.maxFails}`,
    `fail_timeout=${secondsWord(server.failTimeoutUs)}`,
    ...(server.maxConns === 0 ? [] : [`max_conns=${server.maxConns}`]),
    ...(server.backup ? ['backup'] : []),
    ...(server.down || isOut ? ['down'] : []),
  ];
  return `server ${words.join(' ')};`;
}

/** A server that checks found down, or that has no weight now, gets nothing. */
function serverLines(pool: Pool, order: PoolOrder | undefined): readonly string[] {
  const weights = weightsOf(pool, order);
  const out = new Set(order?.servers.flatMap(({ server, isUp, weight }) => (isUp && weight > 0 ? [] : [server])));
  return pool.servers.map((server, index) => serverLine(server, weights[index]!, out.has(server.name)));
}

function balanceLines(balance: Balance, report: (key: string, why: string) => void): readonly string[] {
  switch (balance.kind) {
    case 'round_robin':
      return [];
    case 'least_conn':
    case 'ip_hash':
      return [`${balance.kind};`];
    case 'random':
      return [balance.two ? 'random two least_conn;' : 'random;'];
    case 'hash':
      return [`hash ${templateWord(balance.key)}${balance.consistent ? ' consistent' : ''};`];
    case 'sum':
      report('balance', 'nginx has no sum; hash is used, which chooses other servers');
      return [`hash ${templateWord(balance.key)};`];
  }
}

function keepAliveLines({ connections, requests, idleUs, lifeUs }: Pool['keepAlive']): readonly string[] {
  if (connections === 0) return [];
  const lines = [
    `keepalive ${connections};`,
    `keepalive_requests ${requests};`,
    `keepalive_timeout ${timeWord(idleUs)};`,
    `keepalive_time ${timeWord(lifeUs)};`,
  ];
  return lines;
}

/** `order`: verdicts and weights as they are now. */
export function upstreamLines(pool: Pool, order: PoolOrder | undefined, report: ReportEngineLoss): readonly string[] {
  const lose = (key: string, why: string): void => report(`layer7.pools.${pool.name}.${key}`, why);
  const { persistence, sendProxy, keepAlive } = pool;
  if (persistence !== undefined) lose('sticky', 'nginx without its sticky module keeps no client on a server; balance decides');
  if (sendProxy !== undefined) lose('send_proxy', 'nginx sends no PROXY header to HTTP servers');
  if (keepAlive.reuse !== defaultKeepAlive.reuse) lose('keepalive.reuse', 'nginx shares connections to servers between clients');
  return [
    `upstream ${quoted(pool.name)} {`,
    ...[...balanceLines(pool.balance, lose), ...serverLines(pool, order), ...keepAliveLines(keepAlive)].map((line) => `  ${line}`),
    '}',
  ];
}
