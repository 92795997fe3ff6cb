// Pins that take the place of others, with files for pins: what is there at each moment, also after a process that was killed in between.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pinBeside, pinInPlace, pinsBeside } from './pin-in-place.js';

const thing = (name: string) => ({ pin: (path: string): void => writeFileSync(path, name, { flag: 'wx' }) });

test('the pin of before stays until it is replaced, and so do those of processes that were killed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-pins-'));
  const path = join(folder, 'entry');
  const present = (): readonly string[] => readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
  const atPath = (): string => readFileSync(path, 'utf8');
  try {
    pinInPlace(thing('first'), path);
    assert.deepEqual([atPath(), present()], ['first', ['first']]);
    pinBeside(thing('killed'), path);
    assert.deepEqual([atPath(), [...present()].sort()], ['first', ['first', 'killed']]);
    assert.deepEqual(pinsBeside(path), [`${path}_new`]);
    pinBeside(thing('second'), path);
    assert.deepEqual(pinsBeside(path), [`${path}_new`, `${path}_left`]);
    assert.deepEqual([atPath(), [...present()].sort()], ['first', ['first', 'killed', 'second']]);
    const again = pinBeside(thing('third'), path);
    assert.deepEqual(pinsBeside(path), [`${path}_new`, `${path}_left`, `${path}_left2`]);
    assert.deepEqual([atPath(), [...present()].sort()], ['first', ['first', 'killed', 'second', 'third']]);
    again();
    assert.deepEqual([atPath(), present(), pinsBeside(path)], ['third', ['third'], []]);
    pinInPlace(thing('fourth'), path);
    assert.deepEqual([atPath(), present()], ['fourth', ['fourth']]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
