// VIP_CHECK notices what TCP_CHECK to the real server's own address does not: each part of the way to the VIP is broken in turn, the log names
// it, the server leaves the table and comes back; the director's datapath takes none of its packets for a client's.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';
import type { RunningDaemon } from '../support/running-daemon.js';
import { VIP, VipCheckBed } from '../support/vip-check-bed.js';

const skip = noNamespaces() || noTools('nft', 'ss', 'curl');

const beds: VipCheckBed[] = [];
const daemons: RunningDaemon[] = [];
after(async () => {
  for (const daemon of daemons) await daemon.stop();
  for (const bed of beds) bed.close();
});

async function started(bed: VipCheckBed): Promise<RunningDaemon> {
  beds.push(bed);
  const daemon = bed.start();
  daemons.push(daemon);
  await daemon.logged(/^Startup complete$/);
  return daemon;
}

async function bothAnswer(bed: VipCheckBed, daemon: RunningDaemon): Promise<void> {
  for (const server of [bed.good, bed.bad]) {
    await daemon.until('a success', () => daemon.lines.includes(`VIP connection to [${bed.addressOf(server)}]:tcp:80 success.`));
  }
  assert.deepEqual(bed.servers(80), ['good', 'bad']);
}

/** Breaks something, waits until the log has the reason and the table is without the server, and repairs it. */
async function breaks(bed: VipCheckBed, daemon: RunningDaemon, reason: RegExp, broken: () => void, repaired: () => void): Promise<void> {
  const from = daemon.lines.length;
  const name = `[${bed.addressOf(bed.bad)}]:tcp:80`;
  broken();
  const line = await daemon.logged(/^VIP_CHECK on service .* failed/, from);
  assert.ok(line.startsWith(`VIP_CHECK on service ${name} failed after 1 retries: `), line);
  assert.match(line.replace(/^.*? retries: /, ''), reason);
  await daemon.until('bad to leave', () => bed.servers(80).join() === 'good');
  // What is published follows the table a little later.
  await daemon.until('weir status to name the check', () => bed.director.weir('status').stdout.includes('VIP_CHECK'));
  repaired();
  await daemon.until('bad to return', () => bed.servers(80).join() === 'good,bad');
  assert.ok(!daemon.lines.slice(from).some((one) => one.includes(`[${bed.addressOf(bed.good)}]:tcp:80`)), 'the other server stays');
}

/** TCP_CHECK was content all the time. */
function assertBlind(bed: VipCheckBed, daemon: RunningDaemon): void {
  assert.deepEqual(bed.servers(81), ['good', 'bad']);
  assert.deepEqual(
    daemon.lines.filter((line) => line.startsWith('TCP_CHECK on service')),
    [],
  );
}

const filter = (bed: VipCheckBed, verdict: string): void => {
  const rules = `table ip t { chain c { type filter hook input priority 0; ip daddr ${VIP} tcp dport 80 ${verdict}; }; }`;
  assert.equal(bed.bad.run(['nft', '-f', '-'], rules).status, 0);
};
const unfilter = (bed: VipCheckBed): void => void bed.bad.run(['nft', 'delete', 'table', 'ip', 't']);

test('VS/DR: each part of the way to the VIP that is broken is named, and TCP_CHECK sees none of it', { skip }, async () => {
  const bed = new VipCheckBed('vcd', 'DR');
  await bed.listen();
  const daemon = await started(bed);
  await bothAnswer(bed, daemon);
  const without = (): void => void bed.bad.ip(`addr del ${VIP}/32 dev lo`);
  const whole = (): void => bed.giveVip(bed.bad);
  await breaks(bed, daemon, /^no VIP: 10\.99\.0\.12 answers ping, but nothing for 10\.99\.0\.100: /, without, whole);
  await breaks(
    bed,
    daemon,
    /^forwarded: the server sends packets for 10\.99\.0\.100 back, it has no such address\.$/,
    () => {
      bed.bad.sysctl('net.ipv4.ip_forward', '1');
      bed.bad.sysctl('net.ipv4.conf.all.send_redirects', '0');
      without();
    },
    () => {
      whole();
      bed.bad.sysctl('net.ipv4.ip_forward', '0');
    },
  );
  const rejected = /^unreachable: 10\.99\.0\.100 answers "port unreachable" for 10\.99\.0\.100 port 80\.$/;
  await breaks(
    bed,
    daemon,
    rejected,
    () => filter(bed, 'reject'),
    () => unfilter(bed),
  );
  await breaks(
    bed,
    daemon,
    /^filtered: the server has 10\.99\.0\.100, but does not answer /,
    () => filter(bed, 'drop'),
    () => unfilter(bed),
  );
  assertBlind(bed, daemon);
  assert.deepEqual(bed.connections(), [], 'no probe became a connection');
  assert.doesNotMatch(bed.director.weir('stats drops').stdout, /no_connection|martian|dead_destination/);
  assert.deepEqual([...bed.halfOpen(bed.good), ...bed.halfOpen(bed.bad)], []);
  assert.equal(bed.client.run(['curl', '-s', '-m', '20', '--http0.9', `http://${VIP}/`]).status, 0);
  await breaks(
    bed,
    daemon,
    /^no (neighbour: 10\.99\.0\.12 does not answer ARP on eth0|route to the real server)\.$/,
    () => void bed.bad.ip('link set eth0 down'),
    () => void bed.bad.ip('link set eth0 up'),
  );
});

test('VS/DR: a service that listens on the real server’s own address alone', { skip }, async () => {
  const bed = new VipCheckBed('vcl', 'DR');
  await bed.listen(bed.addressOf(bed.bad));
  const daemon = await started(bed);
  const line = await daemon.logged(/^VIP_CHECK on service \[10\.99\.0\.12\]/);
  // Before a first success one failure is enough.
  assert.equal(
    line,
    'VIP_CHECK on service [10.99.0.12]:tcp:80 failed: refused: the server has 10.99.0.100, but nothing listens on 10.99.0.100 port 80 there.',
  );
  await daemon.until('bad to leave', () => bed.servers(80).join() === 'good');
  assertBlind(bed, daemon);
});

test('VS/NAT: a server whose gateway is another host', { skip }, async () => {
  const bed = new VipCheckBed('vcn', 'NAT');
  await bed.listen();
  const daemon = await started(bed);
  await bothAnswer(bed, daemon);
  await breaks(
    bed,
    daemon,
    /^no way back: the server answers 10\.98\.0\.1, but not 10\.99\.0\.100: /,
    () => void bed.bad.ip('route del default'),
    () => void bed.bad.ip('route add default via 10.98.0.1'),
  );
  assertBlind(bed, daemon);
  assert.deepEqual(bed.connections(), []);
  assert.deepEqual([...bed.halfOpen(bed.good), ...bed.halfOpen(bed.bad)], []);
});
