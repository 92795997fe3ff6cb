import assert from 'node:assert/strict';
import { test } from 'node:test';
import { director } from '../../../../test/support/doctor-facts.js';
import { ip } from '../../../../test/support/ip.js';
import { IS_THIS_NODE, NOTHING_LACKS, type PeerStatus } from '../../../model/stream-node.js';
import { diagnose } from '../../diagnose.js';
import type { StreamFact } from '../../stream-facts.js';

const session = {
  connected: true,
  whole: true,
  items: 9,
  waiting: 0,
  digest: 'equal',
  lacking: NOTHING_LACKS,
  lost: 0,
  silentSeconds: 0,
  failure: '',
} as const;
const to = { ...session, wouldBreak: 0 };
const from = { ...session, refused: {} };
const peer: PeerStatus = { address: '10.5.0.3:8848', node: 'lb2', to, from };
const none = { connected: false, whole: false };
const configured = {
  key: '/etc/weir/sync.key',
  listen: { address: ip('10.5.0.2'), port: 8848 },
  peers: [{ address: ip('10.5.0.3'), port: 8848 }],
};

const found = (stream: StreamFact) => diagnose({ ...director, stream });
const ofPeer = (part: Partial<PeerStatus>, rest: Partial<StreamFact> = {}) =>
  found({ status: { node: 'lb1', strangers: 0, peers: [{ ...peer, ...part }] }, blocks: [], ...rest });
const codes = (part: Partial<PeerStatus>) => ofPeer(part).map(({ severity, code }) => `${severity} ${code}`);

test('a stream with its peer, configured or not: nothing', () => {
  assert.deepEqual(ofPeer({}), []);
  assert.deepEqual(ofPeer({}, { configured }), []);
});

test('configured, and no process runs', () => {
  const [{ code, cause } = assert.fail(), ...more] = found({ configured, blocks: [] });
  assert.deepEqual(
    [code, cause, more],
    ['sync-stream-absent', 'it has failed: connections are not synchronised, and break at a takeover', []],
  );
});

test('a key that others may read is closed by the command that is printed, whether the process runs or not', () => {
  const keyFailure = '/etc/weir/sync.key: others may read or write it';
  const open = ofPeer({}, { configured, keyFailure });
  assert.deepEqual([open[0]?.code, open[0]?.fix], ['sync-stream-key', 'chown root: /etc/weir/sync.key && chmod 600 /etc/weir/sync.key']);
  const [missing = assert.fail(), ...more] = found({ configured, keyFailure: '/etc/weir/sync.key: no such file or directory', blocks: [] });
  assert.deepEqual([missing.code, missing.fix, more], ['sync-stream-key', undefined, []]);
  assert.match(missing.cause ?? '', /no process of the stream runs/);
  assert.match(missing.advice ?? '', /weir sync keygen \/etc\/weir\/sync\.key/);
});

test('no session: another key, another version, a port that is closed, one direction alone', () => {
  const unsent = (failure: string) => ({ to: { ...to, ...none, failure } });
  assert.deepEqual(codes(unsent('it has another key')), ['error sync-stream-pin']);
  assert.deepEqual(codes(unsent('it sends what is no answer: version')), ['error sync-stream-version']);
  assert.deepEqual(codes({ from: { ...from, ...none, failure: 'version' } }), ['error sync-stream-version']);
  const causes = (part: Partial<PeerStatus>) => ofPeer(part).map(({ what, cause }) => [what, cause]);
  assert.deepEqual(causes(unsent('ECONNREFUSED')), [
    ['the stream sends nothing to the peer 10.5.0.3:8848: ECONNREFUSED', 'no process of a stream listens there'],
  ]);
  assert.deepEqual(causes(unsent(IS_THIS_NODE))[0]?.[1], 'an address of this node stands where that of a peer must be');
  assert.deepEqual(causes({ ...unsent('no answer'), from: { ...from, ...none, failure: 'it has not connected' } }), [
    [
      'the stream sends nothing to and receives nothing from the peer 10.5.0.3:8848: no answer',
      'the link is down, the peer is off, or a packet filter drops the packets',
    ],
  ]);
  assert.deepEqual(causes({ from: { ...from, ...none, failure: 'it has not connected' } }), [
    [
      'the stream receives nothing from the peer 10.5.0.3:8848: it has not connected',
      'the peer has not connected: it does not name this node, or cannot reach it',
    ],
  ]);
});

test('a rule that drops what the peer sends explains the missing session, and is named with its fix', () => {
  const by = { tool: 'nft', family: 'inet', table: 'filter', chain: 'input', base: 'input', text: 'tcp dport 8848 drop' } as const;
  const block = { peer: peer.address, address: ip('10.5.0.2'), port: 8848, by };
  const all = ofPeer({ from: { ...from, ...none, failure: 'it has not connected' } }, { blocks: [block] });
  assert.deepEqual(
    all.map(({ code, fix }) => [code, fix]),
    [['sync-stream-blocked', 'nft insert rule inet filter input ip daddr 10.5.0.2 tcp dport 8848 accept']],
  );
});

test('what the peer cannot take, and a peer that is silent', () => {
  const [{ code, what, cause } = assert.fail()] = ofPeer({ to: { ...to, lacking: { ...NOTHING_LACKS, unbound: 2, unsupported: 1 } } });
  assert.deepEqual([code, what], ['sync-stream-unbound', 'the peer 10.5.0.3:8848 cannot take 3 connections']);
  assert.match(cause ?? '', /^2: it has no such service or server; 1: they are of a kind/);
  const [here = assert.fail()] = ofPeer({ from: { ...from, lacking: { ...NOTHING_LACKS, unbound: 1 } } });
  assert.deepEqual([here.code, here.what], ['sync-stream-unbound', 'this node cannot take 1 connection of the peer 10.5.0.3:8848']);
  assert.match(here.cause ?? '', /; they break if the peer dies$/);
  assert.deepEqual(codes({ from: { ...from, silentSeconds: 10 } }), ['warning sync-stream-silent']);
  assert.deepEqual(codes({ from: { ...from, silentSeconds: 9 } }), []);
});

test('tables that differ, on either side', () => {
  const texts = (part: Partial<PeerStatus>) => ofPeer(part).map(({ severity, code, what }) => `${severity} ${code}: ${what}`);
  assert.deepEqual(texts({ to: { ...to, lost: 2 } }), [
    'warning sync-stream-differs: the peer 10.5.0.3:8848 had 2 connections of this node, and has lost them',
  ]);
  assert.deepEqual(texts({ from: { ...from, digest: 'differs' } }), [
    'warning sync-stream-differs: this node has taken something else than the peer 10.5.0.3:8848 sent: their digests differ',
  ]);
  assert.deepEqual(texts({ from: { ...from, ...none, digest: 'open', lost: 1, failure: 'silent' } }).length, 1);
  for (const digest of ['none', 'open', 'equal'] as const)
    assert.deepEqual(texts({ to: { ...to, digest }, from: { ...from, digest } }), []);
});

test('a process that stands still is all that is named: what it stated of its peers is of before', () => {
  const status = { node: 'lb1', strangers: 0, peers: [{ ...peer, from: { ...from, silentSeconds: 30 } }], stalledSeconds: 30 };
  assert.deepEqual(
    found({ status, blocks: [] }).map(({ code, what }) => [code, what]),
    [['sync-stream-stalled', 'the process of the stream has stood still for 30 s']],
  );
});
