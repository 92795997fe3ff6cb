// What a process of the tests owes at its end is done by whichever signal it ends, however many more come meanwhile.
import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { test } from 'node:test';

const MODULE = new URL('./at-exit.js', import.meta.url).href;

/** Runs the statements with `atExit` there; `onText` gets all output so far, each time that some comes. */
async function ended(
  statements: string,
  onText: (text: string, child: ChildProcessByStdio<Writable, Readable, Readable>) => void,
): Promise<{ readonly end: readonly unknown[]; readonly text: string; readonly errors: string }> {
  const program = `
    import { readSync, writeSync } from 'node:fs';
    const { atExit } = await import('${MODULE}');
    const print = (line) => writeSync(1, line + '\\n');
    ${statements}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['pipe', 'pipe', 'pipe'] });
  let text = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    onText(text, child);
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    errors += chunk;
  });
  return { end: await once(child, 'close'), text, errors };
}

for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  test(`a process that ends by ${signal} does what it owes first, but for what was taken back`, async () => {
    const { end, text } = await ended(
      `atExit(() => print('cleaned up'));
      atExit(() => print('taken back'))();
      setInterval(() => {}, 1000);
      print('ready');`,
      (printed, child) => {
        if (printed === 'ready\n') child.kill(signal);
      },
    );
    assert.deepEqual([end, text], [[status, null], 'ready\ncleaned up\n']);
  });

  test(`a second ${signal} in the middle of that changes nothing`, async () => {
    const { end, text } = await ended(
      `atExit(() => {
        print('cleaning up');
        while (readSync(0, new Uint8Array(1)) > 0);
        print('cleaned up');
      });
      atExit(() => print('cleaned up the rest'));
      setInterval(() => {}, 1000);
      print('ready');`,
      (printed, child) => {
        if (printed === 'ready\n') child.kill(signal);
        if (printed !== 'ready\ncleaning up\n') return;
        child.kill(signal);
        child.stdin.end();
      },
    );
    assert.deepEqual([end, text], [[status, null], 'ready\ncleaning up\ncleaned up\ncleaned up the rest\n']);
  });
}

test('a process whose output has no reader any more does what it owes, also as a file of tests', async () => {
  const program = `
    import { test } from 'node:test';
    const { atExit } = await import('${MODULE}');
    atExit(() => process.stderr.write('cleaned up\\n'));
    test('one', () => new Promise((done) => process.stdin.once('data', done)));
    test('another', () => new Promise(() => setInterval(() => {}, 1000)));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, NODE_TEST_CONTEXT: 'child-v8' },
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    errors += chunk;
  });
  await once(child.stdout, 'data');
  child.stdout.destroy();
  child.stdin.write('go on\n');
  assert.deepEqual([await once(child, 'close'), errors], [[1, null], 'cleaned up\n']);
});

test('what fails is reported, and the rest is done all the same', async () => {
  const { end, text, errors } = await ended(
    `atExit(() => { throw new Error('cannot be removed'); });
    atExit(() => print('cleaned up the rest'));`,
    () => {},
  );
  assert.deepEqual([end, text], [[1, null], 'cleaned up the rest\n']);
  assert.match(errors, /^at exit: Error: cannot be removed\n/);
});
