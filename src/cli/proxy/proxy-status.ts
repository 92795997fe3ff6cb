// weir proxy status: the servers of each pool, for people.
import { proxySockets } from '../../host/proxy-sockets.js';
import type { PoolServerStatus, PoolStatus, ProxyStatus } from '../../model/layer7/pool-status.js';
import { native } from '../../sys/addon.js';
import { expectWords } from '../command.js';
import type { Io } from '../io.js';
import { askProxy } from './ask-proxy.js';

const NONE_RUNS = 3;

const percent = (share: number | null): string => (share === null ? '-' : `${Math.round(share * 100)}%`);
const rounded = (value: number): string => String(Math.round(value * 100) / 100);

const HEAD = [
  'server',
  'state',
  'configured',
  'weight',
  'of weights',
  'of requests',
  'in flight',
  'requests',
  '5xx',
  'failures',
  'to head',
];

function cellsOf(server: PoolServerStatus): readonly string[] {
  const { state, isBackup, configured, weight, weightShare, share, conns, requests, serverErrors, failures, headUs, answers } = server;
  const toHead = answers === 0 ? '-' : `${rounded(headUs / answers / 1000)} ms`;
  return [
    server.server,
    isBackup ? `${state}, backup` : state,
    ...[configured, rounded(weight), percent(weightShare), percent(share), conns, requests, serverErrors, failures, toHead].map(String),
  ];
}

function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row.map((cell, column) => (column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join('  '),
  );
}

function poolLines({ pool, balance, servers }: PoolStatus): readonly string[] {
  const lines = table([HEAD, ...servers.map(cellsOf)]);
  const reasons = servers.filter(({ why }) => why !== '').map(({ server, why }) => `    ${server}: ${why}`);
  return [`pool ${pool} (${balance})`, ...lines.map((line) => `  ${line.trimEnd()}`), ...reasons];
}

function statusText({ pid, engine, listeners, processes, draining, pools }: ProxyStatus): string {
  const serving = processes
    .map(({ pid: one, clients }) => (engine === undefined ? `${one ?? 'none'}: ${clients} clients` : `${one ?? 'none'}`))
    .join(', ');
  const old = draining === 0 ? '' : `, ${draining} that drain`;
  const head = [
    `${engine ?? 'proxy'} ${pid}: ${listeners.map(({ name, at }) => `${name} ${at}`).join(', ')}`,
    `  processes ${serving}${old}`,
  ];
  return `${[...head, ...pools.flatMap(poolLines)].join('\n')}\n`;
}

/** @throws WeirError proxy-silent, argument-unexpected */
export async function printStatus(words: readonly string[], asJson: boolean, io: Io): Promise<number> {
  expectWords(words, 0);
  const sockets = proxySockets(String(native().netnsCookie()));
  const answers = await Promise.all(sockets.map(({ path }) => askProxy(path, { kind: 'status' })));
  const proxies = answers.flatMap((answer) => (answer.kind === 'status' ? [answer.status] : []));
  if (asJson) io.out(`${JSON.stringify(proxies)}\n`);
  else for (const status of proxies) io.out(statusText(status));
  if (proxies.length === 0 && !asJson) io.err('weir proxy: none runs in this network namespace\n');
  return proxies.length === 0 ? NONE_RUNS : 0;
}
