// How transcripts are taken apart and compared.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compare, differsOnlyIn, readLate } from './answers.js';

const texts = (recorded: string, ours: string): readonly string[] => [...compare(recorded, ours).same].map((answer) => answer.text);

test('an answer is the same only when command and text are', () => {
  assert.deepEqual(texts('$ a\nx\n$ b\ny', '$ a\nx\n$ b\nz'), ['x']);
  assert.deepEqual(texts('$ a\nx', '$ c\nx'), []);
});

test('a command without output is no answer', () => {
  assert.equal(compare('$ a\n[rc 0]\n\n$ b\ny', '$ a\n[rc 0]\n\n$ b\ny').answers.length, 1);
  assert.equal(compare('$ a\n[rc 2]', '').answers.length, 1, 'a status other than 0 is one');
});

test('output where the recording has none is an answer that differs', () => {
  const { answers, same } = compare('$ a\n[rc 0]\n\n$ b\ny', '$ a\n! refused\n[rc 255]\n\n$ b\ny');
  assert.deepEqual(
    answers.map((answer) => [answer.line, answer.ours.trimEnd(), same.has(answer)]),
    [
      [1, '! refused\n[rc 255]', false],
      [4, 'y', true],
    ],
  );
});

test('of an answer of several lines, those that may differ are named', () => {
  const [answer] = compare('$ a\none\n  tunnel\nthree', '$ a\none\nthree').answers;
  assert.ok(answer !== undefined && differsOnlyIn(/tunnel/, answer));
  assert.ok(!differsOnlyIn(/nothing/, answer));
  const [other] = compare('$ a\none\n  tunnel\nthree', '$ a\none\nfour').answers;
  assert.ok(other !== undefined && !differsOnlyIn(/tunnel/, other));
});

test('a long block is compared line by line, in order', () => {
  const lines = Array.from({ length: 30 }, (_, index) => `line ${index}`);
  const ours = lines.filter((_, index) => index !== 7);
  const { answers, same } = compare(['$ a', ...lines].join('\n'), ['$ a', ...ours].join('\n'));
  assert.equal(answers.length, 30);
  assert.deepEqual(
    answers.filter((answer) => !same.has(answer)).map((answer) => [answer.line, answer.text]),
    [[9, 'line 7']],
  );
});

test('a countdown read a moment late is the recorded one, one that is further off is not', () => {
  const recorded = '$ a\nin:S -> SYN_RECV 59\nin:S in:F -> CLOSE 9';
  assert.equal(readLate(recorded, '$ a\nin:S -> SYN_RECV 57\nin:S in:F -> CLOSE 9', 3), recorded);
  for (const line of ['in:S -> SYN_RECV 60', 'in:S -> SYN_RECV 55', 'in:S -> CLOSE 58', 'out:S -> SYN_RECV 58']) {
    assert.equal(readLate(recorded, line, 3), line);
  }
});

test('a countdown of a state with a hyphen is read in the same way', () => {
  assert.equal(readLate('in:SHUTDOWN -> S-ACK-SENT 61', 'in:SHUTDOWN -> S-ACK-SENT 59', 3), 'in:SHUTDOWN -> S-ACK-SENT 61');
});

test('a countdown in a list is read in the same way', () => {
  const recorded = "weight 1 in:S then in:S -> ['10.0.2.11:80 SYN_RECV 59']";
  assert.equal(readLate(recorded, recorded.replace('59', '58'), 3), recorded);
});
