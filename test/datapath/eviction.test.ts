// A full table: what gives way to a new connection, and that neither forged nor dead connections keep new clients out.
import assert from 'node:assert/strict';
import { cpus } from 'node:os';
import { after } from 'node:test';
import { runOnCpus } from '../../src/sys/processes/scheduling.js';
import { breadth, test } from '../support/breadth.js';
import { type Bed, skipReason } from './bed.js';
import { bedOfCrowd, Crowd, SLOTS, STATES } from './crowd.js';
import { IPv4, IPv6 } from './fixtures/family.js';

const skip = skipReason();
/** Numbers of clients: the crowd that fills the table, and those who come later. */
const CROWD = 64;
const LATER = 10_000;

let bed: Bed | undefined;
let attached: 'tc' | 'xdp' | undefined;
after(() => bed?.close());

/** One for all tests, as just loaded. */
function emptyBed(attach: 'tc' | 'xdp'): Bed {
  runOnCpus([0]); // each CPU remembers by itself that a table was full, also of the test before
  bed ??= bedOfCrowd(attach);
  if (attached === attach || attached === undefined) bed.wipe();
  else bed.attach(attach);
  attached = attach;
  return bed;
}

/** Fills the table by what `open` does for each client. */
function fill(crowd: Crowd, open: (client: number) => void): void {
  for (let client = CROWD; crowd.clients().length < SLOTS; client++) open(client);
}

const PLACES = (['tc', 'xdp'] as const).flatMap((attach) => [IPv4, IPv6].map((family) => ({ attach, family })));

for (const { attach, family } of PLACES) {
  const hook = attach === 'tc' ? 'ingress' : 'xdp';
  const where = `${attach}, ${family.name}`;
  const declare = (attach === 'tc') === (family === IPv4) ? test : breadth;

  function withCrowd(method: 'masq' | 'route', work: (crowd: Crowd) => void): void {
    work(new Crowd(emptyBed(attach), method, hook, { family, sctp: false }));
  }

  for (const method of ['masq', 'route'] as const) {
    declare(`${where}, ${method}: connections of a SYN and an ACK alone give way, and one in use stays`, { skip }, () => {
      withCrowd(method, (crowd) => {
        assert.ok(crowd.sends(1, 'S', 'A'));
        crowd.age(2);
        assert.ok(crowd.sends(1, 'A'), 'after two seconds it is proven');
        fill(crowd, (client) => assert.ok(crowd.sends(client, 'S', 'A')));
        assert.ok(!crowd.sends(LATER, 'S'), 'they are as young as any connection of a client');
        crowd.age(3);
        for (let client = LATER; client < LATER + 4 * SLOTS; client++) assert.ok(crowd.sends(client, 'S'), `client ${client} is served`);
        assert.ok(crowd.has(1));
        const { table_full: refused, idle_replaced: idle = 0, half_open_replaced: halfOpen = 0, ...others } = crowd.drops();
        assert.deepEqual([refused, idle + halfOpen, others], [1, 4 * SLOTS, {}]);
        // Where the test is held up, half-open ones get old enough to go first.
        assert.ok(idle > 0 && idle < SLOTS, `${idle} of those with an ACK`);
      });
    });

    declare(`${where}, ${method}: connections that their clients ended give way immediately or after two seconds`, { skip }, () => {
      withCrowd(method, (crowd) => {
        assert.ok(crowd.sends(1, 'S', 'A'));
        fill(crowd, (client) => assert.ok(crowd.sends(client, 'S', 'A', 'FA')));
        crowd.age(3, ({ state }) => state !== STATES.ESTABLISHED);
        for (let client = LATER; client < LATER + SLOTS - 1; client++) assert.ok(crowd.sends(client, 'S', 'A'), `client ${client}`);
        assert.ok(crowd.has(1));
        assert.deepEqual(crowd.drops(), { closed_replaced: SLOTS - 1 });
      });
    });

    declare(`${where}, ${method}: many short connections: each is served, and those in use go on`, { skip }, () => {
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

  declare(`${where}: a SYN and a FIN by NAT close: the connection gives way immediately`, { skip }, () => {
    withCrowd('masq', (crowd) => {
      assert.ok(crowd.sends(1, 'S', 'A'));
      fill(crowd, (client) => assert.ok(crowd.sends(client, 'S', 'FA')));
      for (let client = LATER; client < LATER + SLOTS - 1; client++) assert.ok(crowd.sends(client, 'S', 'A'), `client ${client}`);
      assert.ok(crowd.has(1));
      assert.deepEqual(crowd.drops(), { closed_replaced: SLOTS - 1 });
    });
  });

  declare(`${where}: in a full table the search ends at home, where something closed is there`, { skip }, () => {
    withCrowd('masq', (crowd) => {
      fill(crowd, (client) => assert.ok(crowd.sends(client, 'S', 'FA')));
      for (let client = LATER; client < LATER + SLOTS; client++) assert.ok(crowd.sends(client, 'S', 'FA'));
      const later = crowd.slots().filter(({ port }) => port >= crowd.portOf(LATER));
      const pushed = later.filter((slot) => slot.away > 0);
      // The first search of each CPU is a whole one.
      assert.ok(later.length >= SLOTS / 8 && pushed.length <= cpus().length, `${pushed.length} of ${later.length} stand away from home`);
    });
  });

  declare(`${where}: a SYN with an ACK under DR opens a half-open connection, which gives way`, { skip }, () => {
    withCrowd('route', (crowd) => {
      fill(crowd, (client) => assert.ok(crowd.sends(client, 'SA')));
      for (let client = LATER; client < LATER + SLOTS; client++) assert.ok(crowd.sends(client, 'S', 'A'));
      assert.deepEqual(crowd.drops(), { half_open_replaced: SLOTS });
    });
  });

  declare(`${where}: by NAT a server that goes on after the handshake proves its client; an RST closes`, { skip }, () => {
    withCrowd('masq', (crowd) => {
      for (const client of [1, 2]) assert.ok(crowd.sends(client, 'S'));
      for (const client of [1, 2]) crowd.answers(client, 'SA');
      for (const client of [1, 2]) assert.ok(crowd.sends(client, 'A'));
      crowd.answers(1, 'PA');
      crowd.answers(2, 'RA');
      fill(crowd, (client) => assert.ok(crowd.sends(client, 'S', 'A')));
      assert.ok(crowd.sends(LATER, 'S', 'A'));
      assert.ok(crowd.has(1) && !crowd.has(2), 'what the server closed goes immediately');
      crowd.age(30);
      for (let client = LATER + 1; client < LATER + SLOTS - 1; client++) assert.ok(crowd.sends(client, 'S', 'A'));
      assert.ok(crowd.has(1), 'what it went on with stays');
    });
  });

  for (const [method, seconds] of [
    ['masq', 60],
    ['route', 10],
  ] as const) {
    declare(`${where}, ${method}: an established connection gives way after ${seconds} s without a packet, not before`, { skip }, () => {
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

  declare(
    `${where}: under DR clients that go on, forged or not, keep new ones out for ten seconds; the longest idle goes first`,
    {
      skip,
    },
    () => {
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
    },
  );

  declare(`${where}: single datagrams do not drive out a client of UDP that goes on`, { skip }, () => {
    withCrowd('masq', (crowd) => {
      assert.ok(crowd.sends(1, 'UDP'));
      crowd.age(2);
      assert.ok(crowd.sends(1, 'UDP'));
      for (let client = LATER; client < LATER + 5 * SLOTS; client++) assert.ok(crowd.sends(client, 'UDP'));
      assert.ok(crowd.has(1));
    });
  });
}

/** What opens an association, which then is established. */
function associates(crowd: Crowd, method: 'masq' | 'route', client: number): void {
  assert.ok(crowd.sends(client, 'init'), `client ${client}`);
  if (method === 'masq') crowd.answers(client, 'initAck');
  assert.ok(crowd.sends(client, 'cookieEcho'));
  if (method === 'masq') crowd.answers(client, 'cookieAck');
}

for (const { attach, family } of PLACES) {
  const hook = attach === 'tc' ? 'ingress' : 'xdp';

  const declare = (attach === 'tc') === (family === IPv4) ? test : breadth;

  for (const method of ['masq', 'route'] as const) {
    const where = `SCTP, ${attach}, ${family.name}, ${method}`;

    function withCrowd(work: (crowd: Crowd) => void): void {
      work(new Crowd(emptyBed(attach), method, hook, { family, sctp: true }));
    }

    declare(`${where}: half-open associations give way, and one in use stays`, { skip }, () => {
      withCrowd((crowd) => {
        associates(crowd, method, 1);
        crowd.age(2);
        assert.ok(crowd.sends(1, 'data'), 'after two seconds it is proven');
        fill(crowd, (client) => assert.ok(crowd.sends(client, 'init')));
        crowd.age(2);
        for (let client = LATER; client < LATER + 3 * SLOTS; client++) assert.ok(crowd.sends(client, 'init'), `client ${client} is served`);
        assert.ok(crowd.has(1));
        assert.deepEqual(crowd.drops(), { half_open_replaced: 3 * SLOTS });
      });
    });

    declare(`${where}: what a client opened and left without data gives way after two seconds, not before`, { skip }, () => {
      withCrowd((crowd) => {
        associates(crowd, method, 1);
        crowd.age(2);
        assert.ok(crowd.sends(1, 'data'));
        fill(crowd, (client) => associates(crowd, method, client));
        assert.ok(!crowd.sends(LATER, 'init'), 'they are as young as any association of a client');
        crowd.age(3);
        for (let client = LATER; client < LATER + SLOTS - 1; client++) associates(crowd, method, client);
        assert.ok(crowd.has(1));
        assert.deepEqual(crowd.drops(), { table_full: 1, idle_replaced: SLOTS - 1 });
      });
    });

    declare(`${where}: an aborted association gives way immediately, one that is shut down after two seconds`, { skip }, () => {
      withCrowd((crowd) => {
        associates(crowd, method, 1);
        crowd.age(2);
        assert.ok(crowd.sends(1, 'data'));
        let next = 0;
        fill(crowd, (client) => {
          associates(crowd, method, client);
          assert.ok(crowd.sends(client, next++ % 2 === 0 ? 'abort' : 'shutdown'));
        });
        const aborted = Math.ceil(next / 2);
        for (let client = LATER; client < LATER + aborted; client++) associates(crowd, method, client);
        assert.ok(!crowd.sends(LATER + aborted, 'init'), 'no aborted one is left');
        crowd.age(2);
        assert.ok(crowd.sends(1, 'data'));
        for (let client = LATER + aborted; client < LATER + next; client++) associates(crowd, method, client);
        assert.ok(crowd.has(1));
        assert.deepEqual(crowd.drops(), { table_full: 1, closed_replaced: next });
      });
    });
  }
}
