// The table follows the health of real servers: nginx is stopped and started, the checker is killed, the daemon reloads and restarts.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { HealthCheckBed, TIMING, VIP, WEB_ADDRESSES, type Web } from '../support/health-check-bed.js';
import { noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';
import type { RunningDaemon } from '../support/running-daemon.js';

const skip = noNamespaces() || noTools('nginx', 'curl');

const CHECKS: Readonly<Record<Web, string>> = {
  web1: `HTTP_GET {\nurl {\npath /\nstatus_code 200\n}\nconnect_timeout 10\n${TIMING}\n}`,
  web2: `TCP_CHECK {\nconnect_timeout 10\n${TIMING}\n}`,
};
const real = (web: Web, weight: number): string => `real_server ${WEB_ADDRESSES[web]} 80 {\nweight ${weight}\n${CHECKS[web]}\n}\n`;
const conf = (weight = 1, own = ''): string =>
  `virtual_server ${VIP} 80 {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n${own}${real('web1', weight)}${real('web2', 1)}}\n`;
const name = (web: Web): string => `[${WEB_ADDRESSES[web]}]:tcp:80`;
const VS = `[${VIP}]:tcp:80`;

let bed: HealthCheckBed;
let daemon: RunningDaemon | undefined;

before(() => {
  if (skip === false) bed = new HealthCheckBed('hc');
});
afterEach(async () => {
  await daemon?.stop();
  daemon = undefined;
});
after(async () => {
  if (skip === false) await bed.close();
});

async function started(text = conf()): Promise<RunningDaemon> {
  for (const web of ['web1', 'web2'] as const) {
    await bed.stopWeb(web);
    await bed.startWeb(web);
  }
  daemon = bed.start(text);
  await daemon.logged(/^Startup complete$/);
  await bed.serves(daemon, 'web1 1', 'web2 1');
  return daemon;
}

/** Stops web2 and waits until the table is without it. */
async function loseWeb2(running: RunningDaemon): Promise<void> {
  const from = running.lines.length;
  await bed.stopWeb('web2');
  await running.logged(/^Removing service /, from);
  await bed.serves(running, 'web1 1');
}

test('a server that ends leaves the table with the lines that operators know, and comes back', { skip }, async () => {
  const running = await started();
  // Before that one failure is enough.
  await running.logged(/^TCP connection to .* success\.$/);
  assert.deepEqual([...new Set(bed.answers(4))].sort(), ['web1', 'web2']);
  await loseWeb2(running);
  assert.deepEqual(
    running.lines.filter((line) => line.includes(name('web2'))),
    [
      `Activating healthchecker for service ${name('web2')} for VS ${VS}`,
      `TCP connection to ${name('web2')} success.`,
      `TCP_CHECK on service ${name('web2')} failed after 1 retries.`,
      `TCP_CHECK of service ${name('web2')} of VS ${VS}: failed (connection refused)`,
      `Removing service ${name('web2')} from VS ${VS}`,
    ],
  );
  assert.deepEqual(bed.answers(4), ['web1', 'web1', 'web1', 'web1']);
  const from = running.lines.length;
  await bed.startWeb('web2');
  await running.logged(/^Adding service /, from);
  assert.deepEqual(running.lines.slice(from), [`TCP connection to ${name('web2')} success.`, `Adding service ${name('web2')} to VS ${VS}`]);
  await bed.serves(running, 'web1 1', 'web2 1');
  assert.deepEqual([...new Set(bed.answers(4))].sort(), ['web1', 'web2']);
  await bed.stopWeb('web1');
  await running.logged(new RegExp(`^HTTP_CHECK on service .*${WEB_ADDRESSES.web1}.* failed after 1 retries\\.$`));
  await bed.serves(running, 'web2 1');
  const health = (): string => bed.director.weir('stats health').stdout;
  await running.until('web1 in weir stats health', () => health().includes('down since'));
  const [head = '', server, ...lines] = health().split('\n');
  assert.match(head, /^weir \d+ since .*: 1 up, 0 down; 1 of 2 servers up$/);
  assert.equal(server, `up   ${VS}: 1 of 2 servers up; weight 1, quorum 1`);
  assert.match(lines[0] ?? '', /^ {2}10\.98\.0\.11:80 down since .* ago\); weight 1; went down 1 time$/);
  assert.match(lines[1] ?? '', /^ {4}HTTP_GET Connection failed \(connection refused\); asked again every [\d.]+ s$/);
  assert.match(lines[2] ?? '', /^ {2}10\.98\.0\.12:80 up since .* ago\); weight 1; went down 1 time$/);
  const [{ health: found }] = JSON.parse(bed.director.weir('stats health --json').stdout);
  assert.deepEqual(
    found[0].servers.map(({ up, timesDown, failed }: { up: boolean; timesDown: number; failed: unknown[] }) => [
      up,
      timesDown,
      failed.length,
    ]),
    [
      [false, 1, 1],
      [true, 1, 0],
    ],
  );
  assert.deepEqual(bed.answers(2), ['web2', 'web2']);
});

test('a killed checker freezes health: no server goes or comes until the next one has asked', { skip }, async () => {
  const running = await started();
  await loseWeb2(running);
  const from = running.lines.length;
  // While the supervisor is stopped it starts no successor.
  running.signal('SIGSTOP');
  process.kill(bed.checkerPid(), 'SIGKILL');
  await bed.startWeb('web2');
  await bed.stopWeb('web1');
  assert.deepEqual(bed.servers(), ['web1 1']);
  await bed.startWeb('web1');
  assert.deepEqual(bed.answers(2), ['web1', 'web1'], 'packets go on');
  await bed.stopWeb('web2');
  running.signal('SIGCONT');
  await running.logged(/died: Respawning$/, from);
  await running.logged(/^Activating healthchecker /, from);
  assert.deepEqual(bed.servers(), ['web1 1'], 'the next process knows which server is down');
  await bed.startWeb('web2');
  await bed.serves(running, 'web1 1', 'web2 1');
  assert.ok(!running.lines.slice(from).some((line) => line.startsWith('Removing service')), running.lines.join('\n'));
});

test('a reload keeps what is down out, and a restart does', { skip }, async () => {
  const running = await started();
  await loseWeb2(running);
  bed.configure(conf(5));
  running.signal('SIGHUP');
  await running.logged(/^Reload complete$/);
  await bed.serves(running, 'web1 5');
  assert.equal(running.lines.filter((line) => line.startsWith('Adding service')).length, 0);
  assert.equal(await running.stop(), 0);
  assert.deepEqual(bed.servers(), []);
  daemon = bed.start(conf());
  await daemon.logged(/^Startup complete$/);
  await bed.serves(daemon, 'web1 1');
  assert.equal(daemon.count(/^(Adding|Removing) service/), 0, 'web2 was out from the start');
  await bed.startWeb('web2');
  await bed.serves(daemon, 'web1 1', 'web2 1');
});

test('a checker that is killed right after a server left the table does not bring it back', { skip }, async () => {
  const running = await started();
  const from = running.lines.length;
  await bed.stopWeb('web2');
  await running.logged(/^Removing service /, from);
  process.kill(bed.checkerPid(), 'SIGKILL');
  await running.logged(/^Activating healthchecker /, from);
  assert.deepEqual(bed.servers(), ['web1 1']);
  assert.ok(!running.lines.slice(from).some((line) => line.startsWith('Adding service')));
});

test('a virtual server of a firewall mark: in the table with its servers, and nothing of it is left', {
  skip: skip || noTools('iptables'),
}, async () => {
  const rules = (): string => bed.director.ip('rule');
  const mark = ['-t', 'mangle', '-A', 'PREROUTING', '-d', VIP, '-p', 'tcp', '--dport', '80', '-j', 'MARK', '--set-mark', '7'];
  const before = rules();
  const running = await started(conf().replace(`${VIP} 80 {`, 'fwmark 7 {').replace('protocol TCP\n', ''));
  assert.equal(bed.director.run(['iptables', ...mark]).status, 0);
  assert.match(bed.table()[0] ?? '', /^-A -f 7 -s rr$/);
  assert.deepEqual([...new Set(bed.answers(4))].sort(), ['web1', 'web2']);
  await loseWeb2(running);
  assert.ok(running.lines.includes(`Removing service ${name('web2')} from VS FWM 7`));
  assert.deepEqual(bed.answers(2), ['web1', 'web1']);
  const from = running.lines.length;
  bed.configure(conf());
  running.signal('SIGHUP');
  await running.logged(/^Removing Virtual Server FWM 7$/, from);
  await running.until('the rules of the mark to be gone', () => rules() === before);
  assert.match(bed.table()[0] ?? '', /^-A -t /);
  assert.equal(bed.director.run(['iptables', '-t', 'mangle', '-F']).status, 0);
});

test('virtual servers of SCTP over IPv6, with a port and without, come into the table and go from it', { skip }, async () => {
  const sctp = (vip: string, server: string, own = ''): string =>
    `virtual_server ${vip} {\nlvs_sched rr\nlvs_method NAT\nprotocol SCTP\n${own}real_server ${server} {\nweight 2\n}\n}\n`;
  const both = sctp('fd00:8::1 2905', 'fd00:9::11 3905') + sctp('fd00:8::2', 'fd00:9::12', 'persistence_timeout 60\n');
  const running = await started(conf() + both);
  const ofSctp = (): readonly string[] => bed.table().filter((line) => line.includes('--sctp-service'));
  assert.deepEqual([...ofSctp()].sort(), [
    '-A --sctp-service [fd00:8::1]:2905 -s rr',
    '-A --sctp-service [fd00:8::2]:0 -s rr -p 60',
    '-a --sctp-service [fd00:8::1]:2905 -r [fd00:9::11]:3905 -m -w 2',
    '-a --sctp-service [fd00:8::2]:0 -r [fd00:9::12]:0 -m -w 2',
  ]);
  bed.configure(conf());
  running.signal('SIGHUP');
  await running.until('the services of SCTP to be gone', () => ofSctp().length === 0);
});

test('of IPv6: the family is that of ip_family, and only the rules of IPv6 change', { skip }, async () => {
  const rules = (family: '-4' | '-6'): string => bed.director.ip(`${family} rule`);
  const before = { four: rules('-4'), six: rules('-6') };
  const marked =
    'virtual_server fwmark 7 {\nip_family inet6\nlvs_sched wlc\nlvs_method NAT\npersistence_timeout 90\npersistence_granularity 64\nreal_server fd00:9::1 80 {\n}\n}\n';
  const running = await started(`${conf()}${marked}`);
  assert.deepEqual(
    bed.table().filter((line) => line.includes('-f')),
    ['-A -f 7 -6 -s wlc -p 90 -M 64', '-a -f 7 -6 -r [fd00:9::1]:80 -m -w 1'],
  );
  assert.equal(rules('-4'), before.four);
  assert.match(rules('-6'), /^1:\s+from all fwmark 0x7 lookup 2003134834/m);
  const from = running.lines.length;
  bed.configure(conf());
  running.signal('SIGHUP');
  await running.logged(/^Removing Virtual Server FWM 7$/, from);
  await running.until('the rules of the mark to be gone', () => rules('-6') === before.six);
});
