import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Expectation } from '../definition/lab.js';
import { type CommandResult, judge, judgeServed } from './judge.js';

const result = (stdout: string, exit = 0, stderr = ''): CommandResult => ({ exit, stdout, stderr, timedOut: false });
const holds = (expect: Expectation, ...results: readonly CommandResult[]): boolean => judge(expect, results).every(({ ok }) => ok);

const listing = result('TCP  192.168.88.5:80 rr\n  -> 192.168.99.100:80            Masq    1      0          3         \n');

test('without an expectation a command must succeed', () => {
  assert.ok(holds({}, result('anything')));
  assert.deepEqual(judge({}, [result('', 3, 'no\n')]), [{ ok: false, what: 'exit status', expected: 'exit 0', got: 'exit 3: no' }]);
});

test('one repetition that fails is enough', () => assert.ok(!holds({}, result(''), result('', 1), result(''))));

test('answers are compared in their order', () => {
  assert.ok(holds({ answers: ['a', 'b'] }, result('a\n'), result('b\n')));
  assert.ok(!holds({ answers: ['a', 'b'] }, result('b\n'), result('a\n')));
  assert.ok(!holds({ answers: ['a'] }, result('a\n'), result('a\n')));
});

test('a tally is compared without order, and other outputs are an error', () => {
  assert.ok(holds({ tally: { a: 2, b: 1 } }, result('a'), result('b'), result('a')));
  assert.ok(!holds({ tally: { a: 2 } }, result('a'), result('b'), result('a')));
  assert.ok(holds({ tally: { a: 1, b: 0 } }, result('a')));
  assert.equal(judge({ tally: { b: 2, a: 1 } }, [result('b')])[1]?.expected, '1 × a, 2 × b');
});

test('tables are compared without the width of their columns', () => {
  assert.ok(holds({ contains: ['TCP 192.168.88.5:80 rr', '-> 192.168.99.100:80 Masq 1 0 3'] }, listing));
  assert.ok(!holds({ contains: ['-> 192.168.99.100:80 Masq 1 0 4'] }, listing));
  assert.ok(holds({ matches: ['^-> 192\\.168\\.99\\.100:80 Masq 1 0 \\d+$'] }, listing));
  assert.ok(!holds({ matches: ['^Masq'] }, listing));
  assert.ok(!holds({ lacks: ['192.168.88.5:80'] }, listing));
});

test('error output is checked separately from output', () => {
  assert.ok(holds({ exit: 255, errors: ['Destination already exists'] }, result('', 255, 'Destination already exists\n')));
  assert.ok(!holds({ exit: 255, errors: ['Destination already exists'] }, result('Destination already exists\n', 255)));
});

test('served requests: by host, in total, and within bounds', () => {
  const verdicts = judgeServed({ web1: 2, web2: { min: 3 }, '*': { min: 5, max: 5 }, web3: 0 }, { web1: 2, web2: 3 });
  assert.deepEqual(
    verdicts.map(({ ok }) => ok),
    [true, true, true, true],
  );
  assert.equal(judgeServed({ web1: { max: 1 } }, { web1: 2 })[0]?.ok, false);
});
