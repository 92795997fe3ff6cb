// A pool as nginx's upstream.
import { defaultKeepAlive } from '../../model/layer7/defaults.js';
import type { Balance, Pool, PoolServer } from '../../model/layer7/pool.js';
import type { ReportEngineLoss } from './engine-loss.js';
import { secondsWord, templateWord, timeWord } from './write-words.js';

function serverLine(server: PoolServer): string {
  const words = [
    server.name,
    ...(server.weight === 1 ? [] : [`weight=${server.weight}`]),
    `max_fails=${server.maxFails}`,
    `fail_timeout=${secondsWord(server.failTimeoutUs)}`,
    ...(server.maxConns === 0 ? [] : [`max_conns=${server.maxConns}`]),
    ...(server.backup ? ['backup'] : []),
    ...(server.down ? ['down'] : []),
  ];
  return `server ${words.join(' ')};`;
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

export function upstreamLines(pool: Pool, report: ReportEngineLoss): readonly string[] {
  const lose = (key: string, why: string): void => report(`layer7.pools.${pool.name}.${key}`, why);
  const { persistence, sendProxy, keepAlive, checks } = pool;
  if (checks !== undefined) lose('checks', 'nginx examines no servers; its own failures alone take one out');
  if (persistence !== undefined) lose('sticky', 'nginx without its sticky module keeps no client on a server; balance decides');
  if (sendProxy !== undefined) lose('send_proxy', 'nginx sends no PROXY header to HTTP servers');
  if (keepAlive.reuse !== defaultKeepAlive.reuse) lose('keepalive.reuse', 'nginx shares connections to servers between clients');
  return [
    `upstream ${pool.name} {`,
    ...[...balanceLines(pool.balance, lose), ...pool.servers.map(serverLine), ...keepAliveLines(keepAlive)].map((line) => `  ${line}`),
    '}',
  ];
}
