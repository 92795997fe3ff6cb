// A full table: what gives way to a new connection, and that neither forged nor dead connections keep new clients out.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Bed, skipReason } from './bed.js';
import { bedOfCrowd, Crowd, SLOTS, STATES } from './crowd.js';

const skip = skipReason();
/** Numbers of clients: the crowd that fills the table, and those who come later. */
const CROWD = 64;
const LATER = 10_000;

let bed: Bed | undefined;
let attached: 'tc' | 'xdp' | undefined;
after(() => bed?.close());

/** One for all tests, as just loaded. */
function emptyBed(attach: 'tc' | 'xdp'): Bed {
  bed ??= bedOfCrowd(attach);
  if (attached === attach || attached === undefined) bed.wipe();
  else bed.attach(attach);
  attached = attach;
  return bed;
}

for (const attach of ['tc', 'xdp'] as const) {
  const hook = attach === 'tc' ? 'ingress' : 'xdp';

  function withCrowd(method: 'masq' | 'route', work: (crowd: Crowd) => void): void {
    work(new Crowd(emptyBed(attach), method, hook));
  }

  /** Fills the table by what `open` does for each client. */
  function fill(crowd: Crowd, open: (client: number) => void): void {
    for (let client = CROWD; crowd.clients().length < SLOTS; client++) open(client);
  }

  for (const method of ['masq', 'route'] as const) {
    test(`${attach}, ${method}: connections of a SYN and an ACK alone give way, and one in use stays`, { skip }, () => {
      withCrowd(method, (crowd) => {
        assert.ok(crowd.sends(1, 'S', 'A'));
        crowd.age(2);
        assert.ok(crowd.sends(1, 'A'), 'after two seconds it is proven');
        fill(crowd, (client) => assert.ok(crowd.sends(client, 'S', 'A')));
        assert.ok(!crowd.sends(LATER, 'S'), 'they are as young as any connection of a client');
        crowd.age(3);
        for (let client = LATER; client < LATER + 4 * SLOTS; client++) assert.ok(crowd.sends(client, 'S'), `client ${client} is served`);
        assert.ok(crowd.has(1));
        assert.deepEqual(crowd.drops(), { table_full: 1, idle_replaced: SLOTS - 1, half_open_replaced: 3 * SLOTS + 1 });
      });
    });

    test(`${attach}, ${method}: connections that their clients ended give way immediately or after two seconds`, { skip }, () => {
      withCrowd(method, (crowd) => {
        assert.ok(crowd.sends(1, 'S', 'A'));
        fill(crowd, (client) => assert.ok(crowd.sends(client, 'S', 'A', 'FA')));
        crowd.age(3, ({ state }) => state !== STATES.ESTABLISHED);
        for (let client = LATER; client < LATER + SLOTS - 1; client++) assert.ok(crowd.sends(client, 'S', 'A'), `client ${client}`);
        assert.ok(crowd.has(1));
        assert.deepEqual(crowd.drops(), { closed_replaced: SLOTS - 1 });
      });
    });

    test(`${attach}, ${method}: many short connections: each is served, and those in use go on`, { skip }, () => {
      withCrowd(method, (crowd) => {
        const users = [1, 2, 3, 4, 5];
        for (const user of users) assert.ok(crowd.sends(user, 'S', 'A'));
        crowd.age(2);
        for (let client = LATER; client < LATER + 1500; client++) {
          assert.ok(crowd.sends(client, 'S', 'A', 'FA'), `client ${client} is served`);
          // as many seconds as the first of them take to be over
          if (client % 20 === 0) crowd.age(2, ({ state }) => state === STATES.FIN_WAIT || state === STATES.CLOSE_WAIT);
          if (client % 20 === 0) for (const user of users) assert.ok(crowd.sends(user, 'A'), `user ${user} goes on`);
        }
        for (const user of users) assert.ok(crowd.has(user));
      });
    });
  }

  test(`${attach}: a SYN and a FIN by NAT close: the connection gives way immediately`, { skip }, () => {
    withCrowd('masq', (crowd) => {
      assert.ok(crowd.sends(1, 'S', 'A'));
      fill(crowd, (client) => assert.ok(crowd.sends(client, 'S', 'FA')));
      for (let client = LATER; client < LATER + SLOTS - 1; client++) assert.ok(crowd.sends(client, 'S', 'A'), `client ${client}`);
      assert.ok(crowd.has(1));
      assert.deepEqual(crowd.drops(), { closed_replaced: SLOTS - 1 });
    });
  });

  test(`${attach}: a SYN with an ACK under DR opens a half-open connection, which gives way`, { skip }, () => {
    withCrowd('route', (crowd) => {
      fill(crowd, (client) => assert.ok(crowd.sends(client, 'SA')));
      for (let client = LATER; client < LATER + SLOTS; client++) assert.ok(crowd.sends(client, 'S', 'A'));
      assert.deepEqual(crowd.drops(), { half_open_replaced: SLOTS });
    });
  });

  test(`${attach}: by NAT a server that goes on after the handshake proves its client; an RST closes`, { skip }, () => {
    withCrowd('masq', (crowd) => {
      for (const client of [1, 2]) assert.ok(crowd.sends(client, 'S'));
      for (const client of [1, 2]) crowd.answers(client, 'SA');
      for (const client of [1, 2]) assert.ok(crowd.sends(client, 'A'));
      crowd.answers(1, 'PA');
      crowd.answers(2, 'RA');
      fill(crowd, (client) => assert.ok(crowd.sends(client, 'S', 'A')));
      crowd.age(30);
      assert.ok(crowd.sends(LATER, 'S', 'A'));
      assert.ok(crowd.has(1) && !crowd.has(2), 'what the server closed goes first');
      for (let client = LATER + 1; client < LATER + SLOTS - 1; client++) assert.ok(crowd.sends(client, 'S', 'A'));
      assert.ok(crowd.has(1), 'what it went on with goes last');
    });
  });

  for (const [method, seconds] of [
    ['masq', 60],
    ['route', 10],
  ] as const) {
    test(`${attach}, ${method}: an established connection gives way after ${seconds} s without a packet, not before`, { skip }, () => {
      withCrowd(method, (crowd) => {
        fill(crowd, (client) => assert.ok(crowd.sends(client, 'S', 'A')));
        crowd.age(2);
        const old = crowd.clients();
        for (const client of old) assert.ok(crowd.sends(client, 'A'));
        crowd.age(seconds - 5);
        assert.ok(!crowd.sends(LATER, 'S'));
        crowd.age(10);
        assert.ok(crowd.sends(LATER, 'S'));
        assert.equal(crowd.clients().filter((client) => old.includes(client)).length, SLOTS - 1);
        assert.deepEqual(crowd.drops(), { table_full: 1, idle_replaced: 1 });
      });
    });
  }

  test(`${attach}: under DR clients that go on, forged or not, keep new ones out for ten seconds; the longest idle goes first`, {
    skip,
  }, () => {
    withCrowd('route', (crowd) => {
      assert.ok(crowd.sends(1, 'S', 'A'));
      fill(crowd, (client) => assert.ok(crowd.sends(client, 'S', 'A')));
      crowd.age(2);
      const forged = crowd.clients().filter((client) => client !== 1);
      for (const client of forged) assert.ok(crowd.sends(client, 'A'));
      crowd.age(9);
      assert.ok(crowd.sends(1, 'A'), 'one in use');
      crowd.age(4);
      for (let client = LATER; client < LATER + forged.length; client++) assert.ok(crowd.sends(client, 'S', 'A'), `client ${client}`);
      assert.ok(crowd.has(1));
      assert.deepEqual(crowd.drops(), { idle_replaced: forged.length });
    });
  });

  test(`${attach}: single datagrams do not drive out a client of UDP that goes on`, { skip }, () => {
    withCrowd('masq', (crowd) => {
      assert.ok(crowd.sends(1, 'UDP'));
      crowd.age(2);
      assert.ok(crowd.sends(1, 'UDP'));
      for (let client = LATER; client < LATER + 5 * SLOTS; client++) assert.ok(crowd.sends(client, 'UDP'));
      assert.ok(crowd.has(1));
    });
  });
}
