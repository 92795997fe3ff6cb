// bfd_instance and SSL: the model, and what is reported.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readText } from '../../../../test/support/keepalived.js';

function read(inside: string, name = 'b', before = '') {
  const { configuration, reported } = readText(`${before}bfd_instance ${name} {\n${inside}\n}\n`);
  return { bfds: configuration.bfds, reported };
}

const ENDS = 'neighbor_ip 10.0.0.2\nsource_ip 10.0.0.1\n';

test('a session with its defaults', () => {
  const { bfds, reported } = read(ENDS);
  assert.deepEqual(reported, []);
  assert.deepEqual(bfds, [
    {
      name: 'b',
      neighbour: { family: 'inet', words: [0x0a000002] },
      source: { family: 'inet', words: [0x0a000001] },
      minRxUs: 10_000,
      minTxUs: 10_000,
      idleTxUs: 1_000_000,
      multiplier: 5,
      passive: false,
      ttl: 255,
      maxHops: 0,
      multihop: false,
      weight: 0,
      reverse: false,
      events: { vrrp: true, checker: true },
    },
  ]);
});

test('what is reported about it', () => {
  const [bfd] = read('neighbour_ip fe80::2\nmin_rx 1.5\nweight -20 reverse\nchecker\nmax_hops -1').bfds;
  assert.deepEqual([bfd?.minRxUs, bfd?.ttl, bfd?.weight, bfd?.reverse, bfd?.maxHops], [1500, 64, -20, true, -1]);
  assert.deepEqual(bfd?.events, { vrrp: false, checker: true });
});

test('impossible sessions', () => {
  const trouble = (text: string) => `Configuration error: BFD instance b ${text}`;
  assert.deepEqual(read('').reported, [trouble('has no neighbor address set, disabling instance')]);
  assert.deepEqual(read('neighbor_ip abc').reported, [trouble('has malformed neighbor address abc, ignoring instance')]);
  const families = read('neighbor_ip 10.0.0.2\nsource_ip fe80::1');
  assert.deepEqual(families, {
    bfds: [],
    reported: [trouble('source address fe80::1 and neighbor address 10.0.0.2 are not of the same family, disabling instance')],
  });
  const first = `bfd_instance a {\n${ENDS}}\n`;
  assert.deepEqual(read(ENDS, 'b', first).reported, [
    trouble('has duplicate source/neighbor address 10.0.0.1/10.0.0.2, ignoring instance'),
  ]);
  assert.deepEqual(read('neighbor_ip 10.0.0.3', 'a', first).reported, [
    'BFD a already specified',
    'Configuration error: BFD instance a already configured - ignoring',
  ]);
  assert.equal(read(ENDS, 'x'.repeat(32)).bfds.length, 0);
});

test('two sessions whose packets cannot be distinguished, and two whose packets can', () => {
  const first = `bfd_instance a {\n${ENDS}}\n`;
  const duplicate = 'Configuration error: BFD instance b has duplicate neighbor address 10.0.0.2, ignoring instance';
  assert.deepEqual(read('neighbor_ip 10.0.0.2', 'b', first).reported, [duplicate]);
  assert.deepEqual(read('neighbor_ip 10.0.0.2\nsource_ip 10.0.0.9', 'b', first).reported, []);
  assert.deepEqual(read(`${ENDS}multihop`, 'b', first).reported, []);
});

test('multihop takes a word', () => {
  const multihop = (word: string) => read(`${ENDS}multihop ${word}`);
  assert.deepEqual(
    ['', 'on', 'off'].map((word) => multihop(word).bfds[0]?.multihop),
    [true, true, false],
  );
  assert.deepEqual(multihop('junk').reported, ['Configuration error: BFD instance b multihop setting not valid - junk']);
});

test('unusable values are reported and ignored', () => {
  const { bfds, reported } = read(`${ENDS}max_hops 9\nttl 5\nweight 300\nmultiplier 0`);
  assert.deepEqual([bfds[0]?.maxHops, bfds[0]?.weight, bfds[0]?.multiplier], [5, 0, 5]);
  assert.ok(reported.includes('BFD instance b: max_hops exceeds ttl/hoplimit - setting to ttl/hoplimit'));
  assert.ok(reported.includes('Configuration error: BFD instance b weight value 300 not valid (must be in range [-253-253]), ignoring'));
  assert.ok(reported.includes('Configuration error: BFD instance b multiplier value 0 not valid (must be in range [1-255]), ignoring'));
});

test('SSL: the last value counts', () => {
  const { configuration, reported } = readText('SSL {\npassword a\npassword b\nca /x\n}\n');
  assert.deepEqual(configuration.ssl, { password: 'b', authorities: '/x' });
  assert.deepEqual(reported, ['SSL password already specified - replacing']);
  assert.deepEqual(readText('SSL {\nkey\n}\n').reported, ['SSL keyfile missing']);
});
