// The whole daemon in a namespace: VIPs and the table follow its configuration, whatever is done to its processes.

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before } from 'node:test';
import { projectRoot } from '../../src/lab/state/paths.js';
import { breadth, test } from '../support/breadth.js';
import { Bed, ENTRY, type Host, noNamespaces } from '../support/netns-bed.js';
import { signalledPid } from '../support/pids.js';
import { RunningDaemon } from '../support/running-daemon.js';

const why = noNamespaces();

const instance = (vips: readonly string[], device = 'eth'): string => `vrrp_instance VI_1 {
  state MASTER
  interface ${device}
  virtual_router_id 51
  priority 255
  virtual_ipaddress {
    ${vips.join('\n    ')}
  }
}
`;
const server = (weight: number): string => `virtual_server 10.99.0.100 80 {
  lb_algo wrr
  lb_kind NAT
  protocol TCP
  real_server 10.99.0.2 8080 {
    weight ${weight}
  }
}
`;

let bed: Bed;
let host: Host;
let folder: string;
const daemons: RunningDaemon[] = [];

before(() => {
  if (why !== false) return;
  bed = new Bed();
  host = bed.host('a');
  bed.cable(host, 'eth', bed.lan('lan'), '10.99.0.1/24');
  folder = mkdtempSync(join(tmpdir(), 'weir-keepalived-'));
});
afterEach(async () => {
  for (const daemon of daemons.splice(0)) await daemon.stop();
});
after(() => {
  if (why !== false) return;
  host.weir('unload');
  bed.close();
  rmSync(folder, { recursive: true });
});

const file = (name: string): string => join(folder, name);
const configure = (...parts: readonly string[]): void => writeFileSync(file('conf'), parts.join(''));

function start(...options: readonly string[]): RunningDaemon {
  const files = ['-f', file('conf'), '-p', file('p.pid'), '-r', file('r.pid'), '-c', file('c.pid')];
  const argv = ['ip', 'netns', 'exec', host.namespace, process.execPath, ENTRY, 'keepalived', '-n', '-l', '-G', '-D', ...files, ...options];
  const daemon = new RunningDaemon(argv, { TMPDIR: folder });
  daemons.push(daemon);
  return daemon;
}

const addresses = (): readonly string[] =>
  [...host.ip('-4 -o addr show dev eth').matchAll(/inet (\S+)/g)].map(([, address = '']) => address);
const child = (name: 'r' | 'c'): number => signalledPid(file(`${name}.pid`));
const dump = (name: string): string => (existsSync(file(name)) ? readFileSync(file(name), 'utf8') : '');

test('VIP and virtual server come, change at a reload without a gap, and go', { skip: why }, async () => {
  configure(instance(['10.99.0.100/24']), server(3));
  const daemon = start();
  await daemon.logged(/^Startup complete$/);
  await daemon.until('the VIP', () => addresses().includes('10.99.0.100/24'));
  assert.match(host.ipvsadm('-Ln').stdout, /TCP {2}10\.99\.0\.100:80 wrr\n {2}-> 10\.99\.0\.2:8080 +Masq +3 /);

  configure(instance(['10.99.0.100/24', '10.99.0.101/32']), server(5));
  const from = daemon.lines.length;
  daemon.signal('SIGHUP');
  await daemon.logged(/^Reload complete$/, from);
  await daemon.until('the second VIP', () => addresses().includes('10.99.0.101/32'));
  assert.match(host.ipvsadm('-Ln').stdout, /10\.99\.0\.2:8080 +Masq +5 /);
  assert.ok(!daemon.lines.slice(from).some((line) => /removing VIPs|Entering/.test(line)), 'nothing was given up');

  assert.equal(await daemon.stop(), 0);
  assert.deepEqual(addresses(), ['10.99.0.1/24']);
  assert.doesNotMatch(host.ipvsadm('-Ln').stdout, /10\.99\.0\.100/);
  assert.deepEqual(
    ['p.pid', 'r.pid', 'c.pid'].filter((name) => existsSync(file(name))),
    [],
  );
});

breadth(
  'what was wrong when the daemon started keeps no VIP; a new fault that hides one does, and the command fails',
  {
    skip: why,
  },
  async () => {
    // Each is reported, and none of them costs anything.
    const old = `nonsense\nglobal_defs {\n  vrrp_garp_master_repeat 0\n  smtp_connect_timeout x\n}\n`;
    const second = instance(['10.99.0.101/32']).replace('VI_1', 'VI_2').replace('id 51', 'id 52');
    configure(old, instance(['10.99.0.100/24']).replace('priority 255', 'priority 255\n  garp_master_refresh x'), second);
    const daemon = start();
    await daemon.logged(/^Startup complete$/);
    await daemon.until('the VIPs', () => addresses().length === 3);
    const reload = () => host.weir('reload'); // The only daemon of the namespace, whatever its pid file is.
    const withoutFirst = instance(['10.99.0.100/24']).replace('vrrp_instance', 'vrrp_instanec');
    configure(old, withoutFirst, second);
    const refused = reload();
    assert.equal(refused.status, 1, refused.stdout);
    assert.match(
      refused.stderr,
      /^weir reload: Reload refused: the new configuration has errors and would give up 10\.99\.0\.100 of VI_1 /,
    );
    assert.equal(addresses().length, 3);
    configure(old, instance(['10.99.0.100/24']).replace('priority 255', 'priority 255\n  garp_master_refresh x'));
    const taken = reload();
    assert.deepEqual([taken.status, taken.stdout], [0, 'Reload complete\n'], taken.stderr);
    await daemon.until('the VIP to go', () => !addresses().includes('10.99.0.101/32'));
    assert.ok(addresses().includes('10.99.0.100/24'));
  },
);

breadth('ps shows the path and the words of bin/keepalived, also behind a link and without a PATH', { skip: why }, async () => {
  const link = file('keepalived');
  symlinkSync(join(projectRoot(), 'bin', 'keepalived'), link);
  configure(instance(['10.99.0.100/24']));
  const options = ['-n', '-l', '-G', '-D', '-f', file('conf'), '-p', file('p.pid'), '-r', file('r.pid'), '-c', file('c.pid')];
  const daemon = new RunningDaemon(['ip', 'netns', 'exec', host.namespace, '/usr/bin/env', 'PATH=/nonexistent', link, ...options]);
  daemons.push(daemon);
  await daemon.logged(/^Startup complete$/);
  assert.ok(daemon.lines.some((line) => line.startsWith(`Command line: '${link}' '-n' `)));
  for (const pid of [daemon.pid, child('r')]) {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replace(/\0+$/, '').split('\0');
    assert.deepEqual(words, [link, ...options]);
    assert.equal(readFileSync(`/proc/${pid}/comm`, 'utf8'), 'keepalived\n');
  }
});

test('the dumps that signals ask for', { skip: why }, async () => {
  configure(instance(['10.99.0.100/24']), server(3));
  const daemon = start();
  await daemon.logged(/^Startup complete$/);
  await daemon.logged(/Entering MASTER STATE/);
  for (const signal of ['SIGUSR1', 'SIGUSR2', 36] as const) daemon.signal(signal);
  await daemon.until('all files', () =>
    ['keepalived.data', 'keepalived.stats', 'keepalived.json', 'keepalived_check.data', 'keepalived_parent.data'].every(
      (name) => dump(name) !== '',
    ),
  );
  assert.match(dump('keepalived.data'), /------< VRRP Topology >------\n VRRP Instance = VI_1\n {3}VRRP Version = 2\n {3}State = MASTER\n/);
  assert.match(dump('keepalived.data'), /\n {3}Virtual IP \(1\):\n {5}10\.99\.0\.100\/24 dev eth scope global set\n/);
  assert.match(dump('keepalived.stats'), /^VRRP Instance: VI_1\n {2}Advertisements:\n {4}Received: 0\n {4}Sent: [1-9]/);
  assert.match(dump('keepalived_check.data'), / VS VIP = 10\.99\.0\.100, VPORT = 80\n/);
  assert.match(dump('keepalived_parent.data'), /^------< Global definitions >------\n/);
  const [entry] = JSON.parse(dump('keepalived.json'));
  assert.deepEqual([entry.data.iname, entry.data.state, entry.data.vips], ['VI_1', 2, ['10.99.0.100/24 dev eth scope global set']]);
  assert.equal(entry.stats.become_master, 1);
});

test('a VRRP process that is killed comes back with its VIP; a killed supervisor leaves none', { skip: why }, async () => {
  configure(instance(['10.99.0.100/24']));
  const daemon = start();
  await daemon.logged(/^Startup complete$/);
  await daemon.logged(/Entering MASTER STATE/);
  process.kill(child('r'), 'SIGKILL');
  await daemon.logged(/died: Respawning$/);
  await daemon.until('mastership again', () => daemon.lines.filter((line) => line === '(VI_1) Entering MASTER STATE').length === 2);
  daemon.signal('SIGKILL');
  await daemon.until('no VIP', () => !addresses().includes('10.99.0.100/24'));
});

breadth('an interface that comes later is waited for; -V leaves the VIP', { skip: why }, async () => {
  configure(instance(['10.99.0.100/24'], 'late'));
  const daemon = start('-V');
  await daemon.logged(/interface late for vrrp_instance VI_1 doesn't exist/);
  await daemon.logged(/^Startup complete$/);
  host.ip('link add late type veth peer name late-peer');
  host.ip('link set late-peer up');
  host.ip('addr add 10.98.0.1/24 dev late');
  host.ip('link set late up');
  await daemon.logged(/^\(VI_1\) Entering MASTER STATE$/);
  assert.equal(await daemon.stop(), 0);
  assert.match(host.ip('-4 -o addr show dev late'), /10\.99\.0\.100\/24/);
  host.ip('link del late');
});

breadth('VRRP lives where virtual servers cannot be set up', { skip: why }, async () => {
  host.weir('unload');
  configure(instance(['10.99.0.100/24']), server(3));
  const files = ['-f', file('conf'), '-p', file('p.pid'), '-r', file('r.pid'), '-c', file('c.pid')];
  const without = ['setpriv', '--bounding-set', '-sys_admin,-bpf,-perfmon', '--inh-caps', '-all'];
  const argv = ['ip', 'netns', 'exec', host.namespace, ...without, process.execPath, ENTRY, 'keepalived', '-n', '-l', '-G', ...files];
  const daemon = new RunningDaemon(argv, { TMPDIR: folder });
  daemons.push(daemon);
  await daemon.logged(/^virtual servers cannot be set up: .* - trying again$/);
  await daemon.logged(/^Startup complete$/);
  await daemon.until('the VIP', () => addresses().includes('10.99.0.100/24'));
  assert.equal(await daemon.stop(), 0);
});
