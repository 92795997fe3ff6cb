import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseOptions, usualParts } from './options.js';

test('everything is measured by default, and a missed gate is no failure', () => {
  assert.deepEqual(parseOptions([]), { parts: usualParts, quick: false, gate: false, nice: 0 });
});

test('the soak runs where it is named', () => {
  assert.ok(!usualParts.includes('soak'));
  assert.deepEqual(parseOptions(['--only', 'soak', '--load-seconds', '60']).parts, ['soak']);
});

test('options are read in any order', () => {
  const options = parseOptions(['--json', 'out.json', '--only', 'wire,list', '--gate', '--quick', '--nice', '-18', '--peers', 'nft']);
  assert.deepEqual(options, { parts: ['wire', 'list'], quick: true, gate: true, nice: -18, json: 'out.json', peers: ['nft'] });
});

test('another build is named by its folder', () => {
  assert.equal(parseOptions(['--against', '/srv/weir']).against, '/srv/weir');
  assert.throws(() => parseOptions(['--against']), /--against needs a value/);
});

test('what is not understood is refused in one line', () => {
  assert.throws(() => parseOptions(['--fast']), /unknown option: --fast/);
  assert.throws(() => parseOptions(['--only', 'disk']), /no such part: disk/);
  assert.throws(() => parseOptions(['--json']), /--json needs a value/);
  assert.throws(() => parseOptions(['--nice', '-21']), /--nice takes a whole number from -20 to 19/);
  assert.throws(() => parseOptions(['--cpu', '1x']), /--cpu takes a whole number/);
});
