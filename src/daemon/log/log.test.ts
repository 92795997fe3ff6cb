import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { UnixListener } from '../../../test/support/unix-listener.js';
import { serviceManager } from '../supervisor/service-manager.js';

const folder = mkdtempSync(join(tmpdir(), 'weir-log-'));
const socket = join(folder, 'log');
process.env['WEIR_SYSLOG_SOCKET'] = socket;
const { openLog } = await import('./log.js');
after(() => rmSync(folder, { recursive: true }));

const options = { detail: false, console: false, syslog: true, facility: 16 };

test('syslog gets each line under the process’s name, and what it missed is counted', () => {
  const { log, rename, close } = openLog(options, 'Keepalived');
  log('info', 'nobody hears this');
  log('info', 'nor this');
  let listener = new UnixListener(socket);
  log('warning', 'now');
  log('debug', 'only with -D');
  rename('Keepalived_x');
  log('info', 'two\nlines');
  const received = (): readonly string[] => {
    const lines: string[] = [];
    for (let line = listener.read(); line !== undefined; line = listener.read())
      lines.push(line.replace(/ \w+ +\d+ [\d:]{8}(?= )|\[\d+\]/g, '').replace(/>\w+ +\d+ [\d:]{8}/, '>'));
    return lines;
  };
  assert.deepEqual(received(), [
    '<132> Keepalived: 2 messages before this one were lost: syslog took none',
    '<132> Keepalived: now',
    '<134> Keepalived_x: two\\x0alines',
  ]);
  listener.close();
  rmSync(socket);
  listener = new UnixListener(socket);
  log('info', 'syslog was started again');
  assert.deepEqual(received(), ['<134> Keepalived_x: syslog was started again']);
  listener.close();
  close();
});

/** A process that logs so many lines at a time to standard error, then prints how long that took, ms, and logs one more when it is asked. */
async function logsToPipe(lines: number, work: (child: ChildProcess, took: number) => Promise<void>): Promise<void> {
  const log = JSON.stringify(new URL('./log.js', import.meta.url).href);
  const program = `const { openLog } = await import(${log});
    const { log } = openLog({ detail: false, console: true, syslog: false, facility: 16 }, 'x');
    const from = performance.now();
    for (let i = 0; i < ${lines}; i++) log('info', 'line ' + i + ' ' + 'x'.repeat(80));
    console.log(performance.now() - from);
    process.stdin.once('data', () => { log('info', 'last'); process.stdin.destroy(); });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'pipe' });
  try {
    const [took] = (await once(child.stdout, 'data')) as [Buffer];
    await work(child, Number(took));
  } finally {
    child.kill('SIGKILL');
  }
}

test('a console whose reader has stopped holds nothing up, and what it missed is there when it reads again', async () => {
  await logsToPipe(20_000, async (child, took) => {
    assert.ok(took < 20_000, `${took} ms`);
    child.stdin?.write('go on');
    let text = '';
    for await (const bytes of child.stderr ?? []) text += String(bytes);
    const lines = text.split('\n').map((line) => / line (\d+) x/.exec(line)?.[1] ?? line);
    assert.deepEqual(
      lines.slice(0, 20_000),
      Array.from({ length: 20_000 }, (_, index) => String(index)),
    );
    assert.match(lines.slice(20_000).join(';'), /: last;$/);
  });
});

test('beyond a bound the lines of a stopped console are counted', async () => {
  await logsToPipe(60_000, async (child) => {
    const lines: string[] = [];
    let rest = '';
    let asked = false;
    child.stderr?.on('data', (bytes) => {
      const parts = (rest + String(bytes)).split('\n');
      rest = parts.pop() ?? '';
      lines.push(...parts);
      if (asked || lines.length <= 30_000) return;
      asked = true;
      child.stdin?.write('go on');
    });
    await once(child, 'close');
    const kept = lines.filter((line) => / line \d+ x/.test(line)).length;
    // The first lost line may leave so little room that its own notice still fits: then there are two.
    const notices = lines.map((line) => /: (\d+) messages? before this one (?:was|were) lost: standard error took none$/.exec(line)?.[1]);
    assert.ok(kept < 60_000);
    assert.equal(
      notices.reduce((sum, count) => sum + Number(count ?? 0), 0),
      60_000 - kept,
    );
    assert.ok(notices.at(-2) !== undefined);
    assert.match(lines.at(-1) ?? '', /: last$/);
  });
});

test('a file gets dates and details, and belongs to root alone', () => {
  const file = join(folder, 'file.log');
  const { log, close } = openLog({ ...options, syslog: false, detail: true, file }, 'Keepalived');
  log('debug', 'a detail');
  close();
  assert.match(readFileSync(file, 'utf8'), /^\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}: a detail\n$/);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  openLog({ ...options, syslog: false, file: join(folder, 'no', 'folder') }, 'x').log('info', 'is no reason to end');
});

test('the service manager gets states, and its variables are not passed on', () => {
  const path = join(folder, 'notify');
  const listener = new UnixListener(path);
  const environment: NodeJS.ProcessEnv = { NOTIFY_SOCKET: path, WATCHDOG_USEC: '60000000', WATCHDOG_PID: '1', HOME: '/' };
  const manager = serviceManager(environment);
  assert.deepEqual(environment, { HOME: '/' });
  assert.equal(manager.watchdogMs, 60_000);
  manager.notify('READY=1');
  assert.equal(listener.read(), 'READY=1');
  listener.close();
  manager.notify('STOPPING=1');
  serviceManager({}).notify('READY=1');
});
