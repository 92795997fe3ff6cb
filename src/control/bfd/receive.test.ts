import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ADDRESS, BfdNodes, MS, S, sessionOf } from '../../../test/support/bfd-nodes.js';
import fc from '../../../test/support/properties.js';
import { parseAddress } from '../../model/address-text.js';
import type { BfdControl } from '../../wire/bfd.js';
import type { BfdRefusal } from './messages.js';
import { initialBfd } from './state.js';
import { step } from './step.js';

/** A packet that is right but for one thing. */
const wrong: readonly (readonly [BfdRefusal, Partial<BfdControl>, RegExp])[] = [
  ['version', { version: 0 }, /Packet is of unsupported version: 0/],
  ['length', { length: 26 }, /Packet size mismatch: length field: 26 bytes, buffer size: 24 bytes/],
  ['multiplier', { multiplier: 0 }, /'detection multiplier' field is zero/],
  ['multipoint', { multipoint: true }, /'multipoint' flag/],
  ['myDiscriminator', { myDiscriminator: 0 }, /'my discriminator' field is zero/],
  ['yourDiscriminator', { yourDiscriminator: 0, state: 'up' }, /'your discriminator' field is zero/],
  ['flags', { poll: true, final: true }, /both poll and final flags/],
  ['diagnostic', { diagnostic: 9 }, /invalid 'diag' field: 9/],
  ['session', { yourDiscriminator: 1, state: 'down' }, /session is not found - your discriminator field is 0x00000001/],
  ['authentication', { authenticated: true, state: 'down' }, /auth bit is set/],
];

test('a packet with one fault is refused, counted and logged, and changes nothing', () => {
  for (const [reason, changed, text] of wrong) {
    const nodes = new BfdNodes();
    nodes.up();
    const before = nodes.session('a');
    nodes.receive('a', nodes.forge('a', changed));
    assert.deepEqual(nodes.session('a'), before, reason);
    assert.deepEqual(nodes.machine('a').refused, { [reason]: 1 });
    assert.match(nodes.lines('a', nodes.atUs).join('\n'), text);
  }
});

test('a routed packet is refused', () => {
  const near = new BfdNodes();
  near.up();
  near.receive('a', near.forge('a', { state: 'down' }), 254);
  assert.deepEqual([near.session('a').state, near.machine('a').refused], ['up', { ttl: 1 }]);
  const nodes = new BfdNodes({ maxHops: 2 });
  nodes.up();
  const before = nodes.session('a');
  nodes.receive('a', nodes.forge('a', { state: 'down' }), 252);
  assert.deepEqual([nodes.session('a'), nodes.machine('a').refused], [before, { ttl: 1 }]);
  assert.equal(nodes.lines('a').at(-1), 'Packet ttl(252) < 253 - discarding');
  nodes.receive('a', nodes.forge('a', { state: 'down' }), 253);
  assert.equal(nodes.session('a').state, 'down');
  const any = new BfdNodes({ maxHops: 255 });
  any.up();
  any.receive('a', any.forge('a', { state: 'down' }), 1);
  assert.equal(any.session('a').state, 'down');
});

test('any bytes with any TTL: only counters change', () => {
  const nodes = new BfdNodes();
  nodes.up();
  const before = nodes.session('a');
  const forged = fc.uint8Array({ minLength: 1, maxLength: 60 }).map((bytes) => {
    // What would be right by accident is not what is tried here.
    if (bytes.length > 11) bytes[8] = (nodes.session('a').discriminator >>> 24) ^ 1;
    return bytes;
  });
  fc.assert(
    fc.property(forged, fc.nat(255), (bytes, ttl) => {
      nodes.receive('a', bytes, ttl);
      assert.deepEqual(nodes.session('a'), before);
    }),
  );
  const counted = Object.values(nodes.machine('a').refused).reduce((sum, one) => sum + one, 0);
  assert.equal(counted, 100);
  assert.ok(nodes.lines('a', nodes.atUs).length < 80, 'a flood does not fill the log');
});

test('without a discriminator the addresses and the port select the session', () => {
  const far = parseAddress('10.0.0.9') ?? assert.fail();
  const sessions = [
    sessionOf('a', { name: 'multi', multihop: true }),
    sessionOf('a', { name: 'far', neighbour: far }),
    sessionOf('a', { name: 'second', source: far }),
    sessionOf('a', { name: 'first' }),
  ];
  const { state } = step(initialBfd(), { kind: 'configure', sessions, chance: [1, 2, 3, 4] }, 0);
  const bytes = new BfdNodes().forge('a', { yourDiscriminator: 0, state: 'down' });
  const receives = (more: object) => {
    const packet = { port: 'single', source: ADDRESS.b, sourcePort: 49152, destination: ADDRESS.a, ttl: 255, bytes, ...more } as const;
    return step(state, { kind: 'packet', packet }, S)
      .state.sessions.filter(({ received }) => received > 0)
      .map(({ config }) => config.name);
  };
  assert.deepEqual(receives({}), ['first']);
  assert.deepEqual(receives({ port: 'multihop' }), ['multi']);
  assert.deepEqual(receives({ destination: far }), ['second']);
  assert.deepEqual(receives({ source: far }), ['far']);
  assert.deepEqual(receives({ source: parseAddress('10.0.0.7') }), []);
});

test('a valid packet on the port of another kind of session is refused', () => {
  const nodes = new BfdNodes();
  nodes.up();
  const bytes = nodes.forge('a', { state: 'down' });
  const packet = { port: 'multihop', source: ADDRESS.b, sourcePort: 49152, destination: ADDRESS.a, ttl: 255, bytes } as const;
  nodes.give('a', { kind: 'packet', packet });
  assert.equal(nodes.session('a').state, 'up');
});

test('packets that the socket filter dropped are counted', () => {
  const nodes = new BfdNodes();
  nodes.give('a', { kind: 'filtered', counts: { ttl: 100_000, rate: 7 } });
  nodes.give('a', { kind: 'filtered', counts: { ttl: 1 } });
  assert.deepEqual(nodes.machine('a').refused, { ttl: 100_001, rate: 7 });
});

test('on a lossy path: a session fails only after silence, and both are up when the path is good again', () => {
  const link = fc.record({ seed: fc.nat(), loss: fc.nat(70), spreadMs: fc.nat(30), cutMs: fc.nat(3000), oneWay: fc.boolean() });
  fc.assert(
    fc.property(link, ({ seed, loss, spreadMs, cutMs, oneWay }) => {
      const nodes = new BfdNodes({}, {}, seed);
      let state = seed;
      const dice = () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return state / 0x1_0000_0000;
      };
      nodes.fate = () => (dice() * 100 < loss ? undefined : Math.floor(dice() * spreadMs * MS));
      nodes.run(3 * S);
      nodes.fate = ({ from }) => (oneWay && from === 'a' ? MS : undefined);
      nodes.run(nodes.atUs + cutMs * MS);
      nodes.fate = () => MS;
      nodes.up();
      for (const side of ['a', 'b'] as const) {
        const events = nodes.events(side);
        assert.ok(
          events.every((up, index) => index === 0 || up !== events[index - 1]),
          'each event is news',
        );
        assert.ok(nodes.lines(side).every((line) => !line.includes('Expired after') || Number(/after (\d+) ms/.exec(line)?.[1]) >= 50));
      }
      const healed = nodes.atUs;
      nodes.run(healed + 5 * S);
      assert.deepEqual([nodes.events('a', healed), nodes.events('b', healed)], [[], []], 'a good link loses nothing');
    }),
    { numRuns: 60 },
  );
});
