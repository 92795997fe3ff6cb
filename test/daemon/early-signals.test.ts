// Signals from the first moment of a daemon's life, to it and to all its processes: none ends one, none opens Node's debugger, HUP is kept.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { projectRoot } from '../../src/lab/state/paths.js';
import { unlessCode } from '../../src/sys/errno.js';
import { Bed, type Host, noNamespaces } from '../support/netns-bed.js';
import { RunningDaemon } from '../support/running-daemon.js';

const why = noNamespaces();
const SIGNALS = ['SIGUSR1', 'SIGHUP', 'SIGUSR2', 36, 63] as const;
const SIGUSR1_BIT = 1n << 9n;

let bed: Bed;
let host: Host;
let folder: string;
const daemons: RunningDaemon[] = [];
const file = (name: string): string => join(folder, name);

before(() => {
  if (why !== false) return;
  bed = new Bed();
  host = bed.host('a');
  bed.cable(host, 'eth', bed.lan('lan'), '10.99.0.1/24');
  folder = mkdtempSync(join(tmpdir(), 'weir-early-'));
  writeFileSync(file('script'), `#!/bin/sh\nenv > ${file('env.new')}; mv ${file('env.new')} ${file('env')}\n`);
  chmodSync(file('script'), 0o755);
  const lines = ['vrrp_instance VI_1 {', '  interface eth', '  virtual_router_id 51', '  priority 255', `  notify ${file('script')} root`];
  writeFileSync(file('conf'), [...lines, '  virtual_ipaddress {', '    10.99.0.100/24', '  }', '}', ''].join('\n'));
});
afterEach(async () => {
  for (const daemon of daemons.splice(0)) await daemon.stop();
});
after(() => {
  if (why !== false) return;
  bed.close();
  rmSync(folder, { recursive: true });
});

function start(...program: readonly string[]): RunningDaemon {
  const daemon = new RunningDaemon(
    [
      'ip',
      'netns',
      'exec',
      host.namespace,
      ...program,
      '-n',
      '-l',
      '-D',
      '-P',
      '-f',
      file('conf'),
      '-p',
      file('p.pid'),
      '-r',
      file('r.pid'),
    ],
    { TMPDIR: folder },
  );
  daemons.push(daemon);
  return daemon;
}

const gone = ['ENOENT', 'ESRCH'];
const children = (pid: number): readonly number[] =>
  unlessCode(() => readdirSync(`/proc/${pid}/task`), gone, []).flatMap((task) =>
    unlessCode(() => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8'), gone, '')
      .split(' ')
      .filter((word) => word !== '')
      .map(Number),
  );
const family = (pid: number): readonly number[] => [pid, ...children(pid).flatMap(family)];

/** Whether it ignores or handles SIGUSR1: from its first line on. Before that it is a shell, or not even that. */
function isProtected(pid: number): boolean {
  const status = unlessCode(() => readFileSync(`/proc/${pid}/status`, 'utf8'), gone, '');
  return [...status.matchAll(/^Sig(?:Ign|Cgt):\s*([0-9a-f]+)$/gm)].some(([, mask]) => (BigInt(`0x${mask}`) & SIGUSR1_BIT) !== 0n);
}

/** All signals to all its processes, again and again until `over`. */
async function storm(daemon: RunningDaemon, over: () => boolean): Promise<void> {
  await daemon.until('its first line', () => isProtected(daemon.pid));
  while (!over()) {
    for (const pid of family(daemon.pid)) for (const signal of SIGNALS) unlessCode(() => process.kill(pid, signal), gone, false);
    await turn();
  }
}

/** Port 9229 in hexadecimal, listening. */
const debuggerListens = (): boolean => /:240D [0-9A-F]+:0000 0A /.test(host.run(['cat', '/proc/net/tcp']).stdout);

test('a storm of signals from the first line on', { skip: why }, async () => {
  const daemon = start(join(projectRoot(), 'bin/keepalived'));
  const is = (pattern: RegExp): boolean => daemon.lines.some((line) => pattern.test(line));
  // Whatever ends it ends the storm.
  await storm(daemon, () => is(/Entering MASTER STATE/) || !existsSync(`/proc/${daemon.pid}`));
  await daemon.logged(/^Startup complete$/);
  await daemon.logged(/^Reload complete$/);
  assert.ok(!is(/died/), daemon.lines.join('\n'));
  assert.ok(!is(/Debugger listening/) && !debuggerListens(), 'no debugger');
  // The storm may have hit the script of the first change: it is no process of the daemon's own.
  host.ip('link set eth down');
  await daemon.logged(/Entering FAULT STATE/);
  await daemon.until('the script', () => existsSync(file('env')));
  host.ip('link set eth up');
  assert.doesNotMatch(readFileSync(file('env'), 'utf8'), /LD_PRELOAD/);
  assert.equal(await daemon.stop(), 0);
});

test('without the library the launcher keeps them, before it reads the program', { skip: why }, async () => {
  // As the launcher is about to compile the program, these signals come.
  const hook = `const vm = require('node:vm'), { Script } = vm;
    vm.Script = class extends Script {
      constructor(...words) {
        for (const signal of ['SIGUSR1', 'SIGUSR2', 'SIGHUP']) process.kill(process.pid, signal);
        super(...words);
      }
    };`;
  writeFileSync(file('hook.cjs'), hook);
  const daemon = start(process.execPath, '-r', file('hook.cjs'), join(projectRoot(), 'dist/weir.cjs'), 'keepalived');
  await daemon.logged(/^Startup complete$/);
  await daemon.logged(/^Reload complete$/);
  assert.ok(!daemon.lines.some((line) => /Debugger listening|died/.test(line)), daemon.lines.join('\n'));
  assert.equal(await daemon.stop(), 0);
});
