import assert from 'node:assert/strict';
import { test } from 'node:test';
import { director } from '../../../../test/support/doctor-facts.js';
import { endpointText } from '../../../model/endpoint-text.js';
import { NO_COUNTS, type PoolServerStatus, type ProxyStatus } from '../../../model/layer7/pool-status.js';
import { diagnose } from '../../diagnose.js';
import type { ProxyFact } from '../../proxy-facts.js';

const up: PoolServerStatus = {
  ...NO_COUNTS,
  ...{ server: '10.0.0.2:80', state: 'up', why: '', since: null, isBackup: false, isChecked: true },
  ...{ configured: 1, weight: 1, weightShare: 1, share: null },
};
const down: PoolServerStatus = { ...up, server: '10.0.0.3:80', state: 'down', why: 'TCP_CHECK refused', weightShare: null };
const pool = (...servers: readonly PoolServerStatus[]) => ({ pool: 'web', balance: 'round_robin', servers });
const status: ProxyStatus = {
  pid: 7,
  listeners: [{ name: 'web', at: '203.0.113.9:80' }],
  processes: [
    { number: 0, pid: 8, clients: 1 },
    { number: 1, pid: 9, clients: 0 },
  ],
  draining: 0,
  pools: [pool(up, down)],
};

const found = (fact: ProxyFact) => diagnose({ ...director, proxies: [fact] }).filter(({ code }) => /^(?:proxy|pool|listener)-/.test(code));
const codes = (change: Partial<ProxyStatus>) =>
  found({ pid: 7, status: { ...status, ...change } }).map((one) => `${one.severity} ${one.code}`);

test('a proxy that answers, with a server for each pool: nothing', () => {
  assert.deepEqual(codes({}), []);
});

test('silence, processes that are gone, pools without a server', () => {
  assert.deepEqual(
    found({ pid: 7 }).map(({ code }) => code),
    ['proxy-silent'],
  );
  const [first, second] = status.processes;
  assert.ok(first !== undefined && second !== undefined);
  assert.deepEqual(codes({ processes: [first, { ...second, pid: null }] }), ['warning proxy-process-gone']);
  assert.deepEqual(codes({ processes: [{ ...first, pid: null }] }), ['error proxy-process-gone']);
  const [ended] = found({ pid: 7, status: { ...status, engine: 'haproxy', processes: [{ ...first, pid: null }] } });
  assert.deepEqual([ended?.code, ended?.what], ['proxy-process-gone', 'haproxy, which weir (process 7) runs, has ended']);
  assert.deepEqual(codes({ engine: 'nginx', processes: [first] }), []);
  assert.deepEqual(codes({ pools: [pool(down, { ...up, state: 'disabled' })] }), ['error pool-without-server']);
  assert.deepEqual(codes({ pools: [pool(down, { ...up, weight: 0 })] }), ['error pool-without-server']);
  assert.deepEqual(codes({ pools: [pool(down, { ...up, state: 'failing' })] }), []);
});

test('a listener whose address and port are those of a service', () => {
  const at = director.services.flatMap(({ spec: { key } }) =>
    key.kind === 'address' && key.protocol === 'tcp' ? [endpointText(key)] : [],
  )[0];
  assert.ok(at !== undefined);
  const listeners = [{ name: 'web', at }];
  assert.deepEqual(codes({ listeners }), ['warning listener-behind-service']);
  const datapath = { ...director.datapath, switched: { listeners: [at], uncovered: [], off: [], unserved: [] } };
  const switched = diagnose({ ...director, datapath, proxies: [{ pid: 7, status: { ...status, listeners } }] });
  assert.deepEqual(
    switched.filter(({ code }) => code === 'listener-behind-service'),
    [],
  );
});
