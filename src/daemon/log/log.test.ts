import assert from 'node:assert/strict';
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
