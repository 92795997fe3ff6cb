// A pool of a weir.yaml as the model has it.
import { failure } from '../../model/errors/weir-error.js';
import { defaultKeepAlive, defaultServer } from '../../model/layer7/defaults.js';
import type { Balance, KeepAlive, Persistence, Pool, PoolServer } from '../../model/layer7/pool.js';
import type { PoolKeys, ServerKeys } from './layer7-shape.js';
import { poolChecksOf } from './pool-checks.js';
import type { Report } from './shape.js';

type Written = PoolKeys['value'];

function serverOf(keys: ServerKeys): PoolServer | undefined {
  if (!('address' in keys.value) || 'name' in keys.value) return { ...defaultServer, ...(keys.value as PoolServer) };
  const { address, weight, max_fails, fail_timeout, max_conns, backup, down } = keys.value;
  if (address === undefined) return undefined;
  return {
    ...address,
    weight: weight ?? defaultServer.weight,
    maxFails: max_fails ?? defaultServer.maxFails,
    failTimeoutUs: fail_timeout ?? defaultServer.failTimeoutUs,
    maxConns: max_conns ?? defaultServer.maxConns,
    backup: backup ?? defaultServer.backup,
    down: down ?? defaultServer.down,
  };
}

function balanceOf(at: PoolKeys['at'], balance: Written['balance'], report: Report): Balance {
  if (balance === undefined) return { kind: 'round_robin' };
  if (balance === 'random' || balance === 'random two') return { kind: 'random', two: balance === 'random two' };
  if (typeof balance === 'string') return { kind: balance };
  const { hash, sum, consistent } = balance.value;
  if (hash !== undefined && sum === undefined) return { kind: 'hash', key: hash, consistent: consistent ?? false };
  if (sum !== undefined && hash === undefined && consistent === undefined) return { kind: 'sum', key: sum };
  report(balance.at ?? at, failure('file-keys-exclude', { keys: 'hash (with consistent) and sum' }));
  return { kind: 'round_robin' };
}

function persistenceOf(sticky: Written['sticky'], report: Report): Persistence | undefined {
  if (sticky === undefined) return undefined;
  const { cookie, header, max_age, domain, path, http_only, secure, same_site } = sticky.value;
  if ((cookie === undefined) === (header === undefined)) report(sticky.at, failure('file-keys-exclude', { keys: 'cookie and header' }));
  if (header !== undefined) return { kind: 'field', name: header.toLowerCase() };
  if (cookie === undefined) return undefined;
  return {
    kind: 'cookie',
    name: cookie,
    ...(max_age === undefined ? {} : { maxAgeUs: max_age }),
    ...(domain === undefined ? {} : { domain }),
    path: path ?? '/',
    httpOnly: http_only ?? true,
    secure: secure ?? false,
    ...(same_site === undefined ? {} : { sameSite: same_site }),
  };
}

function keepAliveOf(keepalive: Written['keepalive']): KeepAlive {
  if (keepalive === undefined) return defaultKeepAlive;
  if (typeof keepalive === 'number') return { ...defaultKeepAlive, connections: keepalive };
  const { connections, requests, timeout, time, reuse } = keepalive.value;
  return {
    connections: connections ?? defaultKeepAlive.connections,
    requests: requests ?? defaultKeepAlive.requests,
    idleUs: timeout ?? defaultKeepAlive.idleUs,
    lifeUs: time ?? defaultKeepAlive.lifeUs,
    reuse: reuse ?? defaultKeepAlive.reuse,
  };
}

const takesBackups = ({ kind }: Balance): boolean => kind === 'round_robin' || kind === 'least_conn';

export function poolOf(name: string, { value, at }: PoolKeys, report: Report): Pool {
  const balance = balanceOf(at, value.balance, report);
  const servers: PoolServer[] = [];
  const seen = new Set<string>();
  for (const keys of value.servers ?? []) {
    const server = serverOf(keys);
    if (server === undefined) continue;
    if (seen.has(server.name)) report(keys.at, failure('file-twice', { what: 'the server', name: server.name }));
    seen.add(server.name);
    if (server.backup && !takesBackups(balance)) report(keys.at, failure('file-backup-hash', { balance: balance.kind }));
    servers.push(server);
  }
  const persistence = persistenceOf(value.sticky, report);
  const [first] = servers;
  const checks = value.checks === undefined || first === undefined ? undefined : poolChecksOf(value.checks, first, report);
  return {
    name,
    servers,
    balance,
    ...(persistence === undefined ? {} : { persistence }),
    keepAlive: keepAliveOf(value.keepalive),
    ...(checks === undefined ? {} : { checks }),
    ...(value.send_proxy === undefined ? {} : { sendProxy: value.send_proxy }),
  };
}
