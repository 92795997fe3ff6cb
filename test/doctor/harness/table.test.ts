// The harness itself: what counts as right, and what fails a test.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Finding } from '../../../src/model/finding.js';
import { type FaultOutcome, gradeOf } from './run.js';
import { problemsOf, problemsOfSetUp, table } from './table.js';
import type { Fault, SetUp } from './types.js';

const at = { at: 'director', code: 'vip-absent', matches: /10\.0\.0\.9 is on no interface/, also: ['vip-prefix'] };
const fault: Fault = { name: 'a', topic: 'vip', on: 'nat', breaks: [], expect: [at], symptoms: ['server-unreachable'] };
const finding = (code: string, what = '10.0.0.9 is on no interface', severity: Finding['severity'] = 'error'): Finding => ({
  severity,
  code,
  what,
  cause: 'c',
});
const named = finding('vip-absent');

test('right is the expected code with its words, and no other ERROR or WARN than those that hold, too', () => {
  const grade = (...found: readonly Finding[]) => gradeOf(found, fault, at);
  assert.equal(grade(named), 'right');
  assert.equal(grade(named, finding('vip-prefix'), finding('nat-one-wire', 'x', 'info')), 'right');
  assert.equal(grade(named, finding('lro-on')), 'wrong');
  assert.equal(grade(finding('vip-absent', 'another VIP')), 'wrong');
  assert.equal(grade(finding('server-unreachable')), 'symptom');
  assert.equal(grade(finding('vip-prefix')), 'symptom');
  assert.equal(grade(finding('nat-one-wire', 'x', 'info')), 'missed');
  assert.equal(grade(), 'missed');
});

const outcome: FaultOutcome = { fault, at, grade: 'right', lines: [], fix: 'works', commands: ['x'], problems: [] };
const missed: FaultOutcome = { ...outcome, grade: 'missed', fix: 'not run', commands: [] };
const open = { ...fault, open: 'why' };

test('a row that is not right fails; one that is declared open fails when its cause is wrong, or when it is right', () => {
  assert.deepEqual(problemsOf(outcome), []);
  assert.deepEqual(problemsOf({ ...outcome, problems: ['still reported'] }), ['still reported']);
  assert.equal(problemsOf(missed).length, 1);
  assert.deepEqual(problemsOf({ ...missed, fault: open }), []);
  assert.deepEqual(problemsOf({ ...missed, fault: open, grade: 'wrong', lines: ['ERROR'] }), ['a wrong cause:', 'ERROR']);
  assert.deepEqual(problemsOf({ ...outcome, fault: open }), ['it is found and fixed: it is no longer open']);
});

test('the table counts what is open, too', () => {
  const setUp: SetUp = { name: 'nat', networks: [], hosts: {}, traffic: [], doctor: {}, open: 'why' };
  const alarmed = { setUp, falseAlarms: ['WARN'] };
  assert.deepEqual(problemsOfSetUp(alarmed), []);
  assert.deepEqual(problemsOfSetUp({ ...alarmed, setUp: { name: 'nat', networks: [], hosts: {}, traffic: [], doctor: {} } }), ['WARN']);
  const lines = table([alarmed], [outcome, { ...missed, fault: open }]).split('\n');
  assert.match(lines[1] ?? '', /^vip +2 +1 +0 +0 +1 +0$/);
  assert.ok(lines.includes('right: 50.0 %'));
  assert.ok(lines.includes('working set-ups: 1, with a false ERROR or WARN: 1, not examined: 0'));
  assert.ok(lines.includes('printed fixes executed: 1, of these work: 1; advice alone: 0'));
});
