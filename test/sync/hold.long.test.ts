// First packets of new connections that are held back until the peer has the connection: what survives a director that dies the moment after it has sent a
// SYN on, with and without; that the bound is held; and that a process that is gone or hangs holds nothing up.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { HoldStatus } from '../../src/model/stream-node.js';
import { ok, running, until, VIP } from '../datapath/cluster.js';
import { type Host, noNamespaces } from '../support/netns-bed.js';
import { addServices, inPair, type Pair } from './pair.js';
import { inStep, LINK_ADDRESS, newKey, startStream, streamOf } from './stream-pair.js';

const skip = noNamespaces();
const CONNECT = fileURLToPath(new URL('./connect-times-child.js', import.meta.url));
const WATCH = fileURLToPath(new URL('./syn-watch-child.js', import.meta.url));
const TOGETHER_CHILD = fileURLToPath(new URL('./connect-together-child.js', import.meta.url));
const [ROUNDS, TRIES_MAX] = [5, 40];
/** The longest time for which a SYN can be held back. */
const LONGEST_MS = 100;
/** Connections that a client begins together; the director dies with the SYN of the last but some at the server. */
const [TOGETHER, LAST] = [8, 5];
/** Before the process that is gone, or hangs, counts as such. */
const LEASE_OVER_MS = 200;
/** Three quarters of it are longer than a peer that hangs is waited for. */
const CONNECTING_MS = 6000;
const BOUND_MS = 50;
const NAT = { address: VIP, port: 90, server: '10.8.2.12:90 -m' };

const heldBy = (host: Host): HoldStatus => streamOf(host)?.stream.hold ?? assert.fail('it holds nothing back');

/** Connections one after the other: how many milliseconds the slowest took. */
function longestOf({ client }: Pair): number {
  const times = ok(client.run([process.execPath, CONNECT, NAT.address, String(NAT.port), String(TOGETHER)])).split(' ');
  assert.equal(times.length, TOGETHER);
  return Math.max(...times.map(Number));
}

/** The same for some seconds; the peer hangs meanwhile. */
async function timedWhile({ bed, client }: Pair, hang: () => void): Promise<readonly number[]> {
  const { lines } = running(bed, client, [process.execPath, CONNECT, NAT.address, String(NAT.port), '1', String(CONNECTING_MS)]);
  await delay(CONNECTING_MS / 4);
  hang();
  const [times = ''] = await until(
    () => lines,
    ({ length }) => length === 1,
    30,
  );
  return times.split(' ').map(Number);
}

/** SYNs that were not held back, since the process of the stream had not asked for it in time. */
const lateAt = (host: Host): number => (JSON.parse(ok(host.weir('stats drops --json'))) as { readonly hold_late?: number }).hold_late ?? 0;

/** Client ports of its connections. */
const portsOf = (host: Host): ReadonlySet<number> =>
  new Set([...ok(host.ipvsadm('-Lcn')).matchAll(/^TCP +\S+ +\S+ +[\d.]+:(\d+) /gm)].map(([, port]) => Number(port)));

interface Death {
  /** Of the connections whose SYN the server got before the director's stream died: those that the other director does not have. */
  readonly lost: number;
  /** Another round is needed: on a busy machine the process of the stream did not ask in time for SYNs to be held back, or their time was over. */
  readonly wasBusy: boolean;
}

async function atDeath(pair: Pair, key: string, ...hold: readonly string[]): Promise<Death> {
  const { bed, lvs, second, web2, client } = pair;
  for (const director of [lvs, second]) {
    ok(director.ipvsadm('-C'));
    addServices(director, [NAT]);
  }
  const first = startStream(pair, lvs, key, LINK_ADDRESS.second, ...hold);
  const other = startStream(pair, second, key, LINK_ADDRESS.first);
  await inStep(lvs, second);
  const late = lateAt(lvs);
  const watch = running(bed, web2, [process.execPath, WATCH, 'eth0', String(LAST), String(first.pid)]);
  await until(
    () => watch.lines,
    (lines) => lines[0] === 'ready',
  );
  const talk = running(bed, client, [process.execPath, TOGETHER_CHILD, NAT.address, String(NAT.port), String(TOGETHER)]);
  const [, seen = ''] = await until(
    () => watch.lines,
    (lines) => lines.length === 2,
    30,
  );
  await delay(LEASE_OVER_MS);
  const known = portsOf(second);
  talk.child.kill('SIGKILL');
  await other.stop();
  const seenAt = seen.split(' ').map((each) => each.split('@'));
  assert.equal(seenAt.length, LAST);
  const lost = seenAt.filter(([port]) => !known.has(Number(port)));
  const overAtNs = BigInt(talk.lines[0] ?? 0) + BigInt(LONGEST_MS) * 1_000_000n;
  return { lost: lost.length, wasBusy: lateAt(lvs) > late || lost.some(([, ns = '0']) => BigInt(ns) >= overAtNs) };
}

test(
  'a director dies right after it has sent SYNs on: its peer has all these connections where they were held back, and not where they were not',
  {
    skip,
  },
  () =>
    inPair(async (pair) => {
      const key = newKey(pair).file;
      const [held, plain]: [number[], number[]] = [[], []];
      for (let tries = 0; held.length < ROUNDS; tries++) {
        assert.ok(tries < TRIES_MAX, `nothing was held back in time in ${TRIES_MAX} rounds`);
        const { lost, wasBusy } = await atDeath(pair, key, '--hold', String(LONGEST_MS));
        if (!wasBusy) held.push(lost);
        plain.push((await atDeath(pair, key)).lost);
      }
      assert.deepEqual(
        held,
        held.map(() => 0),
        'held back',
      );
      assert.ok(
        plain.some((lost) => lost > 0),
        `without, too, nothing was lost: ${plain.join(' ')}`,
      );
    }),
);

test(
  'new connections wait for the peer; for one that hangs until the bound, for a second; for none where there is none, or where the process is gone or hangs',
  {
    skip,
  },
  () =>
    inPair(async (pair) => {
      const { lvs, second } = pair;
      const key = newKey(pair).file;
      for (const director of [lvs, second]) addServices(director);
      const first = startStream(pair, lvs, key, LINK_ADDRESS.second, '--hold', String(BOUND_MS));
      const alone = longestOf(pair);
      assert.ok(alone < 1000, `without a peer: ${alone} ms`);
      const other = startStream(pair, second, key, LINK_ADDRESS.first);
      await inStep(lvs, second);

      longestOf(pair);
      const held = await until(
        () => heldBy(lvs),
        ({ held: count }) => count === TOGETHER,
        10,
      );
      assert.ok(held.released.acknowledged > 0, JSON.stringify(held));
      assert.equal(held.failed, 0);

      const times = await timedWhile(pair, () => other.signal('SIGSTOP'));
      const bounded = times.filter((ms) => ms >= BOUND_MS).length;
      assert.ok(bounded > 0 && Math.max(...times) < 1000, `with a peer that hangs: ${times.join(' ')}`);
      const last = times.slice(-TOGETHER);
      assert.ok(Math.min(...last) < BOUND_MS, `a second later: ${last.join(' ')}`);
      const bound = heldBy(lvs);
      assert.ok(bound.released.bound > held.released.bound, JSON.stringify(bound));
      other.signal('SIGCONT');

      first.signal('SIGSTOP');
      await delay(LEASE_OVER_MS);
      const stopped = longestOf(pair);
      assert.ok(stopped < 1000, `the process hangs: ${stopped} ms`);
      first.signal('SIGKILL');
      const gone = longestOf(pair);
      assert.ok(gone < 1000, `the process is gone: ${gone} ms`);
    }),
);
