// What VRRP watches besides adverts: files, processes, the peer by a second link, other hosts that answer for its addresses, interfaces.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import type { TrackProcess } from '../../src/model/keepalived/trackers.js';
import { PacketSocket } from '../../src/sys/sockets/packet-socket.js';
import { encodeArp } from '../../src/wire/arp.js';
import { BROADCAST_MAC, EtherType, encodeEthernet } from '../../src/wire/ethernet.js';
import { breadth, test } from '../support/breadth.js';
import { ip } from '../support/ip.js';
import { emptyRoot } from '../support/keepalived-configuration.js';
import { noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';
import type { RunningDaemon } from '../support/running-daemon.js';
import { configuration, host, inBed, prefix, quick, testGlobal, type VrrpBed } from './vrrp-bed.js';

const options = { skip: noNamespaces() };
const noNft = noTools('nft');

const holds = (bed: VrrpBed): boolean => bed.here.ip('-4 addr show v0').includes('10.99.0.100');

test('a tracked file: written, replaced, removed, its folder made later', options, () =>
  inBed(async (bed) => {
    const folder = join(bed.folder, 'later');
    const path = join(folder, 'value');
    const track = { ...quick.track, files: [{ name: 'tf' }] };
    const files = [{ name: 'tf', path, weight: 1, reverse: false }];
    const daemon = bed.start(configuration([{ ...quick, track }], { files }));
    await daemon.logged(/Entering MASTER STATE/);
    mkdirSync(folder);
    writeFileSync(path, '  7 x\n');
    await daemon.logged(/Changing effective priority from 100 to 107/);
    writeFileSync(`${path}.new`, '-30\n');
    renameSync(`${path}.new`, path);
    await daemon.logged(/Changing effective priority from 107 to 70/);
    rmSync(path);
    await daemon.logged(/Changing effective priority from 70 to 100/);
  }),
);

/** Ends with the test, whatever happens. */
function sleeper(bed: VrrpBed, seconds: string): () => void {
  const child = spawn('sleep', [seconds], { stdio: 'ignore' });
  const end = (): void => {
    child.kill('SIGKILL');
  };
  bed.bed.atEnd(end);
  return end;
}

test('tracked processes by name and parameters', options, () =>
  inBed(async (bed) => {
    const seconds = `86${process.pid}`;
    const watched: TrackProcess = {
      name: 'p',
      argv: ['sleep', seconds],
      parameterMatch: 'exact',
      fullCommand: false,
      weight: 10,
      reverse: false,
      quorum: 2,
      forkDelayUs: 0,
      terminateDelayUs: 0,
    };
    const track = { ...quick.track, processes: [{ name: 'p' }] };
    sleeper(bed, seconds);
    sleeper(bed, `${seconds}1`);
    const daemon = bed.start(configuration([{ ...quick, track }], { processes: [watched] }));
    await daemon.logged(/Entering MASTER STATE/);
    const end = sleeper(bed, seconds);
    await daemon.logged(/Quorum gained for tracked process p/);
    await daemon.logged(/Changing effective priority from 100 to 110/);
    end();
    await daemon.logged(/Quorum lost for tracked process p/);
  }),
);

test('an interface that goes down, away and comes again', options, () =>
  inBed(async (bed) => {
    const daemon = bed.start(configuration([quick]));
    await daemon.logged(/Entering MASTER STATE/);
    await daemon.until('the address', () => holds(bed));
    bed.here.ip('link set v0 down');
    await daemon.logged(/Netlink reports v0 down/);
    await daemon.logged(/Entering FAULT STATE/);
    await daemon.until('no address', () => !holds(bed));
    let lines = daemon.lines.length;
    bed.here.ip('link set v0 up');
    await daemon.logged(/Entering MASTER STATE/, lines);
    await daemon.until('the address again', () => holds(bed));
    lines = daemon.lines.length;
    bed.here.ip('link del v0');
    await daemon.logged(/Entering FAULT STATE/, lines);
    bed.here.ip(`link add v0 type veth peer name v1 netns ${bed.there.namespace}`);
    bed.here.ip('addr add 10.99.0.1/24 dev v0');
    bed.there.ip('link set v1 up');
    bed.here.ip('link set v0 up');
    await daemon.logged(/Entering MASTER STATE/, lines);
    await daemon.until('the address on the new interface', () => holds(bed));
  }),
);

breadth('another host that answers for our address is reported, and so is the end of it', options, () =>
  inBed(async (bed) => {
    const daemon = bed.start(configuration([{ ...quick, excludedAddresses: [host('fd00:99::100/64')] }]));
    await daemon.logged(/Entering MASTER STATE/);
    const there = bed.namespace(bed.there);
    const socket = new PacketSocket(there.ifIndex('v0'), EtherType.arp, there.fd.number);
    const mac = '02:00:00:00:00:99';
    const vip = ip('10.99.0.100');
    const arp = encodeArp({ operation: 'reply', senderMac: mac, senderAddress: vip, targetMac: BROADCAST_MAC, targetAddress: vip });
    // Until it is noticed: what comes in the first second of mastership may be a late answer.
    const announce = setInterval(() => {
      socket.send(encodeEthernet({ destination: BROADCAST_MAC, source: mac, tags: [], etherType: EtherType.arp, payload: arp }));
    }, 100);
    try {
      await daemon.logged(/SPLIT BRAIN: 02:00:00:00:00:99 .*10\.99\.0\.100/);
    } finally {
      clearInterval(announce);
      socket.close();
    }
    await daemon.logged(/split brain is over/);
  }),
);

breadth('heartbeats over a second link keep a cut of the first from making two masters', { skip: options.skip || noNft }, () =>
  inBed(async (bed) => {
    bed.here.ip(`link add w0 type veth peer name w0 netns ${bed.there.namespace}`);
    bed.here.ip('addr add 10.98.0.1/24 dev w0');
    bed.there.ip('addr add 10.98.0.2/24 dev w0');
    bed.here.ip('link set w0 up');
    bed.there.ip('link set w0 up');
    const slower = { ...quick, advertUs: 50_000 };
    const heartbeat = (peer: string): typeof quick.heartbeat => [{ interface: 'w0', peer: ip(peer) }];
    const first = bed.start(configuration([{ ...slower, priority: 200, heartbeat: heartbeat('10.98.0.2') }]));
    await first.logged(/Entering MASTER STATE/);
    const second = bed.start(configuration([{ ...slower, heartbeat: heartbeat('10.98.0.1') }]), bed.there);
    await second.logged(/Entering BACKUP STATE/);
    const state = (daemon: RunningDaemon): string | undefined => daemon.lines.findLast((line) => line.includes('Entering'));
    // Adverts of protocol 112 are cut, as by a firewall; the interfaces stay up.
    bed.there.run([
      'nft',
      'add table ip cut; add chain ip cut in { type filter hook prerouting priority -300; }; add rule ip cut in ip protocol 112 drop',
    ]);
    const sentBefore = (daemon: RunningDaemon): number => {
      daemon.signal('SIGUSR1');
      const last = daemon.lines.findLast((line) => line.startsWith('counters: ')) ?? 'counters: [{}]';
      return (JSON.parse(last.slice('counters: '.length)) as { advertsSent?: number }[])[0]?.advertsSent ?? 0;
    };
    const sent = await first.until('counters', () => sentBefore(first) || undefined);
    await first.until('twenty adverts that nobody hears', () => sentBefore(first) > sent + 20);
    assert.match(state(second) ?? '', /BACKUP/);
    bed.here.ip('link set w0 down');
    await second.logged(/Entering MASTER STATE/);
  }),
);

test('static objects are there from start to stop and put back', options, () =>
  inBed(async (bed) => {
    const root = {
      ...emptyRoot,
      staticAddresses: [host('10.97.0.1', { dev: 'v0' })],
      staticRoutes: [
        {
          family: 'inet',
          type: 'blackhole',
          to: prefix('10.95.0.0/24'),
          nextHops: [],
          onlink: false,
          metrics: [],
          insert: 'prepend',
          noTrack: true,
        },
      ],
      staticRules: [
        {
          family: 'inet',
          not: false,
          from: prefix('10.97.0.1'),
          preference: 500,
          action: { kind: 'table', table: 100 },
          l3mdev: false,
          noTrack: false,
        },
      ],
    } as const;
    const shown = (): readonly boolean[] => [
      bed.here.ip('-4 addr show v0').includes('10.97.0.1/32'),
      bed.here.ip('route').includes('blackhole 10.95.0.0/24 proto keepalived'),
      bed.here.ip('rule').includes('500:'),
    ];
    const daemon = bed.start(configuration([quick], { root }));
    await daemon.logged(/event: ready/);
    assert.deepEqual(shown(), [true, true, true]);
    bed.here.ip('addr del 10.97.0.1/32 dev v0');
    await daemon.logged(/Restoring deleted static address 10\.97\.0\.1 dev v0 scope global set/);
    bed.here.ip('route del 10.95.0.0/24');
    bed.here.ip('rule del preference 500');
    await daemon.until('all three', () => shown().every((there) => there));
    await daemon.stop();
    assert.deepEqual(shown(), [false, false, false]);
  }),
);

test('real-time class for every thread and locked memory, where they are asked for', options, () =>
  inBed(async (bed) => {
    const vrrp = { priority: -3, rtPriority: 5, rlimitRttimeUs: 900_000, noSwap: true, cpus: [0] };
    const global = { ...testGlobal, processes: { ...testGlobal.processes, vrrp } };
    const daemon = bed.start(configuration([quick], { global }));
    await daemon.logged(/event: ready/);
    assert.ok(!daemon.lines.some((line) => line.includes('was refused')), daemon.lines.join('\n'));
    // `ip netns exec` becomes the daemon: its pid is ours to look at.
    const tasks = readdirSync(`/proc/${daemon.pid}/task`).map((task) => {
      const stat = readFileSync(`/proc/${daemon.pid}/task/${task}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return `${fields[38]}/${fields[37]}`;
    });
    assert.deepEqual([...new Set(tasks)], ['1/5']);
    assert.equal(getPriority(daemon.pid), -3);
    const status = readFileSync(`/proc/${daemon.pid}/status`, 'utf8');
    assert.notEqual(/VmLck:\s+(\d+)/.exec(status)?.[1], '0');
    assert.equal(/Cpus_allowed_list:\s+(\S+)/.exec(status)?.[1], '0');
    assert.match(readFileSync(`/proc/${daemon.pid}/limits`, 'utf8'), /^Max realtime timeout +900000 +900000 +us/m);
  }),
);

breadth('receive buffers and IGMP reports as global_defs has them', options, () =>
  inBed(async (bed) => {
    const reports = (): string => bed.here.sysctl('net.ipv4.igmp_link_local_mcast_reports');
    assert.equal(reports(), '1');
    const receiveBuffers = {
      command: { bytes: 50_000, force: false },
      monitor: { bytes: 9_000_000, force: true },
    } as const;
    const daemon = bed.start(configuration([quick], { global: { ...testGlobal, receiveBuffers, disableLocalIgmp: true } }));
    await daemon.logged(/Entering MASTER STATE/);
    // The namespace has no sockets but the daemon's, and the kernel's own ends of netlink.
    const rooms = [...bed.here.run(['ss', '-Hnam', '-f', 'netlink']).stdout.matchAll(/\brb(\d+)/g)].map(([, room]) => Number(room));
    assert.ok(rooms.includes(100_000) && rooms.includes(18_000_000), rooms.join());
    assert.equal(reports(), '0');
    daemon.signal('SIGKILL');
    await daemon.ended();
    assert.equal(reports(), '0');
    const next = bed.start(configuration([quick]));
    await next.logged(/Entering MASTER STATE/);
    assert.equal(reports(), '1', 'put back after a kill');
  }),
);
