// The record of health on the disk: written before the table changes, and what stands in its place never ends or holds up the checker.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Remembered } from '../../control/check/remembered-check.js';
import { HealthRecord } from './health-record.js';

const down = (weight: number): Remembered => new Map([['a', { up: false, weight, status: 0, reason: 'x' }]]);

async function inFolder(
  work: (path: string, log: string[], record: (current: () => Remembered) => HealthRecord) => unknown,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-record-'));
  const path = join(folder, 'health');
  const log: string[] = [];
  try {
    await work(path, log, (current) => new HealthRecord(path, current, (_, text) => void log.push(text)));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('a change is on the disk when it is reported, a storm of them in few writes, the last one always', () =>
  inFolder(async (path, log, recordOf) => {
    let weight = 1;
    let asked = 0;
    const record = recordOf(() => {
      asked += 1;
      return down(weight);
    });
    record.write();
    assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), Object.fromEntries(down(1)));
    for (weight = 2; weight <= 10_000; weight++) record.write();
    weight = 77;
    record.write();
    await sleep(200);
    assert.deepEqual(recordOf(() => new Map()).read(), down(77));
    assert.ok(asked < 1000, `${asked} writes`);
    assert.deepEqual(log, []);
  }));

test('a record that is torn, of others’ making, huge, a folder, a FIFO or a loop of links is none', () =>
  inFolder((path, log, recordOf) => {
    const read = (): Remembered => recordOf(() => new Map()).read();
    const sparse = (bytes: number): void => {
      writeFileSync(path, '');
      truncateSync(path, bytes);
    };
    const cases: readonly [string, () => void, RegExp | undefined][] = [
      ['torn', () => writeFileSync(path, '{"a":{"up":fal'), undefined],
      ['other values', () => writeFileSync(path, '{"a":{"up":1},"b":[],"c":null,"d":{"up":true,"weight":1e300,"status":0}}'), undefined],
      ['nested', () => writeFileSync(path, '['.repeat(1_000_000)), undefined],
      ['large', () => sparse(600 * 2 ** 20), /: EFBIG: /],
      ['huge', () => sparse(10 * 2 ** 30), /: EFBIG: /],
      ['a folder', () => mkdirSync(path), /: EISDIR: /],
      ['a FIFO', () => void spawnSync('mkfifo', [path]), /: EINVAL: /],
      ['a loop', () => symlinkSync(path, path), /: ELOOP: /],
      ['a device', () => symlinkSync('/dev/zero', path), /: EINVAL: /],
    ];
    for (const [name, make, logged] of cases) {
      make();
      log.length = 0;
      assert.equal(read().size, 0, name);
      if (logged === undefined) assert.deepEqual(log, [], name);
      else assert.match(log.join('\n'), new RegExp(`^health of servers cannot be kept for a restart${logged.source}`), name);
      rmSync(path, { recursive: true });
    }
  }));
