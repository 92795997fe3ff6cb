import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Records } from '../../../sys/bpf/records.js';
import { Abi, DropSnapshot, Drops } from '../abi.gen.js';
import { REASONS } from '../reasons.gen.js';
import { recentDrops } from './drop-history.js';

const reason = (key: string): number => REASONS.findIndex((each) => each.key === key);
const [NO_ROUTE, TTL] = [reason('no_route'), reason('ttl')];
const CPUS = 2;
const ns = (seconds: number): bigint => BigInt(Math.round(seconds * 1e9));
/** Long after the machine's start. */
const START_S = 100_000;

/** One packet without a route every second from START_S on, seen at `nowS`; a snapshot every 5 s, as the timer takes them. */
function running(nowS: number, firstS = START_S): { readonly drops: Records; readonly history: Records; readonly now: bigint } {
  const drops = new Records(new ArrayBuffer(CPUS * Drops.bytes), Drops.bytes);
  const history = new Records(new ArrayBuffer(Abi.DROP_SNAPSHOTS * DropSnapshot.bytes), DropSnapshot.bytes);
  for (let s = firstS; s <= nowS; s += 5) {
    const record = (s / 5) % Abi.DROP_SNAPSHOTS;
    history.setBig(record, DropSnapshot.count, BigInt(s - START_S), NO_ROUTE);
    history.setBig(record, DropSnapshot.at, ns(s));
  }
  const half = BigInt(Math.floor((nowS - START_S) / 2));
  drops.setBig(0, Drops.count, half, NO_ROUTE);
  drops.setBig(1, Drops.count, BigInt(nowS - START_S) - half, NO_ROUTE);
  return { drops, history, now: ns(nowS) };
}

/** The counts that are not 0. */
function counted(recent: ReturnType<typeof recentDrops>): Readonly<Record<string, bigint>> {
  return Object.fromEntries((recent?.counts ?? []).filter(({ count }) => count !== 0n).map(({ key, count }) => [key, count]));
}

test('the window is as long as asked for, or up to 5 s longer, at every moment', () => {
  for (let nowS = START_S + 200; nowS < START_S + 300; nowS++) {
    const { drops, history, now } = running(nowS);
    for (const asked of [1, 10, 60, 70]) {
      const recent = recentDrops(drops, history, now, asked);
      assert.ok(recent !== undefined && recent.seconds >= asked && recent.seconds < asked + 5, `${asked} s: ${recent?.seconds}`);
      assert.deepEqual(counted(recent), { no_route: BigInt(recent.seconds) });
    }
  }
});

test('every reason is listed', () => {
  const { drops, history, now } = running(START_S + 200);
  const keys = recentDrops(drops, history, now, 60)?.counts.map(({ key }) => key);
  assert.deepEqual(
    keys,
    REASONS.slice(1).map(({ key }) => key),
  );
});

test('what was counted before the window is not in it', () => {
  const { drops, history, now } = running(START_S + 200);
  drops.setBig(0, Drops.count, 7n, TTL);
  for (let record = 0; record < Abi.DROP_SNAPSHOTS; record++) history.setBig(record, DropSnapshot.count, 7n, TTL);
  assert.equal(counted(recentDrops(drops, history, now, 60))['ttl'], undefined);
});

test('loaded a short time ago: since then; never longer than the ring', () => {
  const young = running(START_S + 12);
  assert.deepEqual(counted(recentDrops(young.drops, young.history, young.now, 60)), { no_route: 12n });
  assert.equal(recentDrops(young.drops, young.history, young.now, 60)?.seconds, 12);
  const old = running(START_S + 200);
  assert.equal(recentDrops(old.drops, old.history, old.now, 3600)?.seconds, 75);
});

test('a snapshot that the timer writes is not used; without any there is no answer', () => {
  const { drops, history, now } = running(START_S + 200);
  history.setBig(((START_S + 140) / 5) % Abi.DROP_SNAPSHOTS, DropSnapshot.at, 0n);
  assert.equal(recentDrops(drops, history, now, 60)?.seconds, 65);
  for (let record = 0; record < Abi.DROP_SNAPSHOTS; record++) history.setBig(record, DropSnapshot.at, 0n);
  assert.equal(recentDrops(drops, history, now, 60), undefined);
});

test('a ring that no timer writes any more gives no answer', () => {
  const { drops, history } = running(START_S + 200);
  assert.equal(recentDrops(drops, history, ns(START_S + 229), 60)?.seconds, 64);
  assert.equal(recentDrops(drops, history, ns(START_S + 231), 60), undefined);
});

test('a count that fell behind is 0, not negative', () => {
  const { drops, history, now } = running(START_S + 200);
  drops.setBig(0, Drops.count, 0n, NO_ROUTE);
  drops.setBig(1, Drops.count, 0n, NO_ROUTE);
  assert.deepEqual(counted(recentDrops(drops, history, now, 60)), {});
});
