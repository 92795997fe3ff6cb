// Addresses and interfaces that go and come while checks run: what this host lacks is no verdict about a server, each lack is logged once,
// and a server whose address is elsewhere is found there.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { HealthCheckBed, TIMING, VIP, WEB_ADDRESSES, type Web } from '../support/health-check-bed.js';
import { noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';
import type { RunningDaemon } from '../support/running-daemon.js';

const skip = noNamespaces() || noTools('nginx', 'curl');

const check = (kind: string, ...lines: readonly string[]): string =>
  `${kind} {\nconnect_timeout 5\n${TIMING}\n${lines.map((line) => `${line}\n`).join('')}}\n`;
const real = (web: Web, ...checks: readonly string[]): string => `real_server ${WEB_ADDRESSES[web]} 80 {\nweight 1\n${checks.join('')}}\n`;
const conf = (web1: string, web2: string): string =>
  `virtual_server ${VIP} 80 {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n${web1}${web2}}\n`;

let bed: HealthCheckBed;
let daemon: RunningDaemon | undefined;

before(() => {
  if (skip === false) bed = new HealthCheckBed('mo');
});
afterEach(async () => {
  await daemon?.stop();
  daemon = undefined;
});
after(async () => {
  if (skip === false) await bed.close();
});

async function started(text: string): Promise<RunningDaemon> {
  await bed.freshWebs();
  const running = bed.start(text);
  daemon = running;
  await running.logged(/^Startup complete$/);
  await bed.serves(running, 'web1 1', 'web2 1');
  return running;
}

/** Several rounds of checks, in which nothing may change. */
async function rounds(running: RunningDaemon): Promise<void> {
  const begun = Date.now();
  await running.until('several rounds', () => Date.now() > begun + 4000);
  assert.deepEqual(bed.servers(), ['web1 1', 'web2 1']);
}

/** web2 ends and begins again: its checks are at work. */
async function flapWeb2(running: RunningDaemon): Promise<void> {
  await bed.stopWeb('web2');
  await bed.serves(running, 'web1 1');
  await bed.startWeb('web2');
  await bed.serves(running, 'web1 1', 'web2 1');
}

const URL = 'url {\npath /\nstatus_code 200\n}';
const KINDS = ['TCP_CHECK', 'HTTP_GET', 'PING_CHECK'] as const;

test('the interface of bind_if is removed and made again: no server leaves, and each check logs it once', { skip }, async () => {
  const make = (): void => {
    bed.director.ip('link add probe0 link eth1 type macvlan mode bridge');
    bed.director.ip('addr add 10.98.0.9/24 dev probe0');
    bed.director.ip('link set probe0 up');
  };
  make();
  const checks = KINDS.map((kind) => check(kind, 'bind_if probe0', ...(kind === 'HTTP_GET' ? [URL] : [])));
  const running = await started(conf(real('web1', check('TCP_CHECK')), real('web2', ...checks)));
  await flapWeb2(running);
  for (let time = 0; time < 2; time++) {
    const from = running.lines.length;
    bed.director.ip('link del probe0');
    await running.until('three lines', () => running.count(/^Checker can't bind to device probe0: No such device$/, from) === 3);
    await rounds(running);
    assert.equal(running.count(/probe0/, from), 3, running.lines.slice(from).join('\n'));
    make();
    await flapWeb2(running);
  }
  bed.director.ip('link del probe0');
});

test('an interface that is there and down fails checks as a network that is down does, and they come back with it', { skip }, async () => {
  bed.director.ip('link add probe1 link eth1 type macvlan mode bridge');
  bed.director.ip('addr add 10.98.0.8/24 dev probe1');
  bed.director.ip('link set probe1 up');
  const running = await started(conf(real('web1', check('TCP_CHECK')), real('web2', check('TCP_CHECK', 'bind_if probe1'))));
  bed.director.ip('link set probe1 down');
  await bed.serves(running, 'web1 1');
  bed.director.ip('link set probe1 up');
  await bed.serves(running, 'web1 1', 'web2 1');
  bed.director.ip('link del probe1');
});

test('the source address moves to another interface, and goes: checks go on from where it is', { skip }, async () => {
  bed.director.ip('addr add 10.98.0.9/24 dev eth1');
  const bound = KINDS.map((kind) => check(kind, 'bindto 10.98.0.9', ...(kind === 'HTTP_GET' ? [URL] : [])));
  const running = await started(conf(real('web1', check('TCP_CHECK')), real('web2', ...bound)));
  const from = running.lines.length;
  bed.director.ip('addr add 10.98.0.9/32 dev lo');
  bed.director.ip('addr del 10.98.0.9/24 dev eth1');
  await rounds(running);
  await flapWeb2(running);
  const gone = running.lines.length;
  bed.director.ip('addr del 10.98.0.9/32 dev lo');
  await running.until('three lines', () => running.count(/^Checker bind failed: /, gone) === 3);
  await rounds(running);
  assert.equal(running.count(/bind failed: /, gone), 3, running.lines.slice(from).join('\n'));
  bed.director.ip('addr add 10.98.0.9/24 dev eth1');
  await flapWeb2(running);
  bed.director.ip('addr del 10.98.0.9/24 dev eth1');
});

test('the address of a real server moves to another host, and is nowhere meanwhile: out, and back with it', { skip }, async () => {
  const running = await started(conf(real('web1', check('TCP_CHECK')), real('web2', check('TCP_CHECK'))));
  // What a gratuitous ARP does; without it the kernel keeps the old MAC for up to a minute.
  const announced = (): void => void bed.director.ip('neigh flush dev eth1');
  bed.web('web2').ip(`addr del ${WEB_ADDRESSES.web2}/24 dev eth0`);
  await bed.serves(running, 'web1 1');
  bed.web('web1').ip(`addr add ${WEB_ADDRESSES.web2}/24 dev eth0`);
  await bed.serveOn('web1', WEB_ADDRESSES.web2, 80);
  announced();
  await bed.serves(running, 'web1 1', 'web2 1');
  bed.web('web1').ip(`addr del ${WEB_ADDRESSES.web2}/24 dev eth0`);
  await bed.serves(running, 'web1 1');
  bed.web('web2').ip(`addr add ${WEB_ADDRESSES.web2}/24 dev eth0`);
  announced();
  await bed.serves(running, 'web1 1', 'web2 1');
});
