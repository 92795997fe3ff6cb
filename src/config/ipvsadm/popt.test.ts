import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../test/support/properties.js';
import { type OptionSpelling, optionIndex, Popt } from './popt.js';

type Id = 'add' | 'weight' | 'persistent' | 'numeric';
const spellings: readonly OptionSpelling<Id>[] = [
  { id: 'add', long: 'add', short: 'A', argument: 'none' },
  { id: 'numeric', long: 'numeric', short: 'n', argument: 'none' },
  { id: 'weight', long: 'weight', short: 'w', argument: 'required' },
  { id: 'persistent', long: 'persistent', short: 'p', argument: 'optional' },
];
const index = optionIndex(spellings);

/** `add`, `weight=5`, … then the leftovers in brackets, or what is wrong. */
function read(...words: string[]): string {
  const popt = new Popt<Id>(words, index);
  const seen: string[] = [];
  for (let step = popt.next(); step.kind !== 'end'; step = popt.next()) {
    if (step.kind === 'error') return [...seen, `${popt.word}: ${step.reason}`].join(' ');
    seen.push(step.argument === undefined ? step.id : `${step.id}=${step.argument}`);
  }
  for (let word = popt.takeLeftover(); word !== undefined; word = popt.takeLeftover()) seen.push(`[${word}]`);
  return seen.join(' ');
}

test('an argument stands attached, after =, or in the next word', () => {
  for (const words of [['-w5'], ['-w=5'], ['-w', '5'], ['--weight=5'], ['--weight', '5'], ['-nw5'], ['-nw=5'], ['-nw', '5']]) {
    assert.equal(read(...words).replace('numeric ', ''), 'weight=5', words.join(' '));
  }
  assert.equal(read('-w', '-5'), 'weight=-5');
  assert.equal(read('--weight='), 'weight=');
  assert.equal(read('-w='), 'weight=');
  assert.equal(read('-w=='), 'weight==');
});

test('an optional argument is taken unless the next word begins with -', () => {
  assert.equal(read('-p', '60'), 'persistent=60');
  assert.equal(read('-p60'), 'persistent=60');
  assert.equal(read('-p', '-n'), 'persistent numeric');
  assert.equal(read('-p'), 'persistent');
  assert.equal(read('-p', ''), 'persistent=');
  assert.equal(read('--persistent=-5'), 'persistent=-5');
});

test('clusters', () => {
  assert.equal(read('-An'), 'add numeric');
  assert.equal(read('-Anw', '3'), 'add numeric weight=3');
  assert.equal(read('-wn'), 'weight=n');
});

test('words that are no options are left over; -- ends the options', () => {
  assert.equal(read('x', '-A', 'y'), 'add [x] [y]');
  assert.equal(read('-A', '--', '-n', '--'), 'add [-n] [--]');
  assert.equal(read('-', ''), '[-] []');
});

test('what popt complains of, with the word as typed', () => {
  assert.equal(read('-AQ'), 'add -AQ: unknown option');
  assert.equal(read('--wei', '5'), '--wei: unknown option');
  assert.equal(read('-='), '-=: unknown option');
  assert.equal(read('---'), '---: unknown option');
  assert.equal(read('-Aw'), 'add -Aw: missing argument');
  assert.equal(read('--weight'), '--weight: missing argument');
  assert.equal(read('--numeric=1'), '--numeric=1: option does not take an argument');
  assert.equal(read('-n=1'), '-n=1: option does not take an argument');
});

test('an argument in a word of its own becomes the word read last', () => {
  const popt = new Popt<Id>(['-w', '5'], index);
  popt.next();
  assert.equal(popt.word, '5');
});

test('any words are read to an end', () => {
  const word = fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom('-A', '-n', '-w', '-p', '--', '--weight', '-w=', '--persistent=x'));
  fc.assert(fc.property(fc.array(word), (words) => assert.equal(typeof read(...words), 'string')));
});
