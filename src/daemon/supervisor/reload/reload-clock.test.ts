import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { probe } from '../../../../test/support/probes.js';
import { until } from '../../../../test/support/until.js';
import { ReloadClock } from './reload-clock.js';
import { reloadTimeText } from './reload-time.js';

let folder: string;
let clock: ReloadClock;
const logged: string[] = [];
let due = 0;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-clock-'));
  logged.length = 0;
  due = 0;
  clock = new ReloadClock(
    (_, text) => void logged.push(text),
    () => {
      due += 1;
    },
  );
});
afterEach(() => {
  clock.close();
  rmSync(folder, { recursive: true, force: true });
});

const path = (): string => join(folder, 'when');
const write = (ms: number): void => writeFileSync(path(), `${reloadTimeText(ms)}\n`);
const HOUR = 3_600_000;
const later = Math.floor(Date.now() / 1000) * 1000 + HOUR;

test('the file is followed: a time, another, none, nonsense', async () => {
  clock.configure({ path: path(), repeat: false });
  assert.deepEqual(logged, []);
  write(later);
  await until(() => logged.length === 1, 'a schedule');
  write(later + HOUR);
  await until(() => logged.length === 2, 'another');
  rmSync(path());
  await until(() => logged.length === 3, 'none');
  writeFileSync(path(), 'tomorrow\n');
  await until(() => logged.length === 4, 'nonsense');
  const [one, two] = [reloadTimeText(later), reloadTimeText(later + HOUR)];
  assert.deepEqual(logged, [
    `Scheduling reload for ${one}`,
    `Reload time updated from ${one} to ${two}`,
    `Cancelling reload scheduled for ${two}`,
    'Reload time tomorrow format is incorrect - ignoring',
  ]);
  assert.equal(due, 0);
});

/** Writes a time that comes soon, until one came: a busy machine may read one when it is over, which is a time in the past, or tomorrow's. */
async function comes(textOf: (ms: number) => string): Promise<void> {
  for (let tries = 0; due === 0; tries += 1) {
    assert.ok(tries < 10, logged.join(' | '));
    const ms = Date.now() + 1500;
    writeFileSync(path(), textOf(ms));
    await until(() => due > 0 || Date.now() > ms + 1500, 'the time');
  }
  assert.equal(due, 1);
}

test('when the time has come the file goes and a reload is due; a date goes even with repeat', async () => {
  for (const repeat of [false, true]) {
    due = 0;
    clock.configure({ path: path(), repeat });
    await comes(reloadTimeText);
    assert.ok(!existsSync(path()));
    clock.configure(undefined);
  }
});

test('a time without a date stays with repeat', async () => {
  clock.configure({ path: path(), repeat: true });
  await comes((ms) => reloadTimeText(ms).slice(11));
  assert.ok(existsSync(path()));
  const before = logged.length;
  clock.configure({ path: path(), repeat: true });
  assert.match(logged[before] ?? '', /^Scheduling reload for /);
});

test('a folder that is not there, or goes away, is logged', async () => {
  clock.configure({ path: join(folder, 'none', 'when'), repeat: false });
  assert.match(logged.at(-1) ?? '', /^Unable to monitor reload timer file directory /);
  clock.configure({ path: path(), repeat: false });
  rmSync(folder, { recursive: true });
  await until(() => logged.at(-1)?.startsWith('Directory of reload timer file has disappeared') === true, 'the folder');
});

const most = Number(readFileSync('/proc/sys/fs/inotify/max_queued_events', 'utf8'));
const tooMany = probe('event-queue', most <= 100_000, 'the kernel keeps more events here than a test should make');

test('events that were lost are no folder that is gone', { skip: tooMany }, async () => {
  clock.configure({ path: path(), repeat: false });
  // Before they can be read; two files by turns, since the kernel reports the same event in a row once.
  for (let count = 0; count <= most; count += 1) writeFileSync(join(folder, `other${count % 2}`), '');
  write(later);
  await until(() => logged.length > 0, 'a schedule');
  assert.deepEqual(logged, [`Scheduling reload for ${reloadTimeText(later)}`]);
});
