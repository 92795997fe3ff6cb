// Content switching under floods and with full tables: no state before a valid first segment, bounded state behind it, and the proxy has what finds no room.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyCount, withSwitchMap } from '../../src/datapath/ebpf/switch/switch-maps.js';
import { SwitchAbi, SwitchClientKey, SwitchFlow } from '../../src/datapath/ebpf/switch.gen.js';
import { concat, viewOf } from '../../src/wire/bytes.js';
import { mutate, randomBytes, randomFrom } from '../support/mutate.js';
import { skipReason } from './bed.js';
import { TC } from './run.js';
import { FIRST, freshPort, greeted, ONE, request, type SwitchBed, switchBed } from './switch-bed.js';

const skip = skipReason();
const PACKETS = 20_000;

test('a flood of SYNs, of forged first segments and of anything keeps nothing', { skip }, () => {
  const bed = switchBed();
  const random = randomFrom(14);
  const word = (): number => random(1 << 16) * 65_536 + random(1 << 16);
  const source = (): string => `10.0.1.${2 + random(200)}:${1024 + random(60_000)}`;
  const letters = ['S', 'A', 'PA', 'FPA', 'R', 'RA', 'SA', 'F', '', 'SFRPAU'];
  const counts = bed.counted(() => {
    for (let k = 0; k < PACKETS; k++) {
      const payload = random(2) === 0 ? mutate(request(), random) : randomBytes(random, random(600));
      const options = randomBytes(random, 4 * random(10));
      bed.fromClient(source(), FIRST, letters[random(letters.length)] ?? 'S', {
        sequence: word(),
        acknowledgement: word(),
        options,
        payload: payload.subarray(0, 1400),
      });
    }
  });
  assert.equal(counts.flows, undefined);
  assert.ok((counts.SWITCHED_SYN ?? 0) > PACKETS / 20 && (counts.SWITCHED_BAD_COOKIE ?? 0) > PACKETS / 4, JSON.stringify(counts));
  assert.ok(keyCount(bed.folder, 'switch_overtaken') <= SwitchAbi.SWITCH_OVERTAKEN);
});

test('where more connections begin at the same time than are kept, clients send their first segment again', { skip }, () => {
  const bed = switchBed();
  const begin = (): { readonly from: string; readonly acknowledgement: number } => {
    const { from, cookie } = greeted(bed, FIRST);
    const acknowledgement = (cookie + 1) >>> 0;
    assert.equal(bed.fromClient(from, FIRST, 'PA', { sequence: 5001, acknowledgement, payload: request() }).code, TC.redirect);
    return { from, acknowledgement };
  };
  const early = begin();
  for (let k = 0; k < 1.25 * SwitchAbi.SWITCH_HOLDS; k++) begin();
  const counts = bed.counted(() => {
    const answer = bed.fromServer(`${ONE}:80`, early.from, 'SA', { sequence: 77, acknowledgement: 5001 });
    assert.equal(answer.code, TC.shot);
    const again = bed.fromClient(early.from, FIRST, 'PA', { sequence: 5001, acknowledgement: early.acknowledgement, payload: request() });
    assert.deepEqual([again.code, again.segment.acknowledgement, again.segment.payload], [TC.unspec, 78, request()]);
  });
  assert.deepEqual(counts, { SWITCHED_UNKEPT: 1, SWITCHED_BOUND: 1 });
});

/** As full as it may be, with connections of no client, which look as if they had just begun. Removes them afterwards. */
function inFullTable(bed: SwitchBed, work: () => void): void {
  const { from, cookie } = greeted(bed, FIRST);
  bed.fromClient(from, FIRST, 'PA', { sequence: 5001, acknowledgement: (cookie + 1) >>> 0, payload: request() });
  withSwitchMap(bed.folder, 'switch_flows', (map) => {
    const known = [...map.keys()].map((key) => key.slice());
    const [key, flow] = [new Uint8Array(SwitchClientKey.bytes), new Uint8Array(SwitchFlow.bytes)];
    const newest = known.map((each) => (map.lookup(each, flow) ? viewOf(flow).getUint32(SwitchFlow.seen.at, true) : 0));
    viewOf(flow).setUint32(SwitchFlow.seen.at, Math.max(...newest), true);
    const added = map.info().maxEntries - known.length;
    for (let k = 0; k < added; k++) {
      viewOf(key).setUint32(0, 0x0b000000 + k);
      map.update(key, flow);
    }
    try {
      work();
    } finally {
      for (let k = 0; k < added; k++) {
        viewOf(key).setUint32(0, 0x0b000000 + k);
        map.delete(key);
      }
    }
  });
}

test("with a full table what begins is the proxy's, and what there is goes on", { skip }, () => {
  const bed = switchBed();
  const { from, cookie } = greeted(bed, FIRST);
  const acknowledgement = (cookie + 1) >>> 0;
  bed.fromClient(from, FIRST, 'PA', { sequence: 5001, acknowledgement, payload: request() });
  bed.fromServer(`${ONE}:80`, from, 'SA', { sequence: 77, acknowledgement: 5001 });
  // The program's timer may come between, and remove what is of no connection.
  for (let tries = 5; ; tries--) {
    const counts = bed.counted(() => {
      inFullTable(bed, () => {
        const { from: late, cookie: promised } = greeted(bed, FIRST);
        bed.fromClient(late, FIRST, 'PA', { sequence: 5001, acknowledgement: (promised + 1) >>> 0, payload: request() });
        const plain = bed.fromClient(from, FIRST, 'PA', { sequence: 5001 + request().length, acknowledgement, payload: request() });
        assert.deepEqual([plain.code, plain.segment.acknowledgement], [TC.unspec, 78]);
      });
    });
    if (counts.SWITCHED_FULL === 1 && counts.SWITCHED_NO_PROXY === 1) break;
    assert.ok(tries > 0, JSON.stringify(counts));
  }
});

test('a connection ends in as few segments as it began, whatever its client sends between', { skip }, () => {
  const bed = switchBed();
  const random = randomFrom(15);
  for (let k = 0; k < 500; k++) {
    const { from, cookie } = greeted(bed, FIRST);
    const segment = (sequence: number, payload: Uint8Array) => ({ sequence, acknowledgement: (cookie + 1) >>> 0, payload });
    // Overlapping and giant ones of other contents: the server gets what was decided.
    bed.fromClient(from, FIRST, 'PA', segment(5001, request()));
    bed.fromClient(from, FIRST, 'PA', segment(5001, concat(request('b.example'), randomBytes(random, 1000))));
    bed.fromClient(from, FIRST, 'PA', segment(5001 + random(40), randomBytes(random, 1 + random(1300))));
    const bound = bed.fromServer(`${ONE}:80`, from, 'SA', { sequence: 77, acknowledgement: 5001 });
    assert.deepEqual(bound.segment.payload, request());
  }
  assert.ok(freshPort() < 65_536);
});
