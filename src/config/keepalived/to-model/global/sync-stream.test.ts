import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../../../test/support/ip.js';
import { readText } from '../../../../../test/support/keepalived-text.js';

const PIN = 'a'.repeat(43);

const read = (...lines: string[]) => {
  const { configuration, errors } = readText(`global_defs {\nlvs_sync_stream {\n${lines.join('\n')}\n}\n}`);
  return { stream: configuration.global.lvsSyncStream, errors };
};

test('a key, peers with ports and pins, and where it listens', () => {
  assert.deepEqual(read('key /etc/weir/sync.key', 'listen 10.8.9.1 port 8850', 'peer 10.8.9.2', `peer fd00::3 port 9000 pin ${PIN}`), {
    stream: {
      key: '/etc/weir/sync.key',
      listen: { address: ip('10.8.9.1'), port: 8850 },
      peers: [
        { address: ip('10.8.9.2'), port: 8848 },
        { address: ip('fd00::3'), port: 9000, pin: PIN },
      ],
    },
    errors: [],
  });
});

test('without listen: anywhere, by the family of the first peer', () => {
  assert.deepEqual(read('key k', 'peer 10.8.9.2').stream?.listen, { address: ip('0.0.0.0'), port: 8848 });
  assert.deepEqual(read('key k', 'peer fd00::2').stream?.listen, { address: ip('::'), port: 8848 });
});

test('how long new connections are held back, if at all', () => {
  const hold = (...lines: string[]) => {
    const { stream, errors } = read('key k', 'peer 10.8.9.2', ...lines);
    return [stream?.holdMs, errors.length];
  };
  assert.deepEqual(
    [hold(), hold('hold 10'), hold('hold 0')],
    [
      [undefined, 0],
      [10, 0],
      [0, 0],
    ],
  );
  assert.deepEqual(hold('hold 101'), [undefined, 1]);
});

test('a peer that cannot be read is left out', () => {
  const wrong: readonly (readonly [line: string, what: string])[] = [
    ['peer 10.8.9', "address of peer '10.8.9'"],
    ['peer 10.8.9.3 port 0', "port '0'"],
    ['peer 10.8.9.3 port', "port 'port'"],
    ['peer 10.8.9.3 pin abc', "pin 'abc'"],
    ['peer 10.8.9.3 weight 3', "option of peer 'weight'"],
    ['peer 10.8.9.2 port 9000', "second peer with the address '10.8.9.2'"],
  ];
  for (const [line, what] of wrong) {
    const { stream, errors } = read('key k', 'peer 10.8.9.2', line);
    assert.deepEqual([stream?.peers.length, errors], [1, [`lvs_sync_stream: invalid ${what} - ignoring the line`]], line);
  }
});

test('without a key, a peer, or a usable place to listen there is no stream', () => {
  const incomplete = (what: string): string => `lvs_sync_stream has no ${what} - ignoring`;
  assert.deepEqual(read('peer 10.8.9.2'), { stream: undefined, errors: [incomplete('key')] });
  assert.deepEqual(read('key k'), { stream: undefined, errors: [incomplete('peer')] });
  assert.deepEqual(read('key k', 'peer 10.8.9.2', 'listen 10.8.9.1 pin x'), {
    stream: undefined,
    errors: ["lvs_sync_stream: invalid option of listen 'pin' - ignoring the line", incomplete('address to listen on')],
  });
});
