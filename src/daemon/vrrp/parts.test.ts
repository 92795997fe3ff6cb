// The shell's decisions that need no host: what it asks of the kernel, what it makes of files, processes and neighbours.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import { emptyConfiguration, oneInstance } from '../../../test/support/keepalived-configuration.js';
import { isLinkLocal } from '../../model/address.js';
import type { HostAddress } from '../../model/keepalived/network.js';
import type { TrackProcess } from '../../model/keepalived/trackers.js';
import { unsolicitedAdvertisement } from '../../wire/ndisc.js';
import { numberIn } from '../trackers/track-files.js';
import { encodeRule } from './filters/advert-filter.js';
import { kernelAddress } from './host/held-addresses.js';
import { virtualMac, vrfMoves } from './host/virtual-interfaces.js';
import { eventLine } from './notify/notifier.js';
import { claimOf } from './sockets/address-conflicts.js';
import { wantedSockets, wholePacket } from './sockets/advert-sockets.js';
import { matches } from './trackers/track-processes.js';

const host = (text: string, prefixLength: number, more: Partial<HostAddress> = {}): HostAddress => ({
  address: ip(text),
  prefixLength,
  flags: [],
  noTrack: false,
  ...more,
});

test('addresses for the kernel: IPv6 quietly, whole ones deprecated, IPv4 without lifetime', () => {
  const asked = (one: HostAddress) => {
    const { ifindex: _ifindex, address: _address, ...rest } = kernelAddress(one, 1);
    return rest;
  };
  assert.deepEqual(asked(host('10.0.0.1', 32, { peer: ip('10.0.0.2'), preferredLifetime: 5 })), {
    prefixLength: 32,
    scope: 0,
    flags: 0,
    peer: ip('10.0.0.2'),
  });
  assert.deepEqual(asked(host('10.0.0.1', 24, { peer: ip('10.0.0.2'), peerLength: 32 })).prefixLength, 32);
  assert.deepEqual(asked(host('10.0.0.129', 25, { broadcast: 'derived' })).broadcast, ip('10.0.0.255'));
  assert.deepEqual(asked(host('10.0.0.129', 25, { broadcast: 'zero' })).broadcast, ip('10.0.0.128'));
  assert.deepEqual(asked(host('fd00::1', 128)), { prefixLength: 128, scope: 0, flags: 2, preferredLifetime: 0 });
  assert.deepEqual(asked(host('fd00::1', 64, { flags: ['nodad', 'home'] })), { prefixLength: 64, scope: 0, flags: 0x10 });
  assert.equal(asked(host('fd00::1', 128, { preferredLifetime: 'forever' })).preferredLifetime, 0xffffffff);
});

test('one socket an interface, family and protocol; a unicast instance listens to the group, too', () => {
  const unicast = { peers: [], ttl: 255, checkSource: false, faultNoPeer: false, oldChecksum: 'auto' } as const;
  const six = { ...oneInstance, name: 'b', family: 'inet6', version: 3, multicastGroup: ip('ff02::12') } as const;
  const instances = [oneInstance, { ...oneInstance, name: 'a', vrid: 52, multicastGroup: ip('224.0.0.99') }, six];
  const wanted = wantedSockets({ ...emptyConfiguration, instances });
  assert.deepEqual([...wanted.keys()], ['eth0 inet 112', 'eth0 inet 51', 'eth0 inet6 112']);
  assert.deepEqual(wanted.get('eth0 inet 112')?.groups, [ip('224.0.0.18'), ip('224.0.0.99')]);
  const one = wantedSockets({ ...emptyConfiguration, instances: [{ ...oneInstance, unicast }] });
  assert.deepEqual(one.get('eth0 inet 112')?.groups, [ip('224.0.0.18')]);
  const virtual = { ...oneInstance, virtualInterface: { kind: 'vmac' } } as const;
  const macvlan = wantedSockets({ ...emptyConfiguration, instances: [virtual] });
  assert.deepEqual([...macvlan.values()].map(({ interface: name, knownAs }) => [name, knownAs])[0], ['vrrp.51', 'eth0']);
  assert.equal(
    [...wantedSockets({ ...emptyConfiguration, instances: [{ ...virtual, vmacTransmitBase: true }] }).values()][0]?.interface,
    'eth0',
  );
});

test("an IPv6 advert has the class of IPv4's", () => {
  const packet = wholePacket({
    kind: 'send',
    instance: 'a',
    interface: 'eth0',
    source: ip('fe80::1'),
    destination: ip('ff02::12'),
    ttl: 255,
    protocol: 112,
    id: 0,
    payload: new Uint8Array(24),
  });
  assert.equal(Buffer.from(packet.subarray(0, 8)).toString('hex'), '6c000000001870ff');
});

test('the filter refuses only what the machine would', () => {
  const rule = (more: object) => [...encodeRule({ ...oneInstance, ...more }, 3).subarray(0, 16)];
  assert.deepEqual(rule({}), [3, 0, 0, 0, 2, 0, 1, 1, ...Array(8).fill(0)]);
  assert.deepEqual(
    rule({ authentication: { kind: 'pass', password: '1111ÿ' } }).slice(4),
    [2, 1, 1, 1, 0x31, 0x31, 0x31, 0x31, 0xff, 0, 0, 0],
  );
  assert.deepEqual(rule({ authentication: { kind: 'hmac', keys: [] } }).slice(4, 8), [2, 255, 1, 1]);
  const unicast = { peers: [], ttl: 255, checkSource: false, faultNoPeer: false, oldChecksum: 'auto' };
  assert.equal(rule({ unicast })[6], 0);
  const spacing = (more: object) => new DataView(encodeRule({ ...oneInstance, ...more }, 1).buffer).getBigUint64(16, true);
  assert.deepEqual(
    [spacing({}), spacing({ advertUs: 10_000 }), spacing({ fast: { intervalUs: 2000, missed: 3 } })],
    [10_000_000n, 500_000n, 500_000n],
  );
});

test('numbers in tracked files', () => {
  const read = ['7\n', '  7 x', '-3', '+4', '', 'x7', '99999999999', '\n\n5'].map(numberIn);
  assert.deepEqual(read, [7, 7, -3, 4, undefined, undefined, 0x7fffffff, 5]);
});

test('processes by name, whole command and parameters', () => {
  const watched: TrackProcess = {
    name: 'p',
    argv: ['a-name-longer-than-15', 'x', 'yz'],
    parameterMatch: 'exact',
    fullCommand: false,
    weight: 0,
    reverse: false,
    quorum: 1,
    forkDelayUs: 0,
    terminateDelayUs: 0,
  };
  const process = { name: 'a-name-longer-t', words: ['/bin/a', 'x', 'yz'] };
  assert.ok(matches(watched, process));
  assert.ok(!matches(watched, { ...process, name: 'other' }));
  assert.ok(!matches(watched, { ...process, words: ['/bin/a', 'x', 'yz', 'more'] }));
  assert.ok(matches({ ...watched, parameterMatch: 'initial' }, { ...process, words: ['/bin/a', 'x', 'yz', 'more'] }));
  assert.ok(matches({ ...watched, parameterMatch: 'partial' }, { ...process, words: ['/bin/a', 'x', 'yzabc'] }));
  assert.ok(!matches({ ...watched, parameterMatch: 'partial' }, { ...process, words: ['/bin/a', 'xx', 'yz'] }));
  assert.ok(matches({ ...watched, parameterMatch: 'none' }, { ...process, words: [] }));
  assert.ok(matches({ ...watched, fullCommand: true, argv: ['/bin/a'], parameterMatch: 'none' }, process));
});

test('who claims an IPv6 address', () => {
  const frame = unsolicitedAdvertisement('02:00:00:00:00:09', ip('fd00::9'), false);
  assert.deepEqual(claimOf(frame.subarray(54)), { address: ip('fd00::9'), mac: '02:00:00:00:00:09' });
  assert.equal(claimOf(frame.subarray(54, 78)), undefined);
  assert.equal(claimOf(new Uint8Array(32)), undefined);
});

test('small things: event lines, virtual MACs, link-local addresses', () => {
  assert.equal(eventLine({ type: 'GROUP', name: 'G 1', event: 'MASTER', priority: 0 }), 'GROUP "G 1" MASTER 0\n');
  assert.deepEqual(
    [virtualMac({ family: 'inet', vrid: 51 }), virtualMac({ family: 'inet6', vrid: 255 })],
    ['00:00:5e:00:01:33', '00:00:5e:00:02:ff'],
  );
  assert.deepEqual(
    ['fe80::1', 'febf::1', 'fec0::1', '10.0.0.1'].map((text) => isLinkLocal(ip(text))),
    [true, true, false, false],
  );
});

test('a macvlan goes along when what is below it joins a VRF or leaves it', () => {
  const link = { name: 'x', flags: 0, hardware: 1, mtu: 1500 };
  const [red, bridge] = [
    { master: 9, masterKind: 'vrf' },
    { master: 8, masterKind: 'bridge' },
  ];
  const base = new Map([
    [1, { ...link, ifindex: 1, ...red }],
    [2, { ...link, ifindex: 2 }],
    [3, { ...link, ifindex: 3, ...bridge }],
  ]);
  const on = (ifindex: number, lower: number, more: object = {}) => ({ ...link, ifindex, lower, ...more });
  const links = [on(11, 1), on(12, 1, red), on(13, 2, red), on(14, 2), on(15, 3), on(16, 4, red)];
  assert.deepEqual(
    vrfMoves(links, (ifindex) => base.get(ifindex)),
    [
      { ifindex: 11, master: 9 },
      { ifindex: 13, master: 0 },
    ],
  );
});
