import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooserOf, chosen, poolOf, poolServer, requestOf } from '../../../../test/support/layer7.js';
import fc from '../../../../test/support/properties.js';
import type { Balance } from '../../../model/layer7/pool.js';
import { templateOf } from '../../../model/layer7/template.js';
import { Attempt } from './attempt.js';
import { NO_SERVER, type PoolChooser } from './pool-chooser.js';

const SECOND_US = 1_000_000;
const request = requestOf('/');
const servers = (...weights: readonly number[]) => weights.map((weight, index) => poolServer(`10.0.0.${index + 1}:80`, { weight }));
const letters = (list: readonly number[]): string => list.map((index) => (index < 0 ? '-' : 'abcdef'[index])).join('');

/** One request that fails on each server it gets until it has none. */
function failing(chooser: PoolChooser, nowUs: number, facts = request): string {
  const attempt = new Attempt();
  chooser.begin(attempt, facts);
  const got: number[] = [];
  for (let server = chooser.choose(attempt, facts, nowUs); server !== NO_SERVER; server = chooser.choose(attempt, facts, nowUs)) {
    got.push(server);
    chooser.onResult(server, 'failed', nowUs);
  }
  return letters(got);
}

test('smooth round robin: 5, 1, 1 is a a b a c a a', () => {
  const chooser = chooserOf(poolOf(servers(5, 1, 1)));
  assert.equal(letters(chosen(chooser, 14)), 'aabacaaaabacaa');
  assert.equal(letters(chosen(chooserOf(poolOf(servers(1, 1, 1))), 6)), 'abcabc');
});

test('max_fails, fail_timeout, and one trial a period', () => {
  const chooser = chooserOf(poolOf(servers(1, 1)));
  const attempt = new Attempt();
  chooser.begin(attempt, request);
  assert.equal(chooser.choose(attempt, request, 0), 0);
  chooser.onResult(0, 'failed', 0);
  assert.equal(chooser.choose(attempt, request, 0), 1);
  chooser.onResult(1, 'ok', 0);
  assert.equal(letters(chosen(chooser, 3, request, 5 * SECOND_US)), 'bbb');
  assert.equal(letters(chosen(chooser, 2, request, 10 * SECOND_US)), 'bb', 'fail_timeout itself still counts');
  const trial = 11 * SECOND_US;
  const first = new Attempt();
  const got = [0, 1, 2].map(() => {
    chooser.begin(first, request);
    return chooser.choose(first, request, trial);
  });
  assert.equal(got.filter((server) => server === 0).length, 1, 'one trial, while it has no answer');
  for (const server of got) chooser.onResult(server, 'ok', trial + 1);
  assert.deepEqual([...new Set(chosen(chooser, 4, request, trial + 2))].sort(), [0, 1]);
});

test('max_fails 0 does not count, and a single server stays', () => {
  const uncounted = chooserOf(poolOf([poolServer('10.0.0.1:80', { maxFails: 0 }), poolServer('10.0.0.2:80', { maxFails: 0 })]));
  assert.equal(failing(uncounted, 0), 'ab');
  assert.equal(failing(uncounted, 1), 'ba');
  const single = chooserOf(poolOf(servers(1)));
  assert.equal(failing(single, 0), 'a');
  assert.equal(failing(single, 1), 'a');
  single.setHealth(0, false);
  assert.equal(failing(single, 2), '', 'the verdict of health checks counts');
});

test('backup servers only when there is no other; max_conns; down; why there is none', () => {
  const chooser = chooserOf(
    poolOf([
      poolServer('10.0.0.1:80', { maxConns: 1 }),
      poolServer('10.0.0.2:80', { down: true }),
      poolServer('10.0.0.3:80', { backup: true }),
    ]),
  );
  assert.equal(letters(chosen(chooser, 3)), 'aaa');
  const attempts = [new Attempt(), new Attempt()];
  const got = attempts.map((attempt) => {
    chooser.begin(attempt, request);
    return chooser.choose(attempt, request, 0);
  });
  assert.equal(letters(got), 'ac');
  chooser.setHealth(2, false);
  const last = new Attempt();
  chooser.begin(last, request);
  assert.equal(chooser.choose(last, request, 0), NO_SERVER);
  assert.equal(chooser.whyNone(last, 0), '1 full, 1 down, 1 unhealthy');
});

test('least_conn: fewest by weight, equals by round robin', () => {
  const chooser = chooserOf(poolOf(servers(2, 1), { kind: 'least_conn' }));
  const open = (): number => {
    const attempt = new Attempt();
    chooser.begin(attempt, request);
    return chooser.choose(attempt, request, 0);
  };
  assert.equal(letters([open(), open(), open(), open(), open(), open()]), 'ababaa', 'by hand from the source of nginx');
  chooser.onResult(1, 'ok', 0);
  assert.equal(letters([open()]), 'b');
});

test('a weight of 0 drains: only clients of a cookie come; a weight back is used', () => {
  const cookie = { kind: 'cookie', name: 'sid', path: '/', httpOnly: true, secure: false } as const;
  const chooser = chooserOf(poolOf(servers(1, 1), { kind: 'round_robin' }, cookie));
  chooser.setWeight(0, 0);
  assert.equal(letters(chosen(chooser, 3)), 'bbb');
  const id = chooser.cookieValue(0) ?? '';
  assert.match(id, /^[0-9a-f]{32}$/);
  const bound = requestOf('/', 'h', '192.0.2.1', { cookie: `xsid=1; sid=${id}; y=2` });
  assert.equal(letters(chosen(chooser, 3, bound)), 'aaa');
  assert.equal(failing(chooser, 0, bound), 'ab', 'a try after a failure is balanced');
  assert.equal(letters(chosen(chooser, 2, bound)), '--');
  chooser.setWeight(0, 2);
  assert.equal(letters(chosen(chooser, 1, requestOf('/'), 11 * SECOND_US)), 'a');
  const other = chooserOf({ ...poolOf(servers(1, 1), { kind: 'round_robin' }, cookie), name: 'other' });
  assert.notEqual(other.cookieValue(0), id);
});

const hashKinds: readonly Balance[] = [
  { kind: 'ip_hash' },
  { kind: 'hash', key: templateOf('$uri'), consistent: false },
  { kind: 'hash', key: templateOf('$uri'), consistent: true },
  { kind: 'sum', key: templateOf('$uri') },
];

test('hashes: the same key, the same server; another one while that is out, and only for its keys', () => {
  for (const balance of hashKinds) {
    const pool = poolOf(servers(1, 1, 1), balance);
    const requests = Array.from({ length: 300 }, (_, n) => requestOf(`/${n * 7919}`, 'h', `10.${n % 200}.${(n * 31) % 250}.9`));
    const [whole, broken] = [chooserOf(pool), chooserOf(pool)];
    const before = requests.map((one) => chosen(whole, 1, one)[0]);
    assert.deepEqual(
      requests.map((one) => chosen(whole, 1, one)[0]),
      before,
    );
    broken.setHealth(1, false);
    const after = requests.map((one) => chosen(broken, 1, one)[0]);
    assert.ok(
      after.every((server, n) => server !== 1 && (before[n] === 1 || server === before[n])),
      balance.kind,
    );
    assert.deepEqual([...new Set(before)].sort(), [0, 1, 2]);
  }
});

test('consistent hashing: of a server more, only its share of the keys moves', () => {
  const balance: Balance = { kind: 'hash', key: templateOf('$uri'), consistent: true };
  const [few, more] = [chooserOf(poolOf(servers(1, 1, 1, 1), balance)), chooserOf(poolOf(servers(1, 1, 1, 1, 1), balance))];
  const requests = Array.from({ length: 2000 }, (_, n) => requestOf(`/item/${n}`));
  const moves = requests.map((one) => [chosen(few, 1, one)[0], chosen(more, 1, one)[0]]).filter(([a, b]) => a !== b);
  assert.ok(moves.every(([, to]) => to === 4));
  assert.ok(moves.length > 250 && moves.length < 550, String(moves.length));
});

test('a field binds clients; without it the balance decides', () => {
  const chooser = chooserOf(poolOf(servers(1, 1), { kind: 'round_robin' }, { kind: 'field', name: 'x-user' }));
  const of = (user: string): string => letters(chosen(chooser, 2, requestOf('/', 'h', '192.0.2.1', { 'x-user': user })));
  const users = Array.from({ length: 20 }, (_, n) => of(`user${n}`));
  assert.deepEqual([...new Set(users)].sort(), ['aa', 'bb']);
  assert.equal(letters(chosen(chooser, 4)), 'abab');
});

test('shares are weights, by round robin exactly, by chance nearly', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 6 }), (weights) => {
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      const got = chosen(chooserOf(poolOf(servers(...weights))), total);
      assert.deepEqual(
        weights.map((_, index) => got.filter((one) => one === index).length),
        weights,
      );
    }),
  );
  const got = chosen(chooserOf(poolOf(servers(3, 1), { kind: 'random', two: false })), 4000);
  const share = got.filter((one) => one === 0).length;
  assert.ok(share > 2850 && share < 3150, String(share));
});

test('failures lower the effective weight, successes raise it by one each', () => {
  const chooser = chooserOf(
    poolOf([poolServer('10.0.0.1:80', { weight: 4, maxFails: 2 }), poolServer('10.0.0.2:80', { weight: 4, maxFails: 2 })]),
  );
  const attempt = new Attempt();
  chooser.begin(attempt, request);
  assert.equal(chooser.choose(attempt, request, 0), 0);
  chooser.onResult(0, 'failed', 0);
  const got = letters(chosen(chooser, 8, request, 1));
  assert.equal(got.length, 8);
  assert.ok(got.split('a').length < got.split('b').length, got);
  assert.equal(letters(chosen(chooser, 20, request, 2)).split('a').length - 1, 10);
});

test('random histories: no server that is out is chosen, none twice in a request, connections come to nothing', () => {
  const kinds: readonly Balance[] = [...hashKinds, { kind: 'round_robin' }, { kind: 'least_conn' }, { kind: 'random', two: true }];
  const event = fc.record({
    what: fc.constantFrom('ok', 'failed', 'health', 'weight'),
    server: fc.nat(3),
    value: fc.nat(3),
    path: fc.nat(50),
  });
  fc.assert(
    fc.property(fc.constantFrom(...kinds), fc.array(event, { maxLength: 60 }), (balance, events) => {
      const chooser = chooserOf(poolOf(servers(2, 1, 1, 3), balance));
      const out = [false, false, false, false];
      const drained = [false, false, false, false];
      for (const [n, { what, server, value, path }] of events.entries()) {
        const nowUs = n * SECOND_US;
        if (what === 'health') {
          out[server] = value === 0;
          chooser.setHealth(server, value !== 0);
        } else if (what === 'weight') {
          drained[server] = value === 0;
          chooser.setWeight(server, value);
        } else {
          const facts = requestOf(`/${path}`);
          const attempt = new Attempt();
          chooser.begin(attempt, facts);
          const got: number[] = [];
          for (let one = chooser.choose(attempt, facts, nowUs); one !== NO_SERVER; one = chooser.choose(attempt, facts, nowUs)) {
            assert.ok(!out[one] && !drained[one] && !got.includes(one));
            got.push(one);
            chooser.onResult(one, what === 'ok' ? 'ok' : 'failed', nowUs);
            if (what === 'ok') break;
          }
        }
      }
      assert.deepEqual(
        [0, 1, 2, 3].map((server) => chooser.conns(server)),
        [0, 0, 0, 0],
      );
    }),
  );
});
