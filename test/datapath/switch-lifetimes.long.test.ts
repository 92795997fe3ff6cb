// How long content switching knows a connection that has ended: as long as the connection table does, whatever the timeout of FINs is. Until then what is
// sent again has its numbers; after a reset it is ten seconds, as of any connection.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { keyCount } from '../../src/datapath/ebpf/switch/switch-maps.js';
import { skipReason } from './bed.js';
import { TC } from './run.js';
import { FIRST, greeted, ONE, request, type SwitchBed, switchBed } from './switch-bed.js';

const skip = skipReason();
const ISN = 77;
const END = 5001 + request().length;
const SERVER = `${ONE}:80`;

interface Bound {
  readonly from: string;
  /** What the client acknowledges of an answer of no bytes. */
  readonly acknowledgement: number;
}

function bound(bed: SwitchBed): Bound {
  const { from, cookie } = greeted(bed, FIRST);
  const acknowledgement = (cookie + 1) >>> 0;
  bed.fromClient(from, FIRST, 'PA', { sequence: 5001, acknowledgement, payload: request() });
  bed.fromServer(SERVER, from, 'SA', { sequence: ISN, acknowledgement: 5001 });
  return { from, acknowledgement };
}

/** Both ends are closed, and that is acknowledged. */
function close(bed: SwitchBed, { from, acknowledgement }: Bound): void {
  bed.fromClient(from, FIRST, 'FA', { sequence: END, acknowledgement });
  bed.fromServer(SERVER, from, 'FA', { sequence: ISN + 1, acknowledgement: END + 1 });
  bed.fromClient(from, FIRST, 'A', { sequence: END + 1, acknowledgement: (acknowledgement + 1) >>> 0 });
}

/** Seconds until content switching knows none any more. */
async function secondsUntilNone({ folder }: SwitchBed): Promise<number> {
  const from = performance.now();
  while (keyCount(folder, 'switch_flows') > 0) await setTimeout(100);
  assert.equal(keyCount(folder, 'switch_backs'), 0);
  return (performance.now() - from) / 1000;
}

test('a reset: ten seconds, and the turn of the timer', { skip }, async () => {
  const bed = switchBed().onward();
  for (const letters of ['R', 'RA']) {
    const { from, acknowledgement } = bound(bed);
    if (letters === 'R') bed.fromClient(from, FIRST, letters, { sequence: END, acknowledgement });
    else bed.fromServer(SERVER, from, letters, { sequence: ISN + 1, acknowledgement: END });
    const seconds = await secondsUntilNone(bed);
    assert.ok(seconds > 8 && seconds < 18, `${letters}: ${seconds} s`);
  }
  assert.equal(bed.counts().get('SWITCHED_LOST'), 0n);
});

test('both FINs: the time of the connection, though that of FINs is a second, and a FIN that is sent again has its numbers', {
  skip,
}, async () => {
  const bed = switchBed().onward();
  bed.bed.director.setTimeouts({ tcp: 0, tcpFin: 1, udp: 0 });
  try {
    const ends = bound(bed);
    close(bed, ends);
    await setTimeout(15_000);
    const { from, acknowledgement } = ends;
    const again = bed.fromServer(SERVER, from, 'FA', { sequence: ISN + 1, acknowledgement: END + 1 });
    assert.deepEqual([again.code, again.segment.sequence], [TC.unspec, acknowledgement]);
    const last = bed.fromClient(from, FIRST, 'A', { sequence: END + 1, acknowledgement: (acknowledgement + 1) >>> 0 });
    assert.deepEqual([last.code, last.segment.acknowledgement], [TC.unspec, ISN + 2]);
    const seconds = await secondsUntilNone(bed);
    assert.ok(seconds > 115 && seconds < 130, `${seconds} s`);
    assert.equal(bed.counts().get('SWITCHED_LOST'), 0n);
  } finally {
    bed.bed.director.setTimeouts({ tcp: 0, tcpFin: 120, udp: 0 });
  }
});
