import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';

const MODULE = new URL('./at-exit.js', import.meta.url).href;

for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  test(`a process that ends by ${signal} does what it owes first, but for what was taken back`, async () => {
    const program = `
      const { atExit } = await import('${MODULE}');
      atExit(() => console.log('cleaned up'));
      atExit(() => console.log('taken back'))();
      setInterval(() => {}, 1000);
      console.log('ready');`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      if (text === '') child.kill(signal);
      text += chunk;
    });
    assert.deepEqual([await once(child, 'close'), text], [[status, null], 'ready\ncleaned up\n']);
  });
}
