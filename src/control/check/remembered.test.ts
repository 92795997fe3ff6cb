import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CheckBed, checker, failure } from '../../../test/support/check-bed.js';
import { realServer, virtualServer } from '../../../test/support/virtual-server.js';
import type { VirtualServer } from '../../model/keepalived/virtual-server.js';
import { RememberedKeys, rememberedOf } from './remembered.js';

const [TCP, SMTP] = [checker({ kind: 'tcp' }), checker({ kind: 'smtp' })];

const serverOf = (...reals: readonly [address: string, checkers: readonly (typeof TCP)[]][]): VirtualServer =>
  virtualServer({ realServers: reals.map(([address, checkers]) => realServer(address, { checkers })) });

test('with keys that are kept the record is what it is without, through reloads', () => {
  const bed = new CheckBed();
  const keys = new RememberedKeys();
  bed.answers.set('10.0.0.2', failure('timeout'));
  const configurations = [
    serverOf(['10.0.0.1', [TCP]], ['10.0.0.2', [TCP, SMTP]]),
    serverOf(['10.0.0.2', [TCP, SMTP]], ['10.0.0.1', [TCP]]),
    serverOf(['10.0.0.2', [SMTP]]),
    serverOf(['10.0.0.3', [TCP]], ['10.0.0.2', [SMTP]], ['10.0.0.1', [SMTP, TCP]]),
  ];
  for (const [index, configuration] of configurations.entries()) {
    bed.configure([configuration]);
    bed.pass(60);
    const kept = rememberedOf(bed.state, keys);
    assert.deepEqual(kept, rememberedOf(bed.state));
    assert.deepEqual([...kept.values()].filter(({ up }) => !up).length, [2, 2, 1, 1][index]);
  }
  assert.deepEqual(rememberedOf(bed.state, keys).size, 4);
});
