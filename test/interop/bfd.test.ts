// BFD between our daemon and Debian's keepalived: sessions come up whichever starts first, both detect silence, and VRRP acts on it.
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { breadth, test } from '../support/breadth.js';
import { type BfdFrame, block, type Node, session, withBed } from './bfd-bed.js';
import { type Maker, skipWithoutPeer } from './harness.js';

const UP = /Entering Up state/;
const DOWN = /Entering Down state/;

interface Session {
  readonly name: string;
  readonly addresses?: readonly [string, string];
  /** Lines of our session, and of Debian's. */
  readonly ours: readonly string[];
  readonly theirs: readonly string[];
  /** What silence of the other lasts until it is noticed, ms: the other's multiplier times the slower interval. */
  readonly detection: { readonly ours: number; readonly theirs: number };
}

/** A busy machine misses nothing of these. */
const calm = ['min_rx 100', 'min_tx 100'];
const sessions: readonly Session[] = [
  { name: 'both', ours: [], theirs: [], detection: { ours: 50, theirs: 50 } },
  { name: 'wepassive', ours: [...calm, 'passive'], theirs: calm, detection: { ours: 500, theirs: 500 } },
  { name: 'theypassive', ours: calm, theirs: [...calm, 'passive'], detection: { ours: 500, theirs: 500 } },
  {
    name: 'six',
    addresses: ['2001:db8::1', '2001:db8::2'],
    ours: [...calm, 'hoplimit 255', 'max_hops 5'],
    theirs: [...calm, 'hoplimit 255'],
    detection: { ours: 500, theirs: 500 },
  },
  {
    name: 'uneven',
    ours: ['min_rx 40', 'min_tx 20', 'multiplier 3', 'ttl 200', 'max_hops 10'],
    theirs: ['min_rx 10', 'min_tx 30', 'multiplier 4', 'ttl 195', 'max_hops 0'],
    detection: { ours: 4 * 40, theirs: 3 * 20 },
  },
];

const EXPIRED = /Expired after (\d+) ms/;
/** On a busy machine a session is down now and then: a crash that hits such a moment is tried again. */
const CRASHES_MAX = 20;

/**
 * Crashes `dying` while its session with `other` is up, `again` starts it where it was down.
 * @returns how long the silence was that `other` noticed, ms
 */
async function crashNoticed(dying: Node, other: Node, again: () => void): Promise<number> {
  const daemon = other.daemon ?? assert.fail('not started');
  const state = (): string | undefined => daemon.lines.findLast((line) => UP.test(line) || DOWN.test(line));
  for (let crash = 1; ; crash++) {
    const from = daemon.lines.length;
    await dying.crash();
    const down = await daemon.until('the session is down', () => (DOWN.test(state() ?? '') ? state() : undefined));
    const expired = daemon.lines.slice(from).findLast((line) => EXPIRED.test(line));
    if (expired !== undefined) return Number(EXPIRED.exec(expired)?.[1]);
    assert.ok(crash < CRASHES_MAX, `no silence was noticed in ${crash} crashes, but: ${down}`);
    const seen = daemon.lines.length;
    again();
    await daemon.logged(UP, seen);
  }
}

/** The fields that must be equal for both daemons: all except those that identify the sender. */
const OWN: readonly string[] = ['ip.src', 'udp.srcport', 'bfd.my_discriminator', 'bfd.your_discriminator'];
const shape = (frame: BfdFrame): string =>
  Object.entries(frame)
    .filter(([field]) => !OWN.includes(field))
    .map(([field, value]) => `${field}=${value}`)
    .join(' ');
const settled = (frame: BfdFrame): boolean => Number(frame['bfd.sta']) === 3 && !/1|True/.test(frame['bfd.flags.p'] + frame['bfd.flags.f']);

const sessionTests = (): void => {
  for (const { name, addresses: [here, there] = ['10.99.0.1', '10.99.0.2'], ours, theirs, detection } of sessions) {
    (name === 'both' ? test : breadth)(name, () =>
      withBed(`bfd${name}`, async (bed) => {
        const bits = here.includes(':') ? 64 : 24;
        const a = bed.node('a', 'weir', `${here}/${bits}`);
        const b = bed.node('b', 'debian', `${there}/${bits}`);
        if (name === 'both') await bed.listen(a);
        const [one, other] = [a.start(session('b', there, here, ...ours)), b.start(session('a', here, there, ...theirs))];
        await Promise.all([one.logged(UP), other.logged(UP)]);
        await one.logged(new RegExp(`Detection time is ${1000 * detection.ours} us`));
        await other.logged(new RegExp(`Detection time is ${1000 * detection.theirs} us`));
        if (name === 'both') await judgeFrames(() => bed.frames(), here, there);
        const startTheirs = () => b.start(session('a', here, there, ...theirs));
        // keepalived's own timer expires too early at times on a busy machine (by a negative delay): only what follows the crash counts.
        const ofOurs = await crashNoticed(b, a, startTheirs);
        assert.ok(ofOurs >= detection.ours, `${ofOurs} ms`);
        const seen = one.lines.length;
        const again = startTheirs();
        await Promise.all([again.logged(UP), one.logged(UP, seen)]);
        // After what time it expires is its own matter: at times after 0 ms.
        await crashNoticed(a, b, () => a.start(session('b', there, here, ...ours)));
      }),
    );
  }
};

async function judgeFrames(decoded: () => readonly BfdFrame[], here: string, there: string): Promise<void> {
  const from = (address: string) => decoded().filter((frame) => frame['ip.src'] === address && settled(frame));
  for (const end = Date.now() + 120_000; (from(here).length < 5 || from(there).length < 5) && Date.now() < end; ) {
    await new Promise((done) => setTimeout(done, 100));
  }
  const frames = decoded();
  assert.deepEqual(
    frames.filter((frame) => frame['_ws.malformed'] !== '' || frame['bfd.version'] !== '1'),
    [],
  );
  const [mine, theirs] = [from(here), from(there)];
  assert.deepEqual(new Set(mine.map(shape)), new Set(theirs.map(shape)));
  assert.ok(mine.length >= 5);
  assert.deepEqual([mine[0]?.['bfd.my_discriminator'], mine[0]?.['ip.ttl']], [theirs[0]?.['bfd.your_discriminator'], '255']);
  const own = frames.filter((frame) => frame['ip.src'] === here);
  assert.equal(new Set(own.map((frame) => frame['udp.srcport'])).size, 1, 'one source port for the whole session');
  assert.ok(Number(own[0]?.['udp.srcport']) >= 49152);
  // Theirs is taken back when ours comes first.
  const polls = frames.filter((frame) => /1|True/.test(frame['bfd.flags.p']));
  const finals = frames.filter((frame) => /1|True/.test(frame['bfd.flags.f']));
  assert.ok(polls.some((frame) => frame['ip.src'] === here) && finals.some((frame) => frame['ip.src'] === there), 'our poll is answered');
}

const VIP = '10.99.0.100';
const globals = block('global_defs', ['vrrp_version 3']);
const instance = (priority: number, ...lines: readonly string[]): string =>
  block('vrrp_instance VI_1', [
    'interface eth0',
    'virtual_router_id 51',
    `priority ${priority}`,
    'advert_int 0.2',
    ...lines,
    `virtual_ipaddress {\n    ${VIP}/24\n  }`,
  ]);

interface Failover {
  readonly name: string;
  readonly tracker: Maker;
  /** The tracker's log lines, and the line for a lost path. */
  readonly lines: readonly string[];
  readonly group?: readonly string[];
  readonly says: RegExp;
}

const failovers: readonly Failover[] = [
  { name: 'fault', tracker: 'weir', lines: ['track_bfd {\n    r\n  }'], says: /Entering FAULT STATE/ },
  { name: 'theirfault', tracker: 'debian', lines: ['track_bfd {\n    r\n  }'], says: /Entering FAULT STATE/ },
  { name: 'weight', tracker: 'weir', lines: ['track_bfd {\n    r weight -60\n  }'], says: /Changing effective priority from 120 to 60/ },
  { name: 'group', tracker: 'weir', lines: [], group: ['group {\n    VI_1\n  }', 'track_bfd {\n    r\n  }'], says: /Entering FAULT STATE/ },
];

const failoverTests = (): void => {
  for (const { name, tracker, lines, group, says } of failovers) {
    breadth(name, () =>
      withBed(`bft${name}`, async (bed) => {
        const peer: Maker = tracker === 'weir' ? 'debian' : 'weir';
        const [a, b, r] = [
          bed.node('a', tracker, '10.99.0.1/24'),
          bed.node('b', peer, '10.99.0.2/24'),
          bed.node('r', peer, '10.99.0.3/24'),
        ];
        const sync = group === undefined ? '' : block('vrrp_sync_group G', group);
        const router = session('a', '10.99.0.1', '10.99.0.3', ...calm);
        r.start(router);
        const master = a.start(globals + session('r', '10.99.0.3', '10.99.0.1', ...calm) + sync + instance(120, ...lines));
        const backup = b.start(globals + instance(100));
        await master.until('the one with the session is master', () => a.holds(VIP) && !b.holds(VIP));
        await r.crash();
        await master.logged(/Tracked BFD instance r is DOWN/);
        await master.logged(says);
        await backup.until('the other takes over', () => b.holds(VIP) && !a.holds(VIP));
        const seen = master.lines.length;
        r.start(router);
        await master.logged(/Tracked BFD instance r is UP/, seen);
        await master.until('and takes over', () => a.holds(VIP) && !b.holds(VIP));
      }),
    );
  }
};

const stopTests = (): void => {
  for (const peer of ['debian', 'weir'] as const)
    breadth(`${peer} is informed of the stop`, () =>
      withBed(`bfs${peer}`, async (bed) => {
        const [a, b] = [bed.node('a', 'weir', '10.99.0.1/24'), bed.node('b', peer, '10.99.0.2/24')];
        await bed.listen(a);
        const patient = [...calm, 'multiplier 20'];
        const one = a.start(session('b', '10.99.0.2', '10.99.0.1', ...patient));
        const other = b.start(session('a', '10.99.0.1', '10.99.0.2', ...patient));
        await Promise.all([one.logged(UP), other.logged(UP)]);
        assert.equal(await one.stop(), 0);
        assert.match(await other.logged(DOWN), /Local diagnostic - Neighbor Signaled Session Down/);
        await one.until('the capture', () =>
          bed.frames().some((frame) => frame['ip.src'] === '10.99.0.1' && Number(frame['bfd.sta']) === 0),
        );
        const last = bed.frames().findLast((frame) => frame['ip.src'] === '10.99.0.1');
        assert.deepEqual([Number(last?.['bfd.sta']), Number(last?.['bfd.diag'])], [0, 7]);
      }),
    );
};

describe('BFD beside Debian’s keepalived', { concurrency: 2, skip: skipWithoutPeer() }, () => {
  describe('sessions', { concurrency: 3 }, sessionTests);
  describe('the end', { concurrency: 2 }, stopTests);
  describe('VRRP that tracks one', { concurrency: 3 }, failoverTests);
});
