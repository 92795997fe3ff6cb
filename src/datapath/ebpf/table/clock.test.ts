import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Records } from '../../../sys/bpf/records.js';
import { Conf } from '../abi.gen.js';
import { hzInConfig, nearestHz } from '../load/hz.js';
import { clockAt, clockDifference, secondsOf, unitsOf } from './clock.js';

test('seconds and clock units, at each rate that Linux has', () => {
  assert.equal(unitsOf(900, 250), 56250);
  assert.equal(unitsOf(1, 100), 25);
  assert.equal(secondsOf(unitsOf(2678400, 1000), 1000), 2678400);
  assert.ok(unitsOf(2678400, 1000) < 2 ** 31, '31 days stay below half of the clock');
});

test('the clock goes on from the last tick, and wraps with 32 bits', () => {
  const conf = new Records(new ArrayBuffer(Conf.bytes), Conf.bytes);
  conf.set(0, Conf.hz, 250);
  conf.setBig(0, Conf.jiffiesAt, (1n << 34n) - 4n);
  conf.setBig(0, Conf.ktimeAt, 5_000_000_000n);
  assert.equal(clockAt(conf, 5_000_000_000n), 0xffffffff);
  assert.equal(clockAt(conf, 6_000_000_000n), 61);
  assert.equal(clockAt(conf, 4_000_000_000n), 0xffffffff, 'never backwards');
  assert.equal(clockDifference(61, 0xffffffff), 62);
  assert.equal(clockDifference(0xffffffff, 61), -62);
});

test('the rate of jiffies: from a configuration, or measured', () => {
  assert.equal(hzInConfig('# CONFIG_HZ_100 is not set\nCONFIG_HZ_250=y\nCONFIG_HZ=250\n'), 250);
  assert.equal(hzInConfig('nothing here'), undefined);
  assert.equal(nearestHz(15n, 60_100_000n), 250);
  assert.equal(nearestHz(61n, 60_100_000n), 1000);
  assert.equal(nearestHz(6n, 60_100_000n), 100);
});
