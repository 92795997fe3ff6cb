// The timer of content switching with more connections than it looks at in one tick: all of them are removed when they have ended, those of a build
// without turns, too. Where more begin than it can look at, new ones are refused, and living ones stay.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { keyCount, withSwitchMap } from '../../src/datapath/ebpf/switch/switch-maps.js';
import { ensureSwitch } from '../../src/datapath/ebpf/switch/switch-programs.js';
import { SwitchFlow, SwitchTimer, SwitchTurn } from '../../src/datapath/ebpf/switch.gen.js';
import type { BpfMap } from '../../src/sys/bpf/bpf-objects.js';
import { encodeRecord, u32 } from '../../src/sys/bpf/records.js';
import { hasCode } from '../../src/sys/errno.js';
import { skipReason } from './bed.js';
import { TC } from './run.js';
import { FIRST, greeted, ONE, request, type SwitchBed, switchBed } from './switch-bed.js';

const skip = skipReason();
const FLOWS = 10_000;

function begin(bed: SwitchBed, count: number): void {
  for (let k = 0; k < count; k++) {
    const { from, cookie } = greeted(bed, FIRST);
    const acknowledgement = (cookie + 1) >>> 0;
    assert.equal(bed.fromClient(from, FIRST, 'PA', { sequence: 5001, acknowledgement, payload: request() }).code, TC.redirect);
  }
}

/** An update of its map ends the timer. */
const endTimer = ({ folder }: SwitchBed): void =>
  withSwitchMap(folder, 'switch_timers', (timers) => timers.update(u32(0), new Uint8Array(SwitchTimer.bytes)));

/** Their connections end, and so they do. `lost`: so many before their time. */
async function end(bed: SwitchBed, flows: number, lost = flows): Promise<void> {
  const before = bed.counts();
  assert.equal(keyCount(bed.folder, 'switch_flows'), flows);
  new Uint8Array(bed.bed.memoryOf('conns')).fill(0);
  while (keyCount(bed.folder, 'switch_flows') > 0) await setTimeout(100);
  assert.equal(Number(bed.counts().get('SWITCHED_LOST')) - Number(before.get('SWITCHED_LOST')), lost);
  assert.equal(keyCount(bed.folder, 'switch_backs'), 0);
}

test('more connections than are looked at in one tick are removed when they have ended', { skip }, async () => {
  const bed = switchBed();
  begin(bed, FLOWS);
  await end(bed, FLOWS);
});

test('a connection that its client has closed is none that is lost', { skip }, async () => {
  const bed = switchBed();
  const { from, cookie } = greeted(bed, FIRST);
  const acknowledgement = (cookie + 1) >>> 0;
  bed.fromClient(from, FIRST, 'PA', { sequence: 5001, acknowledgement, payload: request() });
  bed.fromServer(`${ONE}:80`, from, 'SA', { sequence: 77, acknowledgement: 5001 });
  bed.fromClient(from, FIRST, 'FA', { sequence: 5001 + request().length, acknowledgement });
  assert.equal(keyCount(bed.folder, 'switch_flows'), 1);
  await end(bed, 1, 0);
});

test('connections that a build without turns has begun get theirs when this build takes its place', { skip }, async () => {
  const bed = switchBed();
  begin(bed, 2);
  // As such a build left them.
  withSwitchMap(bed.folder, 'switch_flows', (flows) => {
    const flow = new Uint8Array(SwitchFlow.bytes);
    for (const key of [...flows.keys()]) {
      assert.ok(flows.lookup(key, flow));
      flow[SwitchFlow.turn.at] = 0;
      flows.update(key, flow);
    }
  });
  endTimer(bed);
  ensureSwitch(bed.bed.tables);
  await end(bed, 2);
});

const NO_KEY = new Uint8Array(0);
/** Of a connection that ended before its turn. */
const ENDED = encodeRecord(SwitchTurn, { turn: 1 });

/** Enters ended connections, so many at most, while there is room for them. */
function fillQueue(queue: BpfMap, count: number): void {
  try {
    for (let k = 0; k < count; k++) queue.update(NO_KEY, ENDED);
  } catch (error) {
    if (!hasCode(error, 'E2BIG')) throw error;
  }
}

test('where more connections begin than the timer can look at new ones are refused, and living ones stay', { skip }, async () => {
  const bed = switchBed();
  const living = 200;
  begin(bed, living);
  endTimer(bed);
  const before = Number(bed.counts().get('SWITCHED_LOST'));
  withSwitchMap(bed.folder, 'switch_turns', (queue) => fillQueue(queue, Number.POSITIVE_INFINITY));
  const refused = bed.counted(() => {
    const { from, cookie } = greeted(bed, FIRST);
    bed.fromClient(from, FIRST, 'PA', { sequence: 5001, acknowledgement: (cookie + 1) >>> 0, payload: request() });
  });
  assert.deepEqual(refused, { SWITCHED_SYN: 1, SWITCHED_FULL: 1, SWITCHED_NO_PROXY: 1 });
  ensureSwitch(bed.bed.tables);
  const lookedAt = (): boolean =>
    withSwitchMap(bed.folder, 'switch_rounds', (queue) => queue.lookup(NO_KEY, new Uint8Array(SwitchTurn.bytes)));
  while (!lookedAt()) {
    withSwitchMap(bed.folder, 'switch_turns', (queue) => fillQueue(queue, 1e5)); // all the room that the timer makes
    await setTimeout(1);
  }
  assert.equal(Number(bed.counts().get('SWITCHED_LOST')), before);
  await end(bed, living);
});
