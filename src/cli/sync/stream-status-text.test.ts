import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NOTHING_LACKS, type PeerStatus, type StreamStatus } from '../../model/stream-node.js';
import { streamStatusText } from './stream-status-text.js';

const silent = {
  connected: false,
  whole: false,
  items: 0,
  waiting: 0,
  digest: 'open',
  lacking: NOTHING_LACKS,
  lost: 0,
  silentSeconds: 0,
  failure: 'ECONNREFUSED',
} as const;
const peer: PeerStatus = { address: '10.8.9.2:8848', node: 'lb2', to: { ...silent, wouldBreak: null }, from: { ...silent, refused: {} } };
const lines = (status: Partial<StreamStatus>): readonly string[] =>
  streamStatusText({ node: 'lb1', peers: [peer], strangers: 0, ...status })
    .split('\n')
    .slice(1, -1);

test('who was refused, and sessions that ended by the fault of a peer: nothing, or by reason', () => {
  const usual = ['peer 10.8.9.2:8848, lb2', '  sends nothing: ECONNREFUSED', '  receives nothing: ECONNREFUSED'];
  assert.deepEqual(lines({ refused: {} }), usual);
  assert.deepEqual(lines({ strangers: 3, refused: { key: 2, address: 1 } })[0], 'refused 3 connections of others: key 2, address 1');
  assert.deepEqual(lines({ strangers: 3 })[0], 'refused 3 connections of others', 'by a process of a build before');
  const faulty = { ...peer, to: { ...peer.to, faults: { key: 9 } }, from: { ...peer.from, faults: { order: 1, 'frame-size': 2 } } };
  assert.deepEqual(lines({ peers: [faulty] }).slice(-2), [
    '  sessions to it that ended by its fault: key 9',
    '  sessions from it that ended by its fault: order 1, frame-size 2',
  ]);
});

test('what came of first packets that were held back', () => {
  const released = { acknowledged: 8, bound: 2, full: 0, alone: 0 };
  const hold = { boundMs: 10, held: 10, released, failed: 0, waitedMs: 24, longestMs: 10.25 };
  assert.equal(
    lines({ hold })[0],
    'new connections are held back for 10 ms at most: 10 were, for 2.4 ms on average and 10.3 ms at most; 8 until the peers had them, bound 2',
  );
  const none = { ...hold, held: 0, released: { ...released, acknowledged: 0, bound: 0 }, waitedMs: 0, longestMs: 0 };
  assert.equal(lines({ hold: none })[0], 'new connections are held back for 10 ms at most: 0 were');
});

test('a process that stands still is named, before what it stated', () => {
  assert.equal(lines({ stalledSeconds: 12 })[0], 'its process has stood still for 12 s: what follows is of before');
});
