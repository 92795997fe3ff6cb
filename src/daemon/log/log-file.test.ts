import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chownSync,
  closeSync,
  constants,
  linkSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openLog } from './log.js';

const quiet = { detail: false, console: false, syslog: false, facility: 3 };

function inFolder(work: (at: (name: string) => string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'weir-log-'));
  try {
    work((name) => join(folder, name));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function logTo(path: string, text: string): void {
  const { log, close } = openLog({ ...quiet, file: path }, 'Keepalived');
  log('info', text);
  close();
}

test('a log file is made for its owner alone, and appended to', () =>
  inFolder((at) => {
    logTo(at('new'), 'one');
    logTo(at('new'), 'two');
    assert.equal(statSync(at('new')).mode & 0o777, 0o600);
    assert.match(readFileSync(at('new'), 'utf8'), /^.*: one\n.*: two\n$/);
  }));

test('neither a link, a second name, a folder nor a file of another user is written to', { skip: process.getuid?.() !== 0 }, () =>
  inFolder((at) => {
    for (const name of ['target', 'second', 'foreign']) writeFileSync(at(name), 'before');
    symlinkSync('target', at('link'));
    symlinkSync('none', at('dangling'));
    linkSync(at('second'), at('hard'));
    chownSync(at('foreign'), 65534, 65534);
    for (const name of ['link', 'dangling', 'hard', 'foreign', '.']) logTo(at(name), 'line');
    for (const name of ['target', 'second', 'foreign']) assert.equal(readFileSync(at(name), 'utf8'), 'before');
    assert.throws(() => statSync(at('none')), { code: 'ENOENT' });
  }),
);

test('a FIFO holds nothing up, with and without a reader', () =>
  inFolder((at) => {
    assert.equal(spawnSync('mkfifo', [at('fifo')]).status, 0);
    logTo(at('fifo'), 'line');
    const reader = openSync(at('fifo'), constants.O_RDONLY | constants.O_NONBLOCK);
    logTo(at('fifo'), 'line');
    closeSync(reader);
  }));
