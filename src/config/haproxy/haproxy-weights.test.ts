import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultKeepAlive, defaultServer } from '../../model/layer7/defaults.js';
import type { Balance, Pool } from '../../model/layer7/pool.js';
import type { PoolOrder } from '../../model/layer7/pool-status.js';
import { haproxyStates } from './haproxy-weights.js';

const poolOf = (weights: readonly number[], balance: Balance = { kind: 'round_robin' }): Pool => ({
  name: 'web',
  balance,
  keepAlive: defaultKeepAlive,
  servers: weights.map((weight, index) => ({
    ...defaultServer,
    ...{ name: `10.0.0.${index}:80`, address: { family: 'inet', words: [index] }, port: 80, weight },
  })),
});

const orderOf = (weights: readonly number[], down: readonly number[] = []): PoolOrder => ({
  pool: 'web',
  readsReports: false,
  servers: weights.map((weight, index) => ({ server: `10.0.0.${index}:80`, isUp: !down.includes(index), weight })),
});

const weightsOf = (pool: Pool, order?: PoolOrder): readonly number[] => haproxyStates(pool, order).map(({ weight }) => weight);

test("weights of the file keep their ratio within HAProxy's 256", () => {
  assert.deepEqual(weightsOf(poolOf([1, 1, 2])), [32, 32, 64]);
  assert.deepEqual(weightsOf(poolOf([50, 100])), [128, 256]);
  assert.deepEqual(weightsOf(poolOf([65_535, 1])), [256, 1]);
});

test('weights that moved: parts of one, more than the file has, none', () => {
  assert.deepEqual(weightsOf(poolOf([1, 1]), orderOf([0.25, 1])), [16, 64]);
  assert.deepEqual(weightsOf(poolOf([1, 1]), orderOf([4, 0.5])), [256, 32]);
  assert.deepEqual(weightsOf(poolOf([1, 1]), orderOf([8, 1])), [256, 32]);
  assert.deepEqual(weightsOf(poolOf([1, 1]), orderOf([0, 0])), [0, 0]);
});

test('who is down is out; who has no weight is out only where a rule chooses servers', () => {
  const outOf = (balance: Balance): readonly boolean[] =>
    haproxyStates(poolOf([1, 1, 1], balance), orderOf([0, 1, 1], [2])).map(({ isOut }) => isOut);
  assert.deepEqual(outOf({ kind: 'least_conn' }), [false, false, true]);
  assert.deepEqual(outOf({ kind: 'ip_hash' }), [true, false, true]);
});
