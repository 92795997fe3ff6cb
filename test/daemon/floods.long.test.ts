// Floods of every kind against a pair of every kind — unicast, IPv6, VMAC, fast mode, heartbeats, addresses claimed by ARP and neighbour
// advertisements — at both nodes: no state changes, backups get their adverts, and what came is counted by its reason.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VrrpInstance } from '../../src/model/keepalived/instance.js';
import { encodeArp } from '../../src/wire/arp.js';
import { BROADCAST_MAC, EtherType, encodeEthernet } from '../../src/wire/ethernet.js';
import { encodeAuthenticatedHeartbeat, encodeHeartbeat, HEARTBEAT_PORT } from '../../src/wire/heartbeat.js';
import { unsolicitedAdvertisement } from '../../src/wire/ndisc.js';
import { encodeUdp } from '../../src/wire/udp.js';
import { encodeVrrp, type VrrpAdvert } from '../../src/wire/vrrp.js';
import { ip } from '../support/ip.js';
import { type Host, noNamespaces } from '../support/netns-bed.js';
import type { RunningDaemon } from '../support/running-daemon.js';
import { frame, hmacKeys, type Packet } from './advert-frames.js';
import { type FloodPlan, floodMeanwhile } from './flooding.js';
import { configuration, host, inBed, quick } from './vrrp-bed.js';

const COUNT = 10_000;
/** A master is missed after about 750 ms, in fast mode after 600: not yet when other processes hold up this host for a while. */
const PATIENT = { advertUs: 200_000 };
const FAST = { intervalUs: 10_000, missed: 60 };
/** Longer than that: a node that the flood silences is missed. */
const FLOOD_MS_MIN = 2_000;
/** Samples, and claims that are reported. */
const PASSING = 800;
const [ours, theirs, all, stranger] = ['10.99.0.1', '10.99.0.2', '224.0.0.18', '10.99.0.77'].map(ip) as [
  ReturnType<typeof ip>,
  ReturnType<typeof ip>,
  ReturnType<typeof ip>,
  ReturnType<typeof ip>,
];
const [sixOurs, sixAll, sixVip] = [ip('fe80::1'), ip('ff02::12'), ip('fe80::99:100')];
const FOREIGN_MAC = '02:00:00:00:00:99';
const toPeer = (peer: VrrpInstance['addresses'][number]['address']): NonNullable<VrrpInstance['unicast']> => ({
  peers: [{ address: peer }],
  ttl: 255,
  checkSource: true,
  faultNoPeer: false,
  oldChecksum: 'never',
});
const hmac = { kind: 'hmac', keys: hmacKeys, activeKey: 7, antiReplay: 'time', timeWindowUs: 30e6, mode: 'enforce' } as const;

/** One of each; `peer`: the other node. */
function instances(priority: number, peer: VrrpInstance['addresses'][number]['address']): readonly VrrpInstance[] {
  const one = (name: string, vrid: number, more: Partial<VrrpInstance>): VrrpInstance => ({
    ...quick,
    ...PATIENT,
    name,
    vrid,
    priority,
    addresses: [host(`10.99.0.${vrid}/24`)],
    ...more,
  });
  return [
    one('PLAIN', 100, {}),
    one('UNICAST', 101, { unicast: toPeer(peer) }),
    one('SIX', 102, { family: 'inet6', addresses: [host('fe80::99:100/64')], multicastGroup: sixAll }),
    one('VMAC', 103, { virtualInterface: { kind: 'vmac' } }),
    one('FAST', 104, { fast: FAST }),
    one('BEAT', 105, { authentication: hmac, heartbeat: [{ interface: 'v0', peer }] }),
  ];
}

const envelope = { ttl: 255, id: 1, protocol: 112, options: new Uint8Array(0) };

/** A right advert of a random sender for a random receiver, then damaged. */
function advert(vrid: number, more: Partial<VrrpAdvert> = {}, packet: Partial<Packet> = {}): Uint8Array {
  const six = vrid === 102;
  const [source, destination] = [packet.source ?? (six ? sixOurs : stranger), packet.destination ?? (six ? sixAll : all)];
  const addresses = [six ? sixVip : ip(`10.99.0.${vrid}`)];
  const whole: VrrpAdvert = { version: 3, vrid, priority: 250, authType: 0, interval: 3, addresses, ...more };
  const payload = encodeVrrp(whole, { kind: 'pseudo', source, destination });
  return frame({ ...envelope, payload, ...packet, source, destination });
}

const flip = (bytes: Uint8Array, at: number): Uint8Array => bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));

function beat(payload: Uint8Array, source: Packet['source'], destination: Packet['source']): Uint8Array {
  const datagram = encodeUdp({ sourcePort: HEARTBEAT_PORT, destinationPort: HEARTBEAT_PORT, payload }, source, destination);
  return frame({ ...envelope, protocol: 17, source, destination, payload: datagram });
}

function claim(mac: string, target: Packet['source']): Uint8Array {
  if (target.family === 'inet6') return unsolicitedAdvertisement(mac, target, false);
  const message = { operation: 'request', senderMac: mac, senderAddress: target, targetMac: BROADCAST_MAC, targetAddress: target } as const;
  return encodeEthernet({ destination: BROADCAST_MAC, source: mac, tags: [], etherType: EtherType.arp, payload: encodeArp(message) });
}

const heartbeat = { family: 'inet', vrid: 105, state: 'master', priority: 255 } as const;
const forgedBeat = encodeAuthenticatedHeartbeat(heartbeat, new Uint8Array(32), { sender: 1, stamp: 1n << 63n });

type Kinds = readonly (readonly [string, string, Uint8Array])[];

/** What comes at the master, by the name of the instance that counts it, and where it is counted. */
const atMaster: Kinds = [
  ['PLAIN', 'checksumErrors', flip(advert(100), 40)],
  ['PLAIN', 'ttlErrors', advert(100, {}, { ttl: 1 })],
  ['PLAIN', 'filtered', advert(100, { priority: 1 })],
  ['PLAIN', 'filtered', advert(100, { priority: 0 })],
  ['PLAIN', 'conflicts', claim(FOREIGN_MAC, ip('10.99.0.100'))],
  ['SIX', 'checksumErrors', flip(advert(102), 60)],
  ['SIX', 'conflicts', claim(FOREIGN_MAC, sixVip)],
  ['VMAC', 'versionErrors', advert(103, { version: 2 })],
  ['FAST', 'checksumErrors', flip(advert(104), 40)],
  ['FAST', 'filtered', advert(104, { priority: 1 })],
  ['BEAT', 'filtered', beat(forgedBeat, theirs, ours)],
  ['BEAT', 'filtered', beat(encodeHeartbeat(heartbeat), theirs, ours)],
  ['BEAT', 'hmacMissing', advert(105)],
  ['UNICAST', 'checksumErrors', flip(advert(101, {}, { source: theirs, destination: ours }), 40)],
];
/** What comes at the backup: as if from the master, but wrong. */
const atBackup: Kinds = [
  ['PLAIN', 'checksumErrors', flip(advert(100, {}, { source: ours }), 40)],
  ['UNICAST', 'versionErrors', advert(101, { version: 2 }, { source: ours, destination: theirs })],
  ['SIX', 'lengthErrors', flip(advert(102), 57)],
  ['VMAC', 'ttlErrors', advert(103, {}, { source: ours, ttl: 254 })],
  ['FAST', 'typeErrors', flip(advert(104, {}, { source: ours }), 34)],
  ['BEAT', 'hmacMissing', advert(105, {}, { source: ours })],
  ['BEAT', 'filtered', beat(forgedBeat, ours, theirs)],
];

type Counters = Readonly<Record<string, number>>;

const indexOf = new Map(instances(1, ours).map(({ name }, index) => [name, index]));

/** Waits until this instance has counted so many more. */
async function counted(daemon: RunningDaemon, instance: string, counter: string, least: number): Promise<void> {
  await daemon.until(`${instance} ${counter} ${least}`, () => {
    daemon.signal('SIGUSR1');
    const last = daemon.lines.findLast((line) => line.startsWith('counters: ')) ?? 'counters: []';
    const all = JSON.parse(last.slice('counters: '.length)) as Counters[];
    return (all[indexOf.get(instance) ?? -1]?.[counter] ?? 0) >= least;
  });
}

/** How often every kind was sent COUNT times, and how many frames never reached a macvlan. */
interface Flooded {
  readonly rounds: number;
  readonly dropped: number;
}

async function countAll(daemon: RunningDaemon, kinds: Kinds, { rounds, dropped }: Flooded): Promise<void> {
  for (const key of new Set(kinds.map(([instance, counter]) => `${instance} ${counter}`))) {
    const [instance = '', counter = ''] = key.split(' ');
    const sent = rounds * COUNT * kinds.filter((one) => one[0] === instance && (counter === 'filtered' || one[1] === counter)).length;
    const lost = PASSING * rounds + (instance === 'VMAC' ? dropped : 0);
    // Of what looks right some hundreds a second pass.
    await counted(daemon, instance, counter, counter === 'filtered' ? sent / 2 : sent - lost);
  }
}

const droppedAt = (on: Host): number => Number(on.run(['cat', '/sys/class/net/v0/statistics/rx_dropped']).stdout);

/** Floods one node from the other for a while. */
async function floodFor(from: Host, to: Host, kinds: Kinds): Promise<Flooded> {
  const plans: readonly FloodPlan[] = kinds.map(([, , bytes]) => ({ frame: bytes, count: COUNT }));
  const [began, droppedBefore] = [performance.now(), droppedAt(to)];
  let [rounds, refused] = [0, 0];
  for (; performance.now() - began < FLOOD_MS_MIN; rounds++) refused += (await floodMeanwhile(from, plans)).refused;
  // What the cable refused is counted as dropped, too, but was sent again.
  return { rounds, dropped: Math.max(0, droppedAt(to) - droppedBefore - refused) };
}

test('floods of every kind at both nodes change nothing', { skip: noNamespaces() }, () =>
  inBed(async (bed) => {
    const master = bed.start(configuration(instances(200, theirs)));
    for (const name of indexOf.keys()) await master.logged(new RegExp(`\\(${name}\\) Entering MASTER STATE`));
    const backup = bed.start(configuration(instances(100, ours)), bed.there);
    for (const name of indexOf.keys()) await backup.logged(new RegExp(`\\(${name}\\) Entering BACKUP STATE`));
    const lines = [master.lines.length, backup.lines.length];
    const floods = [await floodFor(bed.there, bed.here, atMaster), await floodFor(bed.here, bed.there, atBackup)] as const;
    const changes = (): readonly string[] =>
      [...master.lines.slice(lines[0]), ...backup.lines.slice(lines[1])].filter((line) => /Entering/.test(line));
    assert.deepEqual(changes(), []);
    await countAll(master, atMaster, floods[0]);
    await countAll(backup, atBackup, floods[1]);
    assert.deepEqual(changes(), []);
  }),
);
