// Our daemon and Debian's keepalived elect, fail over and preempt in every variant of VRRP, in both roles; tshark decodes the frames.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { announcementShape, announces, type Frame, isAdvert, shape, sourceOf } from './frames.js';
import { type Node, type Pair, skipWithoutPeer, withPair } from './harness.js';
import { PRIORITY, patience, roles, settings, skew, type Variant } from './matrix.js';

/** tcpdump's clock and the daemons' differ by what the kernel needs from one to the other. */
const CLOCK_S = 0.002;

const adverts = (frames: readonly Frame[], node: Node, source: string): readonly Frame[] =>
  frames.filter((frame) => isAdvert(frame) && frame['eth.src'] === macOf(node) && (source === '' || sourceOf(frame) === source));

const macOf = (node: Node): string => /link\/ether (\S+)/.exec(node.host.ip(`link show ${node.device}`))?.[1] ?? '';

/** Both start, the higher wins; it crashes, the other takes over; it comes back and preempts, or not; it stops with priority 0. */
async function play(variant: Variant, pair: Pair): Promise<readonly number[]> {
  const { a, b } = pair;
  const vip = variant.vip.split('/')[0] ?? '';
  const marks: number[] = [];
  const mark = () => marks.push(Date.now() / 1000);
  a.start(a.configure(settings(variant, 'a', PRIORITY.high)));
  // Without preemption, the first one wins.
  if (variant.stays === true) await pair.until('a is master', () => a.holds(vip));
  b.start(b.configure(settings(variant, 'b', PRIORITY.low)));
  await pair.until('b is up', () => b.hasLogged(/Entering BACKUP STATE/));
  mark();
  await pair.until('the higher wins', () => a.holds(vip) && !b.holds(vip));
  await a.crash();
  mark();
  await pair.until('the other takes over', () => b.holds(vip));
  // It has the address before it sends its first advert.
  await b.settled();
  mark();
  a.drop(variant.vip);
  a.start(a.configure(settings(variant, 'a', PRIORITY.high)));
  // With its socket open, so that it receives what the other sends when it stops.
  await pair.until('it is back', () => a.hasLogged(/Entering BACKUP STATE/) && a.hasLogged(/VRRP sockpool: /));
  if (variant.stays === true) return [...marks, ...(await ending(pair, b, a, vip))];
  await pair.until('it preempts', () => a.holds(vip) && !b.holds(vip));
  await pair.until('b says why', () => b.hasLogged(/Master received advert from \S+ with higher priority 200, ours 100/));
  return [...marks, ...(await ending(pair, a, b, vip))];
}

/** The master stops cleanly; the other has its VIP, and it has not. */
async function ending(pair: Pair, master: Node, other: Node, vip: string): Promise<readonly number[]> {
  const stopped = Date.now() / 1000;
  await master.stop();
  assert.ok(!master.holds(vip), 'a clean stop takes the VIP off');
  await pair.until('the other takes over at once', () => other.holds(vip));
  await pair.until('it says why', () => other.hasLogged(/Backup received priority 0 advertisement/));
  await other.settled();
  return [stopped];
}

/** What the capture must show: no node was early, all checksums are right, and the frames of both daemons are alike. */
function judge(variant: Variant, { a, b }: Pair, frames: readonly Frame[], marks: readonly number[]): void {
  const vip = variant.vip.split('/')[0] ?? '';
  const [up = 0, crashed = 0, taken = 0] = marks;
  const [ofA, ofB] = [adverts(frames, a, ''), adverts(frames, b, '')];
  for (const frame of [...ofA, ...ofB])
    assert.notEqual(frame['vrrp.checksum.status'], '0', `tshark finds the checksum wrong: ${shape(frame)}`);
  // On a busy machine b may have taken over while a was only late: what counts is the silence before its adverts began.
  const begins = ofB.filter(({ at }, index) => at - (ofB[index - 1]?.at ?? 0) > patience(variant));
  const first = begins.findLast(({ at }) => at < taken);
  assert.ok(first !== undefined);
  const earlier = ofA.filter(({ at }) => at < first.at);
  const last = earlier.at(-1);
  assert.ok(last !== undefined && last.at < crashed + CLOCK_S);
  const before = earlier.slice(-6).map(({ at }) => (first.at - at).toFixed(3));
  assert.ok(
    // A node that has just started may have received no advert yet: its timer runs from its start.
    first.at - last.at > patience(variant) - CLOCK_S || first.at - up < patience(variant),
    `taken over too early: the other's last adverts were ${before.join(', ')} s ago`,
  );
  const regular = (list: readonly Frame[]) => [...new Set(list.filter((frame) => frame['vrrp.prio'] !== '0').map(shape))];
  assert.deepEqual(regular(ofA), regular(ofB));
  assert.equal(regular(ofA).length, 1, 'every advert says the same');
  const destinations = new Set([...ofA, ...ofB].map((frame) => frame['eth.dst']));
  assert.equal(destinations.size, variant.unicast === true ? 2 : 1);
  const goodbye = [...ofA, ...ofB].find((frame) => frame['vrrp.prio'] === '0');
  const heir = goodbye === undefined ? undefined : (ofA.includes(goodbye) ? ofB : ofA).find(({ at }) => at > goodbye.at);
  assert.ok(goodbye !== undefined && heir !== undefined);
  assert.ok(heir.at - goodbye.at > (variant.stays === true ? (56 / 256) * Number(variant.interval) : skew(variant)) - CLOCK_S);
  const announced = (node: Node) =>
    new Set(frames.filter((frame) => frame['eth.src'] === macOf(node) && announces(frame, vip)).map((frame) => announcementShape(frame)));
  assert.ok(announced(a).size > 0);
  assert.deepEqual(announced(a), announced(b));
}

/** Tests of each variant, in both roles. */
export function testElections(title: string, chosen: readonly Variant[]): void {
  describe(title, { concurrency: 4, skip: skipWithoutPeer() }, () => {
    for (const { high, low } of roles) {
      for (const variant of chosen) {
        test(`${variant.name}: ${high} above ${low}`, () =>
          withPair(`${variant.name}${high[0]}`, high, low, async (pair) => {
            await pair.listen();
            const marks = await play(variant, pair);
            judge(variant, pair, await pair.captured(), marks);
          }));
      }
    }
  });
}
