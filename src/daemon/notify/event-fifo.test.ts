import assert from 'node:assert/strict';
import {
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
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

test('a folder that turns into a loop of links, or a folder in its place, is logged once and holds nothing up', () => {
  for (const replace of [
    (path: string) => {
      rmSync(at('inner'), { recursive: true });
      symlinkSync(at('inner'), at('inner'));
      return path;
    },
    (path: string) => {
      unlinkSync(path);
      mkdirSync(path);
      return path;
    },
  ]) {
    logged.length = 0;
    rmSync(at('inner'), { recursive: true, force: true });
    mkdirSync(at('inner'));
    const fifo = new EventFifo({ path: at('inner/fifo') }, log);
    fifo.write('one\n');
    replace(at('inner/fifo'));
    fifo.write('two\n');
    fifo.write('three\n');
    fifo.close(unlinkSync);
    assert.equal(logged.length, 2, logged.join('\n'));
    assert.match(logged[0] ?? '', /was replaced: opening it again$/);
    assert.match(logged[1] ?? '', /^Unable to open notify fifo .*(ELOOP|EISDIR)/);
  }
});

test('at stop only the FIFO that was made here goes', () => {
  const fifo = new EventFifo({ path: at('fifo') }, log);
  unlinkSync(at('fifo'));
  writeFileSync(at('fifo'), 'another file');
  fifo.close(unlinkSync);
  assert.equal(readFileSync(at('fifo'), 'utf8'), 'another file');
  const other = new EventFifo({ path: at('other') }, log);
  other.close(unlinkSync);
  assert.throws(() => lstatSync(at('other')), { code: 'ENOENT' });
  const stays = new EventFifo({ path: at('stays') }, log);
  logged.length = 0;
  stays.close(() => unlinkSync(folder));
  assert.match(logged.join('\n'), /is left behind: (EISDIR|EPERM)/);
});
