import assert from 'node:assert/strict';
import {
  closeSync,
  constants,
  lstatSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { native } from '../../sys/addon.js';
import { EventFifo } from './event-fifo.js';

let folder: string;
const logged: string[] = [];
const log = (_: unknown, text: string): void => void logged.push(text);
const at = (name: string): string => join(folder, name);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-fifo-'));
  logged.length = 0;
});
afterEach(() => rmSync(folder, { recursive: true }));

function read(path: string): string {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const room = Buffer.alloc(4096);
    return room.toString('utf8', 0, readSync(fd, room));
  } finally {
    closeSync(fd);
  }
}

test('a link is not followed: logged once, and nothing is written', () => {
  writeFileSync(at('target'), 'as it was');
  symlinkSync(at('target'), at('fifo'));
  const fifo = new EventFifo({ path: at('fifo') }, log);
  fifo.write('one\n');
  fifo.write('two\n');
  assert.equal(readFileSync(at('target'), 'utf8'), 'as it was');
  assert.equal(logged.length, 1);
  assert.match(logged[0]!, /^Unable to open notify fifo .*ELOOP/);
  unlinkSync(at('fifo'));
  fifo.write('three\n');
  assert.equal(read(at('fifo')), 'three\n');
  fifo.close(unlinkSync);
});

test('one that was taken away is made again, one that another program made is written to', () => {
  const fifo = new EventFifo({ path: at('fifo') }, log);
  fifo.write('one\n');
  unlinkSync(at('fifo'));
  fifo.write('two\n');
  assert.ok(lstatSync(at('fifo')).isFIFO());
  assert.equal(read(at('fifo')), 'two\n');
  unlinkSync(at('fifo'));
  native().mkfifo(at('fifo'), 0o600);
  fifo.write('three\n');
  assert.equal(read(at('fifo')), 'three\n');
  fifo.close(unlinkSync);
});
