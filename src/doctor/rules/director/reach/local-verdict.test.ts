// Real servers on the director itself: what their sockets, the packet filter and doctor's own connect show.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { destination, director, service } from '../../../../../test/support/doctor-facts.js';
import { ip } from '../../../../../test/support/ip.js';
import type { Finding } from '../../../../model/finding.js';
import type { DirectorFacts, LocalDenial, SocketFact } from '../../../facts.js';
import { reachRule } from './reach.js';

const DIP = ip('10.5.0.2');
const socket = (address: string, port = 8080, waiting = 0): SocketFact => {
  const at = ip(address);
  return { protocol: 'tcp', family: at.family, address: at, port, sixOnly: false, device: 0, waiting, waitingMax: 8 };
};
const by = { tool: 'nft', family: 'inet', table: 'fw', chain: 'out', base: 'out', text: 'policy drop' } as const;
const denied = (of: LocalDenial['of']): LocalDenial => ({ address: DIP, port: 8080, protocol: 'tcp', of, by });

/** Doctor's connect to 10.5.0.2:8080, the director's own address, has failed. */
const found = (change: Partial<DirectorFacts>, method: 'masq' | 'route' = 'masq'): readonly Finding[] =>
  reachRule({
    ...director,
    services: [service('10.5.0.9', method === 'masq' ? 80 : 8080, [destination('10.5.0.2', 8080, method)])],
    paths: [{ to: DIP, kind: 'local' }],
    connects: [{ address: DIP, port: 8080, error: 'ETIMEDOUT' }],
    handovers: [],
    ...change,
  });
const codes = (...args: Parameters<typeof found>) => found(...args).map(({ severity, code }) => `${severity} ${code}`);

test('a server whose process listens is never to be deleted, whatever became of doctor’s connect', () => {
  for (const address of ['10.5.0.2', '0.0.0.0', '::', '::ffff:10.5.0.2']) {
    const [only, ...more] = found({ sockets: [socket(address)], localDenials: [denied('own')] });
    assert.deepEqual([only?.severity, only?.fix, more], ['info', undefined, []], address);
    assert.match(only?.cause ?? '', /the nft chain inet fw out \(policy drop\) drops it$/);
  }
  const [unknown] = found({ sockets: [socket('0.0.0.0')] });
  assert.match(unknown?.cause ?? '', /ETIMEDOUT\): a packet filter of this host may drop it$/);
  const sixOnly = { ...socket('::'), sixOnly: true };
  for (const other of [socket('127.0.0.1'), socket('0.0.0.0', 8081), sixOnly])
    assert.deepEqual(codes({ sockets: [other] }), ['error server-is-director']);
  assert.deepEqual(codes({ sockets: [socket('0.0.0.0', 8080, 9)] }), ['error server-not-accepting']);
});

test('where the kernel lists no sockets, a refused connect alone shows that none listens', () => {
  assert.deepEqual(codes({}), []);
  assert.deepEqual(codes({ connects: [{ address: DIP, port: 8080, error: 'ECONNREFUSED' }] }), ['error server-is-director']);
});

test('by VS/DR the process listens on the VIP', () => {
  assert.deepEqual(codes({ sockets: [socket('10.5.0.9')] }, 'route'), []);
  assert.deepEqual(codes({ sockets: [socket('10.5.0.2')] }, 'route'), ['error server-is-director']);
});

test('what the packet filter drops of clients or answers is an error, also where doctor’s connect succeeds', () => {
  const fixes = (['request', 'answer'] as const).map((of) => {
    const [only, ...more] = found({ connects: [{ address: DIP, port: 8080 }], sockets: [socket('0.0.0.0')], localDenials: [denied(of)] });
    assert.deepEqual([only?.severity, only?.code, more], ['error', 'local-server-filtered', []]);
    return only?.fix;
  });
  assert.deepEqual(fixes, [
    'nft insert rule inet fw out ip daddr 10.5.0.2 tcp dport 8080 accept',
    'nft insert rule inet fw out ip saddr 10.5.0.2 tcp sport 8080 accept',
  ]);
});
