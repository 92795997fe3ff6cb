// The launcher (dist/weir.cjs) gives Node 18, which Debian 12 has, the methods of arrays that it lacks. Here they are taken from this Node first.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { read } from '../support/project.js';

const MISSING = ['toSorted', 'toReversed', 'toSpliced', 'with'];
const typed = 'Object.getPrototypeOf(Uint8Array.prototype)';

const SCRIPT = `
for (const prototype of [Array.prototype, ${typed}]) for (const name of ${JSON.stringify(MISSING)}) delete prototype[name];
const launcher = ${JSON.stringify(read('dev/launcher.cjs'))};
const from = launcher.indexOf('/** What arrays of Node 18 lack'), to = launcher.indexOf('const isApi');
new Function(launcher.slice(from, to))();
const list = [3, 1, 2], bytes = Uint8Array.of(3, 1, 2);
let refused = 0;
for (const at of [3, -4]) try { list.with(at, 0); } catch (error) { if (error instanceof RangeError) refused++; }
console.log(JSON.stringify({
  sorted: list.toSorted((a, b) => b - a), reversed: list.toReversed(), spliced: list.toSpliced(1, 1, 7, 8),
  set: [list.with(0, 9), list.with(-1, 9)], bytes: [[...bytes.toSorted()], [...bytes.with(2, 9)], bytes.toSpliced === undefined],
  refused, list, keys: Object.keys(list),
}));`;

test('the methods that Node 18 lacks do what those of later ones do', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', SCRIPT], { encoding: 'utf8' });
  assert.deepEqual([status, stderr], [0, '']);
  assert.deepEqual(JSON.parse(stdout), {
    sorted: [3, 2, 1],
    reversed: [2, 1, 3],
    spliced: [3, 7, 8, 2],
    set: [
      [9, 1, 2],
      [3, 1, 9],
    ],
    bytes: [[1, 2, 3], [3, 1, 9], true],
    refused: 2,
    list: [3, 1, 2],
    keys: ['0', '1', '2'],
  });
});
