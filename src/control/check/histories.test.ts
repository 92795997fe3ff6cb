// The machine of health checks through random histories: servers that fail and come back, maintenance, reloads, silence, clocks that jump ahead.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CheckBed, checker, failure, SECOND } from '../../../test/support/check-bed.js';
import fc from '../../../test/support/properties.js';
import { realServer, virtualServer } from '../../../test/support/virtual-server.js';
import type { CheckKind, VirtualServer } from '../../model/keepalived/virtual-server.js';
import { itemsFrom, itemsOf } from '../timed-list.js';
import { realIdentity, realOfServerIdentity } from './identity.js';
import { isAttempted } from './kinds/index.js';

const NAME = '[192.0.2.1]:tcp:80';
const ADDRESSES = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'] as const;
const SORRY = '10.0.0.9';
const script = (text: string) => ({ argv: [text], text });

const KINDS: readonly CheckKind[] = [
  { kind: 'tcp' },
  { kind: 'smtp' },
  { kind: 'misc', script: script('/x'), timeoutUs: 0, dynamic: true },
  { kind: 'http', urls: [{}, {}], protocol: '1.0', fastRecovery: true, sni: false, tlsCompliant: false } as never,
  { kind: 'file', trackFile: 'load', weight: -3, reverse: false },
  { kind: 'bfd', name: 'peer' },
];

const arbitraryReal = (address: string) =>
  fc
    .record({ weight: fc.integer({ min: 0, max: 10 }), inhibit: fc.boolean(), alpha: fc.boolean(), kinds: fc.subarray([...KINDS]) })
    .map(({ weight, inhibit, alpha, kinds }) =>
      realServer(address, {
        weight,
        inhibitOnFailure: inhibit,
        slowStartUs: (weight % 3) * 20 * SECOND,
        alpha,
        notifyUp: script(`up ${address}`),
        notifyDown: script(`down ${address}`),
        checkers: kinds.map((kind) =>
          checker(kind, { alpha, retry: weight % 3, rise: 1 + (weight % 2), fall: 1 + (weight % 4), warmupUs: SECOND }),
        ),
      }),
    );

const arbitraryServer: fc.Arbitrary<VirtualServer> = fc
  .record({
    servers: fc.tuple(...ADDRESSES.map((address) => fc.option(arbitraryReal(address), { nil: undefined }))),
    quorum: fc.integer({ min: 1, max: 12 }),
    hysteresis: fc.integer({ min: 0, max: 3 }),
    sorry: fc.boolean(),
    inhibit: fc.boolean(),
  })
  .map(({ servers, quorum, hysteresis, sorry, inhibit }) =>
    virtualServer({
      realServers: servers.filter((one) => one !== undefined),
      quorum,
      hysteresis: Math.min(hysteresis, quorum - 1),
      quorumUp: script('quorum up'),
      quorumDown: script('quorum down'),
      ...(sorry ? { sorryServer: realServer(SORRY), sorryInhibit: inhibit } : {}),
    }),
  );

type Event =
  | { readonly kind: 'pass'; readonly seconds: number }
  | { readonly kind: 'answer'; readonly address: string; readonly ok: boolean; readonly status: number }
  | { readonly kind: 'file'; readonly value: number | undefined }
  | { readonly kind: 'bfd'; readonly up: boolean }
  | { readonly kind: 'maintenance'; readonly addresses: readonly string[] }
  | { readonly kind: 'busy'; readonly busy: boolean }
  | { readonly kind: 'reload'; readonly server: VirtualServer }
  | { readonly kind: 'same' };

const arbitraryEvent: fc.Arbitrary<Event> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('pass' as const), seconds: fc.integer({ min: 0, max: 40 }) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      address: fc.constantFrom(...ADDRESSES),
      ok: fc.boolean(),
      status: fc.integer({ min: 0, max: 255 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pass' as const), seconds: fc.constant(100_000) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('file' as const), value: fc.option(fc.integer({ min: -9, max: 9 }), { nil: undefined }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('bfd' as const), up: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('maintenance' as const), addresses: fc.subarray([...ADDRESSES], { maxLength: 2 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('busy' as const), busy: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reload' as const), server: arbitraryServer }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'same' as const }) },
);

function play(bed: CheckBed, event: Event): void {
  switch (event.kind) {
    case 'pass': {
      // After a long sleep of the machine there is one wake, and no storm of what was missed.
      if (event.seconds > 1000) bed.nowUs += event.seconds * SECOND;
      const asked = bed.attempts.length;
      if (event.seconds > 1000) bed.feed({ kind: 'wake' });
      assert.ok(
        event.seconds <= 1000 || bed.attempts.length - asked <= 2 * itemsOf(bed.state.checkers).length,
        'each check is made one time',
      );
      bed.pass(event.seconds > 1000 ? 0 : event.seconds);
      break;
    }
    case 'answer':
      bed.answers.set(event.address, event.ok ? { kind: 'success', status: event.status } : failure());
      break;
    case 'file':
      bed.feed({ kind: 'file', name: 'load', value: event.value });
      break;
    case 'bfd':
      bed.feed({ kind: 'bfd', name: 'peer', up: event.up });
      break;
    case 'maintenance': {
      const keys = event.addresses.map((address) => realOfServerIdentity(virtualServer(), realServer(address)));
      const before = bed.pool();
      bed.feed({ kind: 'maintenance', reals: new Set(keys) });
      assert.deepEqual(bed.pool(), before, 'what was found stays');
      break;
    }
    case 'busy':
      bed.result = event.busy ? { kind: 'busy', who: 'a process' } : { kind: 'done', refused: [] };
      break;
    case 'reload':
      bed.configure([event.server]);
      break;
    case 'same': {
      const [before, notified] = [bed.pool(), bed.notified.length];
      bed.configure(bed.state.servers.map(({ config }) => config));
      assert.deepEqual(bed.pool(), before, 'a reload changes nothing that the file did not change');
      assert.equal(bed.notified.length, notified);
    }
  }
}

function examine(bed: CheckBed): void {
  const [server] = bed.state.servers;
  assert.ok(server !== undefined);
  const pool = new Map((bed.pool() ?? []).map((line) => line.split(' ') as [string, string]));
  for (const weight of pool.values()) assert.ok(Number(weight) >= 0 && Number(weight) <= 65_535, weight);
  for (const { config, alive, firstChecker, checkerCount } of server.reals) {
    const checkers = itemsFrom(bed.state.checkers, firstChecker, checkerCount);
    assert.equal(
      alive,
      checkers.every(({ up }) => up),
      'alive while all its checks are up',
    );
    const address = `10.0.0.${(config.address.words[0] ?? 0) & 255}`;
    assert.equal(pool.has(address), (alive && !server.sorry) || config.inhibitOnFailure, `${address} is where it belongs`);
    if (!alive || server.sorry) assert.ok(Number(pool.get(address) ?? 0) === 0);
  }
  assert.equal(pool.has(SORRY), server.config.sorryServer !== undefined && (server.sorry || server.config.sorryInhibit));
  assert.ok(!(server.sorry && server.quorumUp), 'the sorry server serves without quorum only');
  for (const one of itemsOf(bed.state.checkers)) {
    assert.ok(one.attempt === 0 || one.dueAtUs === undefined, 'one attempt of a check at a time');
    assert.ok(!isAttempted(one.config.check.kind) || one.attempt !== 0 || one.dueAtUs !== undefined, 'no check is forgotten');
  }
}

/** Ups and downs of one thing alternate, from reload to reload. */
function alternates(lines: readonly string[], what: string): void {
  const words = lines.filter((line) => line.startsWith(what)).map((line) => line.split(' ').at(-1));
  words.forEach((word, index) => assert.ok(index === 0 || word !== words[index - 1], `${what}: ${words.join(' ')}`));
}

test('histories keep the invariants', () => {
  fc.assert(
    fc.property(arbitraryServer, fc.array(arbitraryEvent, { maxLength: 40 }), (server, events) => {
      const bed = new CheckBed();
      bed.configure([server]);
      examine(bed);
      for (const event of events) {
        if (event.kind === 'reload') bed.notified.length = 0;
        const [asked, maintained] = [bed.attempts.length, bed.state.maintained];
        play(bed, event);
        examine(bed);
        const own = [...maintained].map((key) => key.split('\n').at(-1));
        for (const attempt of event.kind === 'pass' ? bed.attempts.slice(asked) : [])
          assert.ok(!own.includes(realIdentity(realServer(attempt.split(' ')[0] ?? ''))), 'a server in maintenance is not asked');
        alternates(bed.notified, `VS ${NAME}`);
      }
      bed.result = { kind: 'done', refused: [] };
      bed.feed({ kind: 'stop', keepServers: false });
      bed.pass(120);
      assert.equal(bed.pool(), undefined);
      assert.equal(bed.wakeAtUs, undefined, 'nothing is left to do');
    }),
    { numRuns: 400 },
  );
});
