// The IPv6 example of keepalived.conf as a whole: two directors, two servers behind VS/DR and two behind VS/NAT, and a client. A server
// fails and comes back, and the master stops.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileOptions } from '../support/file-options.js';
import { Bed, type Host, noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';
import { RunningDaemon } from '../support/running-daemon.js';
import { folder as examples, program } from './run-example.js';

const skip = noNamespaces() || noTools('curl');
const [WEB_VIP, MAIL_VIP] = ['2001:db8:1::30', '2001:db8:1::40'];
const bed = new Bed();
const folder = mkdtempSync(join(tmpdir(), 'weir-ipv6-'));
const hosts: Record<string, Host> = {};
const processes: Record<string, ChildProcess> = {};
const host = (name: string): Host => hosts[name] ?? assert.fail(name);

/** The file, with checks that decide in about two seconds; `standby`: with the changes that its first lines name. */
function configuration(standby: boolean): string {
  const text = readFileSync(join(examples, 'ipv6-virtual-servers.conf'), 'utf8')
    .replaceAll('delay_loop 6', 'delay_loop 1')
    .replaceAll(/retry 3$/gm, 'retry 1')
    .replaceAll(/delay_before_retry \d/g, 'delay_before_retry 1')
    .replaceAll('connect_timeout 3', 'connect_timeout 3\n warmup 0');
  return standby ? text.replaceAll('priority 120', 'priority 100').replace('router_id lvs1', 'router_id lvs2') : text;
}

/** Answers each request with the host's name. Resolves when it listens. */
async function serve(name: string, port: number): Promise<void> {
  const code = `require('http').createServer((_, answer) => answer.end('${name}\\n')).listen(${port}, '::', () => console.log('up'))`;
  const argv = ['netns', 'exec', host(name).namespace, process.execPath, '-e', code];
  const child = spawn('ip', argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  processes[name] = child;
  bed.atEnd(() => child.kill('SIGKILL'));
  await new Promise((done) => child.stdout.once('data', done));
}

async function endServer(name: string): Promise<void> {
  const child = processes[name] ?? assert.fail(name);
  const ended = new Promise((done) => child.once('exit', done));
  child.kill('SIGKILL');
  await ended;
}

function start(name: string): RunningDaemon {
  const path = (file: string) => join(folder, `${name}.${file}`);
  writeFileSync(path('conf'), configuration(name === 'lvs2'));
  const daemon = new RunningDaemon(['ip', 'netns', 'exec', host(name).namespace, program, '-nlDG', ...fileOptions(path)]);
  bed.atEnd(() => {
    if (daemon.pid > 0) daemon.stop();
  });
  return daemon;
}

/** What a client gets by new connections, each once. */
function answers(vip: string, port: number, count = 6): string {
  const url = `http://[${vip}]:${port}/`;
  const words = Array.from({ length: count }, () => host('client').run(['curl', '-g', '-s', '-m', '20', '--no-keepalive', url]));
  return [...new Set(words.map(({ stdout, status }) => (status === 0 ? stdout.trim() : `curl ${status}`)))].sort().join(' ');
}

const table = (director: string): string => host(director).ipvsadm('-Sn').stdout;
/** Its servers, by the ends of their addresses. */
const held = (name: string): string => (table(name).match(/::\d\d\]:\d+(?= -[gm])/g) ?? []).sort().join(' ');

before(() => {
  if (skip !== false) return;
  const [front, back] = [bed.lan('front'), bed.lan('back')];
  for (const name of ['client', 'lvs1', 'lvs2', 'web1', 'web2', 'mail1', 'mail2']) {
    hosts[name] = bed.host(name);
    host(name).sysctl('net.ipv6.conf.default.accept_dad', '0');
  }
  bed.cable(host('client'), 'eth0', front, '2001:db8:1::7/64');
  for (const k of [1, 2]) {
    bed.cable(host(`lvs${k}`), 'eth0', front, `2001:db8:1::${k}/64`);
    bed.cable(host(`lvs${k}`), 'eth1', back, `2001:db8:2::${k}/64`);
    host(`lvs${k}`).sysctl('net.ipv6.conf.all.forwarding', '1');
    bed.cable(host(`web${k}`), 'eth0', front, `2001:db8:1::3${k}/64`);
    bed.cable(host(`mail${k}`), 'eth0', back, `2001:db8:2::4${k}/64`);
    host(`mail${k}`).ip('-6 route add default via fe80::11 dev eth0');
    assert.equal(host(`web${k}`).weir(`realserver start --vip ${WEB_VIP}`).status, 0);
  }
});
after(() => {
  bed.close();
  rmSync(folder, { recursive: true });
});

test('the cluster serves, loses a server of each method, and goes on by the other director', { skip, timeout: 600_000 }, async () => {
  for (const k of [1, 2]) {
    await serve(`web${k}`, 80);
    await serve(`mail${k}`, 2525);
  }
  const first = start('lvs1');
  await first.logged(/\(FRONT\) Entering MASTER STATE/);
  const second = start('lvs2');
  const all = '::31]:80 ::32]:80 ::41]:2525 ::42]:2525';
  for (const [name, daemon] of [
    ['lvs1', first],
    ['lvs2', second],
  ] as const) {
    await daemon.until(`${name} has all servers`, () => held(name) === all);
  }
  assert.match(
    table('lvs1'),
    /^-A -t \[2001:db8:1::30\]:80 -s wlc\n(-a .* -g .*\n){2}-A -t \[2001:db8:1::40\]:25 -s rr\n(-a .* -m .*\n){2}$/,
  );
  assert.equal(answers(WEB_VIP, 80), 'web1 web2');
  assert.equal(answers(MAIL_VIP, 25), 'mail1 mail2');
  assert.equal(host('lvs1').weir('vip status 2001:db8:1::30 --dev eth0').status, 0, 'no other host answers for the VIP');

  // A server of each method ends: HTTP_GET and TCP_CHECK find it out.
  await endServer('web1');
  await endServer('mail2');
  await first.until('both are gone', () => held('lvs1') === '::32]:80 ::41]:2525');
  assert.equal(answers(WEB_VIP, 80), 'web2');
  assert.equal(answers(MAIL_VIP, 25), 'mail1');
  await serve('web1', 80);
  await first.until('one is back', () => held('lvs1') === '::31]:80 ::32]:80 ::41]:2525');
  assert.equal(answers(WEB_VIP, 80), 'web1 web2');

  // The master loses both links: its VIPs and the mail servers' gateway go to the other one.
  const from = second.lines.length;
  host('lvs1').ip('link set eth0 down');
  host('lvs1').ip('link set eth1 down');
  await second.logged(/\(FRONT\) Entering MASTER STATE/, from);
  await second.logged(/\(BACK\) Entering MASTER STATE/, from);
  await second.until('the checks of lvs2 agree', () => held('lvs2') === '::31]:80 ::32]:80 ::41]:2525');
  assert.equal(answers(WEB_VIP, 80), 'web1 web2');
  assert.equal(answers(MAIL_VIP, 25), 'mail1');
  assert.equal(await second.stop(), 0);
  assert.equal(await first.stop(), 0);
});
