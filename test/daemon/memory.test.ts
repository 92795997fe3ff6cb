// What the daemon takes of the machine, and with how little of it it is content: memory, threads, capabilities, no memory that is written and run.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { Bed, type Host, noNamespaces } from '../support/netns-bed.js';
import { noTools, notWorking, type Skip } from '../support/probes.js';
import { root } from '../support/project.js';
import { RunningDaemon } from '../support/running-daemon.js';

const why = noNamespaces();
/** Adverts, signs of life and timers have run a few times. */
const SETTLED_MS = 6000;

let bed: Bed;
let host: Host;
const folder = mkdtempSync(join(tmpdir(), 'weir-memory-'));
const daemons: RunningDaemon[] = [];

before(() => {
  if (why !== false) return;
  bed = new Bed();
  host = bed.host('a');
  bed.cable(host, 'eth', bed.lan('lan'), '10.99.0.1/24');
});
afterEach(async () => {
  for (const daemon of daemons.splice(0)) await daemon.stop();
});
after(() => {
  if (why === false) bed.close();
  rmSync(folder, { recursive: true });
});

const file = (name: string): string => join(folder, name);

/** One router, master immediately; `before` stands in front of the command. */
function start(before: readonly string[] = [], more = ''): RunningDaemon {
  const instance =
    'state MASTER\n  interface eth\n  virtual_router_id 51\n  priority 255\n  virtual_ipaddress {\n    10.99.0.100/24\n  }\n';
  writeFileSync(file('conf'), `vrrp_instance V1 {\n  ${instance}}\n${more}`);
  const files = ['-f', file('conf'), '-p', file('p.pid'), '-r', file('r.pid'), '-c', file('c.pid')];
  const daemon = new RunningDaemon([
    ...['ip', 'netns', 'exec', host.namespace],
    ...[...before, join(root, 'bin/keepalived'), '-n', '-l', '-D', ...files],
  ]);
  daemons.push(daemon);
  return daemon;
}

const pidsOf = (): readonly number[] => ['p.pid', 'r.pid'].map((name) => Number(readFileSync(file(name), 'utf8')));

/** What the processes have resident, MB; pages that they share count for each. */
function residentMb(): number {
  const kib = pidsOf().map((pid) => Number(/^Rss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]));
  return kib.reduce((sum, one) => sum + one, 0) / 1024;
}

test('one router takes less than 62 MB, shared pages counted twice, and four threads a process', { skip: why }, async () => {
  const daemon = start();
  await daemon.logged(/Entering MASTER STATE/);
  await daemon.logged(/Startup complete/);
  // Just after the start it is less for a moment: what is used all the time is not there again yet.
  const settled = Date.now() + SETTLED_MS;
  await daemon.until('what runs all the time has run', () => Date.now() >= settled);
  const mb = residentMb();
  assert.ok(mb < 62, `${mb} MB`);
  for (const pid of pidsOf()) assert.ok(readdirSync(`/proc/${pid}/task`).length <= 4, `process ${pid}`);
});

/** With no more capabilities than these. */
const only = (...names: readonly string[]): readonly string[] => [
  ...['setpriv', '--inh-caps', '-all'],
  ...['--bounding-set', ['-all', ...names.map((name) => `+${name}`)].join(',')],
];

const SERVER = `virtual_server 10.99.0.100 80 {
  lb_algo rr
  lb_kind NAT
  protocol TCP
  real_server 10.99.0.2 8080 {
    weight 1
  }
}
`;

test('CAP_NET_ADMIN and CAP_NET_RAW are enough for VRRP; virtual servers are reported, and hold nothing up', {
  skip: why || noTools('setpriv'),
}, async () => {
  const daemon = start(only('net_admin', 'net_raw'), SERVER);
  await daemon.logged(/Entering MASTER STATE/);
  await daemon.until('the VIP', () => host.ip('-brief addr show dev eth').includes('10.99.0.100/24'));
  await daemon.logged(/virtual servers cannot be set up: .*EPERM/);
  await daemon.logged(/no filter in the kernel, floods of adverts will cost time: EPERM/);
  assert.equal(await daemon.stop(), 0);
  assert.doesNotMatch(host.ip('-brief addr show dev eth'), /10\.99\.0\.100/);
});

/** As systemd's MemoryDenyWriteExecute= does it: PR_SET_MDWE (prctl(2), Linux 6.3), which programs that it starts inherit. */
const DENY = `#include <sys/prctl.h>
#include <unistd.h>
int main(int count, char **words) {
  if (prctl(65, 1UL, 0UL, 0UL, 0UL) != 0) return 125;
  return count < 2 ? 0 : (execvp(words[1], words + 1), 126);
}
`;

function denying(): Skip {
  if (why !== false || noTools('cc')) return why || noTools('cc');
  spawnSync('cc', ['-x', 'c', '-', '-o', file('deny')], { input: DENY });
  return notWorking('mdwe', file('deny'));
}

test('where no memory may be written and run, V8 without its compiler does', { skip: denying() }, async () => {
  assert.notEqual(spawnSync(file('deny'), [join(root, 'bin/weir'), 'version']).status, 0, 'with it, V8 ends the process');
  const daemon = start([file('deny'), 'env', 'NODE_OPTIONS=--jitless']);
  await daemon.logged(/Entering MASTER STATE/);
  await daemon.until('the VIP', () => host.ip('-brief addr show dev eth').includes('10.99.0.100/24'));
  assert.equal(await daemon.stop(), 0);
});
