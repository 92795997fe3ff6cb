import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

const MODULE = JSON.stringify(new URL('./end-process.js', import.meta.url).href);
const NATIVE = JSON.stringify(new URL('../addon.js', import.meta.url).href);

const run = (script: string) => spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });

test('the process ends with the status, after its listeners, and nothing runs any more', () => {
  const { status, stdout } = run(`
    const { endProcess } = await import(${MODULE});
    const { writeSync } = await import('node:fs');
    process.on('exit', (code) => writeSync(1, 'exit ' + code));
    setTimeout(() => writeSync(1, 'late'), 0);
    endProcess(7);
    writeSync(1, 'after');`);
  assert.deepEqual([status, stdout], [7, 'exit 7']);
});

test('without an addon it ends, too', () => {
  const script = `const { endProcess } = await import(${MODULE}); endProcess(3);`;
  const { status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, WEIR_ADDON: '/nowhere/weir.node' },
  });
  assert.equal(status, 3);
});

test('what is no status is refused', () => {
  const { status, stdout } = run(`
    const { native } = await import(${NATIVE});
    for (const wrong of [-1, 256, 'x', undefined]) { try { native().exitNow(wrong); } catch (error) { process.stdout.write(error.name + ' '); } }`);
  assert.equal(status, 0);
  assert.equal(stdout.trim().split(' ').length, 4);
});
