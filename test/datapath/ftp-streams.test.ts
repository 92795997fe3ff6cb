// What the helper for FTP keeps of control connections: made when their server has answered, and for as long as they last.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inBed, skipReason } from './bed.js';
import { addFtp, answer, ask, lifetimes, open } from './ftp-streams.js';

const PORT = 40_000;
/** Timeouts of the states, s. The datapath's clock may have moved by a unit between two looks at it: a second is allowed for it. */
const [ESTABLISHED, CLOSED] = [900, 10];

test('a forger, whom no server answers, leaves nothing behind', { skip: skipReason() }, async () => {
  await inBed((bed) => {
    addFtp(bed);
    for (let port = PORT; port < PORT + 100; port++) {
      ask(bed, port, 'S');
      ask(bed, port, 'A');
      ask(bed, port, 'PA', 'PASV\r\n');
    }
    assert.deepEqual(lifetimes(bed), []);
  });
});

test('an entry lasts as long as its connection, which a reset ends', { skip: skipReason() }, async () => {
  await inBed((bed) => {
    addFtp(bed);
    open(bed, PORT);
    answer(bed, PORT, 'PA');
    ask(bed, PORT, 'PA', 'PASV\r\n');
    const [whole = 0, ...others] = lifetimes(bed);
    assert.deepEqual(others, []);
    assert.ok(whole > CLOSED && whole < ESTABLISHED + 1, `${whole} s`);
    ask(bed, PORT, 'R');
    const [left = 0] = lifetimes(bed);
    assert.ok(left < CLOSED + 1, `${left} s`);
  });
});
