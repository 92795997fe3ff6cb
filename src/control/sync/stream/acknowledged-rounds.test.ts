// Until when a peer has all that was in the tables.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AcknowledgedRounds } from './acknowledged-rounds.js';

test('what was there before a round began is known when all that the round has sent is acknowledged', () => {
  const rounds = new AcknowledgedRounds();
  rounds.ended({ began: 10, sent: 5 }, 3);
  assert.equal(rounds.until, Number.NEGATIVE_INFINITY);
  rounds.acknowledge(4);
  assert.equal(rounds.until, Number.NEGATIVE_INFINITY);
  rounds.ended({ began: 20, sent: 8 }, 4);
  rounds.acknowledge(5);
  assert.equal(rounds.until, 10);
  rounds.acknowledge(8);
  assert.equal(rounds.until, 20);
});

test('a round that found nothing is known when it ends, and one behind others that wait with them', () => {
  const rounds = new AcknowledgedRounds();
  rounds.ended({ began: 10, sent: 0 }, 0);
  assert.equal(rounds.until, 10);
  rounds.ended({ began: 20, sent: 2 }, 0);
  rounds.ended({ began: 30, sent: 2 }, 0);
  assert.equal(rounds.until, 10);
  rounds.acknowledge(2);
  assert.equal(rounds.until, 30);
});

test('however many rounds wait, the memory is bounded, and nothing is known too early', () => {
  const rounds = new AcknowledgedRounds();
  for (let round = 1; round <= 1000; round++) rounds.ended({ began: round, sent: round }, 0);
  rounds.acknowledge(40);
  assert.equal(rounds.until, 40);
  rounds.acknowledge(999);
  assert.ok(rounds.until <= 999, `${rounds.until}`);
  rounds.acknowledge(1000);
  assert.ok(rounds.until >= 64 && rounds.until <= 1000, `${rounds.until}`);
  rounds.ended({ began: 2000, sent: 1000 }, 1000);
  assert.equal(rounds.until, 2000);
});
