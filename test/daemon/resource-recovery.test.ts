// What VRRP keeps on its host against other programs: deleted macvlans, static objects of a track group, routes in VRFs and tunnels; and what
// it remembers of a host that it was killed on.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { HostRoute } from '../../src/model/keepalived/network.js';
import { breadth, test } from '../support/breadth.js';
import { ip } from '../support/ip.js';
import { emptyRoot } from '../support/keepalived-configuration.js';
import { noNamespaces } from '../support/netns-bed.js';
import { configuration, host, inBed, prefix, quick, testGlobal, type VrrpBed } from './vrrp-bed.js';

const options = { skip: noNamespaces() };

const route = (to: string, more: Partial<HostRoute>): HostRoute => ({
  family: 'inet',
  type: 'unicast',
  to: prefix(to),
  nextHops: [],
  onlink: false,
  metrics: [],
  insert: 'prepend',
  noTrack: false,
  ...more,
});

/** What `ip monitor` prints about the host from here on. */
function watch(bed: VrrpBed, what: string): () => string {
  const monitor = spawn('ip', ['netns', 'exec', bed.here.namespace, 'ip', '-d', '-o', 'monitor', what]);
  bed.bed.atEnd(() => monitor.kill('SIGKILL'));
  let monitored = '';
  monitor.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    monitored += chunk;
  });
  return () => monitored;
}

/** A second cable, w0, with an address. */
function secondCable(bed: VrrpBed): void {
  bed.here.ip(`link add w0 type veth peer name w0 netns ${bed.there.namespace}`);
  bed.here.ip('link set w0 up');
  bed.here.ip('addr add 10.98.0.1/24 dev w0');
  bed.there.ip('link set w0 up');
}

test('a macvlan that another program deletes comes back with its addresses, as does one whose interface is made again', options, () =>
  inBed(async (bed) => {
    const daemon = bed.start(configuration([{ ...quick, virtualInterface: { kind: 'vmac' } }]));
    const held = () =>
      daemon.until('the address', () => bed.here.run(['ip', '-4', 'addr', 'show', 'vrrp.51']).stdout.includes('10.99.0.100'));
    await daemon.logged(/Entering MASTER STATE/);
    await held();
    assert.match(bed.here.ip('-d link show vrrp.51'), / bcqueuelen 8192 usedbcqueuelen 8192 /);
    const lines = daemon.lines.length;
    bed.here.ip('link del vrrp.51');
    await daemon.logged(/Entering FAULT STATE/, lines);
    await daemon.logged(/Entering MASTER STATE/, lines);
    await held();
    // An advert that is due between the deletion and the kernel's message of it finds no device.
    const others = daemon.lines.slice(lines).filter((line) => !/send advert error 19 /.test(line));
    assert.ok(!others.some((line) => /error/i.test(line)), others.join('\n'));
    const again = daemon.lines.length;
    bed.here.ip('link del v0');
    await daemon.logged(/Interface v0 deleted/, again);
    bed.here.ip(`link add v0 type veth peer name v0 netns ${bed.there.namespace}`);
    bed.there.ip('link set v0 up');
    bed.here.ip('link set v0 up');
    bed.here.ip('addr add 10.99.0.1/24 dev v0');
    await daemon.logged(/Entering MASTER STATE/, again);
    await held();
    assert.equal(bed.here.sysctl('net.ipv4.conf.v0.arp_filter'), '1');
    assert.equal(await daemon.stop(), 0);
    assert.ok(!bed.here.ip('link show').includes('vrrp'));
  }),
);

test('a macvlan of IPv6 keeps its parent’s link-local address, whatever happens to either', options, () =>
  inBed(async (bed) => {
    const six = { ...quick, family: 'inet6' as const, multicastGroup: ip('ff02::12'), addresses: [host('fd00:99::100/64')] };
    bed.here.sysctl('net.ipv6.conf.v0.addr_gen_mode', '1');
    for (const own of bed.here.ip('-6 addr show v0').match(/fe80::[0-9a-f:]+\/64/g) ?? []) {
      if (own !== 'fe80::1/64') bed.here.ip(`addr del ${own} dev v0`);
    }
    const daemon = bed.start(configuration([{ ...six, virtualInterface: { kind: 'vmac' } }]));
    const own = () =>
      bed.here
        .run(['ip', '-6', 'addr', 'show', 'vrrp.51', 'scope', 'link'])
        .stdout.match(/fe80::[0-9a-f:]+/g)
        ?.join();
    await daemon.logged(/Entering MASTER STATE/);
    assert.equal(own(), 'fe80::1');
    const lines = daemon.lines.length;
    bed.here.ip('link set vrrp.51 down');
    await daemon.logged(/Entering FAULT STATE/, lines);
    bed.here.ip('link set vrrp.51 up');
    await daemon.logged(/Entering MASTER STATE/, lines);
    await daemon.until('its address', () => own() === 'fe80::1');
    bed.here.ip('addr add fe80::7/64 dev v0 nodad');
    bed.here.ip('addr del fe80::1/64 dev v0');
    await daemon.until('the other address', () => own() === 'fe80::7');
    await daemon.stop();
  }),
);

test('a static address without an interface moves with default_interface', options, () =>
  inBed(async (bed) => {
    secondCable(bed);
    const root = { ...emptyRoot, staticAddresses: [host('10.97.0.1')] };
    const on = (device: string) => bed.here.ip(`addr show dev ${device}`).includes('10.97.0.1');
    const within = (defaultInterface: string) => configuration([quick], { root, global: { ...testGlobal, defaultInterface } });
    const daemon = bed.start(within('v0'));
    await daemon.logged(/Entering MASTER STATE/);
    assert.deepEqual([on('v0'), on('w0')], [true, false]);
    bed.write(within('w0'));
    daemon.signal('SIGHUP');
    await daemon.logged(/reloaded/);
    await daemon.until('the move', () => on('w0') && !on('v0'));
    assert.equal(await daemon.stop(), 0);
    assert.deepEqual([on('v0'), on('w0')], [false, false]);
  }),
);

breadth('track_group: a route that cannot be put back is FAULT until it can', options, () =>
  inBed(async (bed) => {
    secondCable(bed);
    const root = {
      ...emptyRoot,
      trackGroups: [{ name: 'TG', instances: ['VI_1'] }],
      staticAddresses: [host('10.97.0.1', { dev: 'w0', trackGroup: 'TG' })],
      staticRoutes: [route('10.96.0.0/24', { via: ip('10.98.0.2'), dev: 'w0', trackGroup: 'TG' })],
    };
    const there = () => bed.here.ip('route show 10.96.0.0/24').includes('via 10.98.0.2 dev w0');
    const [plain, ...others] = root.staticAddresses;
    const untracked = { ...root, staticAddresses: [...(plain === undefined ? [] : [{ ...plain, noTrack: true }]), ...others] };
    const daemon = bed.start(configuration([quick], { root: untracked }));
    await daemon.logged(/Entering MASTER STATE/);
    assert.ok(there());
    const monitor = watch(bed, 'address');
    const marked = (mark: string) =>
      daemon.until('the monitor', () => {
        bed.here.ip(`addr replace ${mark}/32 dev lo`);
        return monitor().includes(mark);
      });
    await marked('127.1.1.1');
    bed.write(configuration([quick], { root }));
    daemon.signal('SIGHUP');
    await daemon.logged(/reloaded/);
    await marked('127.1.1.2');
    assert.ok(!monitor().includes('10.97.0.1'), 'an address that is only watched otherwise stays');
    let lines = daemon.lines.length;
    bed.here.ip('route del 10.96.0.0/24');
    await daemon.logged(
      /Restoring deleted static route prepend 10\.96\.0\.0\/24 via inet 10\.98\.0\.2 dev w0 proto 18 track_group TG/,
      lines,
    );
    await daemon.until('the route, of which is monitored before it is set', there);
    bed.here.ip('link set w0 down');
    await daemon.logged(/Netlink reports w0 down/, lines);
    await daemon.logged(/Entering FAULT STATE/, lines);
    lines = daemon.lines.length;
    bed.here.ip('link set w0 up');
    await daemon.logged(/Entering MASTER STATE/, lines);
    await daemon.until('the route, which the kernel dropped without a word', there);
    lines = daemon.lines.length;
    bed.here.ip('addr del 10.98.0.1/24 dev w0');
    bed.here.ip('route del 10.96.0.0/24');
    await daemon.logged(/Static route 10\.96\.0\.0\/24 via 10\.98\.0\.2 dev w0 of track_group TG is missing/, lines);
    await daemon.logged(/Entering FAULT STATE/, lines);
    bed.here.ip('addr add 10.98.0.1/24 dev w0');
    await daemon.logged(/is there again/, lines);
    await daemon.logged(/Entering MASTER STATE/, lines);
    assert.ok(there());
    await daemon.stop();
    assert.ok(!there());
  }),
);

const SETTINGS = ['all.rp_filter', 'default.rp_filter', 'v0.rp_filter', 'v0.arp_ignore', 'v0.arp_filter', 'v0.promote_secondaries'];

breadth('after kill -9 the next run puts back what the first one changed', options, () =>
  inBed(async (bed) => {
    bed.here.sysctl('net.ipv4.conf.all.rp_filter', '1');
    bed.here.sysctl('net.ipv4.conf.v0.promote_secondaries', '0');
    const settings = (): readonly string[] => SETTINGS.map((key) => bed.here.sysctl(`net.ipv4.conf.${key}`));
    const before = settings();
    const wanting = configuration([{ ...quick, promoteSecondaries: true, virtualInterface: { kind: 'vmac' }, accept: false }]);
    const killed = bed.start(wanting);
    await killed.logged(/event: ready/);
    await killed.logged(/Entering MASTER STATE/);
    const changed = settings();
    assert.deepEqual(changed, ['0', '1', '1', '1', '1', '1']);
    killed.signal('SIGKILL');
    await killed.ended();
    assert.deepEqual(settings(), changed, 'nobody could put them back');
    const second = bed.start(wanting);
    await second.logged(/Remembering what a run that was killed left/);
    await second.logged(/Entering MASTER STATE/);
    assert.deepEqual(settings(), changed);
    second.signal('SIGKILL');
    await second.ended();
    const third = bed.start(configuration([quick]));
    await third.logged(/removed vrrp\.51, which an earlier run left/);
    await third.logged(/Entering MASTER STATE/);
    assert.deepEqual(settings(), before);
    assert.ok(!bed.here.ip('link show').includes('vrrp'));
    assert.equal(bed.here.run(['nft', 'list', 'ruleset']).stdout, '');
    await third.stop();
    assert.deepEqual(settings(), before);
  }),
);

test('netlink_notify_msg: what is below is announced again, since it became promiscuous', options, () =>
  inBed(async (bed) => {
    bed.here.ip('link add b0 type bridge');
    bed.here.ip('link set b0 group 7');
    bed.here.ip('link set v0 master b0');
    bed.here.ip('addr add 10.99.0.1/24 dev b0');
    bed.here.ip('link set b0 up');
    const monitored = watch(bed, 'link');
    // It listens when it reports what is done now.
    for (let mtu = 60_000; monitored() === ''; mtu += 1) {
      bed.here.ip(`link set lo mtu ${mtu % 65_000}`);
      await new Promise((done) => setTimeout(done, 20));
    }
    const daemon = bed.start(configuration([{ ...quick, interface: 'b0', virtualInterface: { kind: 'vmac', netlinkNotify: true } }]));
    await daemon.logged(/event: ready/);
    const promiscuity = (line: string) => /promiscuity (\d+)/.exec(line)?.[1];
    const ofBridge = () =>
      monitored()
        .split('\n')
        .filter((line) => /\bb0:/.test(line) && !line.startsWith('Deleted'));
    await daemon.until('the news', () => ofBridge().some((line) => promiscuity(line) === '1'));
    assert.match(bed.here.ip('-d link show vrrp.51'), /group 7/);
    await daemon.stop();
    await daemon.until('the news of its end', () => promiscuity(ofBridge().at(-1) ?? '') === '0');
  }),
);
