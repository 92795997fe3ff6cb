// The timer takes away what the helper for FTP keeps of a control connection that has ended.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { inBed, skipReason } from './bed.js';
import { addFtp, answer, ask, lifetimes, open } from './ftp-streams.js';

const [ENDED, GOES_ON] = [40_000, 40_001];

test('what is kept of an ended connection goes, of another one it stays', { skip: skipReason() }, async () => {
  await inBed(async (bed) => {
    addFtp(bed);
    for (const port of [GOES_ON, ENDED]) {
      open(bed, port);
      answer(bed, port, 'PA');
      ask(bed, port, 'PA', 'PASV\r\n');
    }
    assert.equal(lifetimes(bed).length, 2);
    ask(bed, ENDED, 'R');
    for (let tries = 0; lifetimes(bed).length > 1; tries++) {
      assert.ok(tries < 1800, 'not within 180 s');
      await delay(100);
    }
    assert.ok((lifetimes(bed)[0] ?? 0) > 60);
  });
});
