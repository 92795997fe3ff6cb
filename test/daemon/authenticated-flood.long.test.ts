// An authenticated pair, and another host on the link that forges the master's MAC, address and priority and plays its adverts again, at the
// backup: there is no second master. What comes is counted.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VrrpInstance } from '../../src/model/keepalived/instance.js';
import { PacketSocket } from '../../src/sys/sockets/packet-socket.js';
import { viewOf } from '../../src/wire/bytes.js';
import { decodeVrrpHeader } from '../../src/wire/vrrp.js';
import { ip } from '../support/ip.js';
import { noNamespaces } from '../support/netns-bed.js';
import type { RunningDaemon } from '../support/running-daemon.js';
import { ETHERNET_BYTES, hmacKeys, withNextNumber } from './advert-frames.js';
import { floodMeanwhile } from './flooding.js';
import { configuration, host, inBed, quick, type VrrpBed } from './vrrp-bed.js';

/** Longer than a backup of version 2 waits, 3.6 s. */
const SECONDS = 4.5;
/** A master is missed after about 750 ms: not yet when other processes hold up this host for a while. */
const PATIENT = { advertUs: 200_000 };
const PER_SECOND = 4000;
/** Samples, and what a replay may try: tens a second of each. */
const PASSING = 2000;
const ALL_FRAMES = 3;

const hmac = { kind: 'hmac', keys: hmacKeys, activeKey: 7, antiReplay: 'time', timeWindowUs: 30e6, mode: 'enforce' } as const;
const pair: readonly VrrpInstance[] = [
  { ...quick, ...PATIENT, name: 'HMAC', vrid: 51, authentication: hmac },
  {
    ...quick,
    ...PATIENT,
    name: 'HMAC6',
    vrid: 52,
    family: 'inet6',
    addresses: [host('fe80::99:100/64')],
    multicastGroup: ip('ff02::12'),
    authentication: hmac,
  },
  {
    ...quick,
    name: 'AH',
    vrid: 53,
    version: 2,
    advertUs: 1_000_000,
    addresses: [host('10.99.0.101/24')],
    authentication: { kind: 'ah', password: '1111' },
  },
];
const atPriority = (priority: number): readonly VrrpInstance[] => pair.map((one) => ({ ...one, priority }));

/** The next advert of each VRID, as it comes by the cable. */
function capture(bed: VrrpBed, vrids: readonly number[]): ReadonlyMap<number, Uint8Array> {
  const index = Number(/^(\d+): v0/m.exec(bed.there.ip('link show v0'))?.[1]);
  const socket = new PacketSocket(index, ALL_FRAMES, bed.namespace(bed.there).fd.number);
  const found = new Map<number, Uint8Array>();
  try {
    for (let tries = 0; found.size < vrids.length; tries++) {
      assert.ok(tries < 10_000, `heard of ${[...found.keys()].join()} only`);
      const frame = socket.receive(1000);
      const at = frame === undefined ? undefined : vrrpAt(frame);
      const header = frame === undefined || at === undefined ? undefined : decodeVrrpHeader(frame.subarray(at));
      if (frame !== undefined && header !== undefined) found.set(header.vrid, frame);
    }
  } finally {
    socket.close();
  }
  return found;
}

/** Where VRRP begins in a frame; undefined: it is none. */
function vrrpAt(frame: Uint8Array): number | undefined {
  const six = viewOf(frame).getUint16(12) === 0x86dd;
  const protocol = frame[ETHERNET_BYTES + (six ? 6 : 9)];
  const at = ETHERNET_BYTES + (six ? 40 : 20);
  return protocol === 112 ? at : protocol === 51 ? at + 24 : undefined;
}

async function counted(daemon: RunningDaemon, least: number): Promise<void> {
  await daemon.until(`${least} counts`, () => {
    daemon.signal('SIGUSR1');
    const last = daemon.lines.findLast((line) => line.startsWith('counters: ')) ?? 'counters: []';
    const all = JSON.parse(last.slice('counters: '.length)) as Record<string, number>[];
    return all.reduce((sum, { filtered = 0 }) => sum + filtered, 0) >= least;
  });
}

test('a flood of forged and replayed adverts of an authenticated master makes no second one', { skip: noNamespaces() }, () =>
  inBed(async (bed) => {
    const master = bed.start(configuration(atPriority(255)));
    for (const { name } of pair) await master.logged(new RegExp(`\\(${name}\\) Entering MASTER STATE`));
    const backup = bed.start(configuration(atPriority(100)), bed.there);
    for (const { name } of pair) await backup.logged(new RegExp(`\\(${name}\\) Entering BACKUP STATE`));
    const adverts = [
      ...capture(
        bed,
        pair.map(({ vrid }) => vrid),
      ).values(),
    ];
    const lines = [master.lines.length, backup.lines.length];
    const frames = [...adverts, ...adverts.map(withNextNumber)];
    const { sent } = await floodMeanwhile(
      bed.here,
      frames.map((frame) => ({ frame, count: PER_SECOND * SECONDS, perSecond: PER_SECOND })),
    );
    assert.equal(sent, frames.length * PER_SECOND * SECONDS);
    const changes = (): readonly string[] =>
      [...master.lines.slice(lines[0]), ...backup.lines.slice(lines[1])].filter((line) => /Entering|SPLIT BRAIN/.test(line));
    assert.deepEqual(changes(), []);
    await counted(backup, sent - PASSING);
    assert.deepEqual(changes(), []);
  }),
);
