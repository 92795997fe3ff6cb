// VIP_CHECK notices what TCP_CHECK to the real server's own address does not: each part of the way to the VIP is broken in turn, the log names
// it, the server leaves the table and comes back; the director's datapath takes none of its packets for a client's.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Family } from '../../src/model/address.js';
import { noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';
import type { RunningDaemon } from '../support/running-daemon.js';
import { type Method, VipCheckBed } from '../support/vip-check-bed.js';

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

/**
 * No packet of a probe was taken for a client's. One may be without a connection: the RST of a probe that was under way when the VIP went away
 * from a server that forwards, and sends it back.
 */
function assertNotScheduled(bed: VipCheckBed): void {
  const drops = bed.director.weir('stats drops').stdout;
  assert.doesNotMatch(drops, /martian|dead_destination/);
  const strays = Number(/(\d+) +no_connection/.exec(drops)?.[1] ?? 0);
  assert.ok(strays <= 1, drops);
}

/** A probe under way is half open for a moment; one that is left so would be for a minute, and there are two every second. */
async function noneHalfOpen(bed: VipCheckBed, daemon: RunningDaemon): Promise<void> {
  await daemon.until('no half-open connection', () => bed.halfOpen(bed.good).length + bed.halfOpen(bed.bad).length === 0);
}

const filter = (bed: VipCheckBed, verdict: string): void => {
  const word = bed.family === 'inet' ? 'ip' : 'ip6';
  const rules = `table ${word} t { chain c { type filter hook input priority 0; ${word} daddr ${bed.vip} tcp dport 80 ${verdict}; }; }`;
  assert.equal(bed.bad.run(['nft', '-f', '-'], rules).status, 0);
};
const unfilter = (bed: VipCheckBed): void => void bed.bad.run(['nft', 'delete', 'table', bed.family === 'inet' ? 'ip' : 'ip6', 't']);

/** A server without the VIP sends its packets on. */
function forwards(bed: VipCheckBed, on: boolean): void {
  if (bed.family === 'inet6') {
    bed.bad.sysctl('net.ipv6.conf.all.forwarding', on ? '1' : '0');
    return;
  }
  bed.bad.sysctl('net.ipv4.ip_forward', on ? '1' : '0');
  bed.bad.sysctl('net.ipv4.conf.all.send_redirects', '0');
}

/** Names of hosts, which end up in those of namespaces: of each bed its own. */
const beginnings: Readonly<Record<Family, string>> = { inet: 'vc4', inet6: 'vc6' };
const bedOf = (letter: string, method: Method, family: Family): VipCheckBed =>
  new VipCheckBed(`${beginnings[family]}${letter}`, method, family);

for (const family of ['inet', 'inet6'] as const) {
  const name = family === 'inet' ? 'IPv4' : 'IPv6';

  test(`${name}, VS/DR: each part of the way to the VIP that is broken is named, and TCP_CHECK sees none of it`, { skip }, async () => {
    const bed = bedOf('d', 'DR', family);
    await bed.listen();
    const daemon = await started(bed);
    await bothAnswer(bed, daemon);
    const [vip, real] = [bed.vip, bed.addressOf(bed.bad)];
    const fails = (text: string, broken: () => void, repaired: () => void): Promise<void> =>
      breaks(bed, daemon, new RegExp(`^${text}`), broken, repaired);
    const without = (): void => bed.takeVip(bed.bad);
    const whole = (): void => bed.giveVip(bed.bad);
    await fails(`no VIP: ${real} answers ping, but nothing for ${vip}: `, without, whole);
    await fails(
      `forwarded: the server sends packets for ${vip} back, it has no such address\\.$`,
      () => {
        forwards(bed, true);
        without();
      },
      () => {
        whole();
        forwards(bed, false);
      },
    );
    await fails(
      `unreachable: ${vip} answers "port unreachable" for ${vip} port 80\\.$`,
      () => filter(bed, 'reject'),
      () => unfilter(bed),
    );
    await fails(
      `filtered: the server has ${vip}, but does not answer `,
      () => filter(bed, 'drop'),
      () => unfilter(bed),
    );
    assertBlind(bed, daemon);
    assert.deepEqual(bed.connections(), [], 'no probe became a connection');
    assertNotScheduled(bed);
    await noneHalfOpen(bed, daemon);
    assert.equal(bed.client.run(['curl', '-s', '-g', '-m', '20', '--http0.9', bed.url]).status, 0);
    await fails(
      `no (neighbour: ${real} does not answer ${family === 'inet' ? 'ARP' : 'neighbour solicitations'} on eth0|route to the real server)\\.$`,
      () => void bed.bad.ip('link set eth0 down'),
      () => void bed.bad.ip('link set eth0 up'),
    );
  });

  test(`${name}, VS/DR: a service that listens on the real server’s own address alone`, { skip }, async () => {
    const bed = bedOf('l', 'DR', family);
    const real = bed.addressOf(bed.bad);
    await bed.listen(real);
    const daemon = await started(bed);
    const line = await daemon.logged(/^VIP_CHECK on service \[\S+12\]/);
    // Before a first success one failure is enough.
    assert.equal(
      line,
      `VIP_CHECK on service [${real}]:tcp:80 failed: refused: the server has ${bed.vip}, but nothing listens on ${bed.vip} port 80 there.`,
    );
    await daemon.until('bad to leave', () => bed.servers(80).join() === 'good');
    assertBlind(bed, daemon);
  });

  test(`${name}, VS/NAT: a server whose gateway is another host`, { skip }, async () => {
    const bed = bedOf('n', 'NAT', family);
    await bed.listen();
    const daemon = await started(bed);
    await bothAnswer(bed, daemon);
    await breaks(
      bed,
      daemon,
      new RegExp(`^no way back: the server answers ${family === 'inet' ? '10\\.98\\.0\\.' : 'fd98::'}1, but not ${bed.vip}: `),
      () => bed.takeGateway(bed.bad),
      () => bed.giveGateway(bed.bad),
    );
    assertBlind(bed, daemon);
    assert.deepEqual(bed.connections(), []);
    await noneHalfOpen(bed, daemon);
  });
}
