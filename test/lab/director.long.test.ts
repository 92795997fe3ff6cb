// The director on real packets while something changes: weights, services, routes, interfaces, and another director beside it. (More:
// director.test.ts.)
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LabHost, Step } from '../../src/lab/definition/lab.js';
import { holds, natBed, on, service, until } from './beds.js';
import { peerStays, streamDigest } from './peer.js';
import { skipWithoutNetns } from './weir-lab.js';

const skip = skipWithoutNetns();

const MEDIUM_BYTES = 100_000_000;

/** A download whose reader waits for the file `go`, until every buffer on the path is full. */
const HELD_DOWNLOAD =
  '(curl -m 300 http://10.8.1.1/ | (until [ -e "$HOME/go" ]; do sleep 0.1; done; sha256sum >"$HOME/sum.part"); mv "$HOME/sum.part" "$HOME/sum") >/dev/null 2>&1 &';

const restOfDownload = (): readonly Step[] => [
  on('client', 'touch "$HOME/go"'),
  until('client', 'cat "$HOME/sum"', { answers: [`${streamDigest(MEDIUM_BYTES)}  -`] }, 240),
];

test('weight 0 quiesces: an open connection goes on, a new one goes elsewhere', { skip }, async () => {
  await holds(
    natBed('quiesce', [
      on('web1', peerStays('serve', 81, MEDIUM_BYTES)),
      until('web1', 'curl http://10.8.2.11:81/ping', { answers: ['pong'] }, 60),
      ...service('10.8.2.11:81 -m'),
      on('client', HELD_DOWNLOAD),
      until('lvs', 'ipvsadm -Ln', { contains: ['-> 10.8.2.11:81 Masq 1 1 0'] }, 60),
      on('lvs', 'ipvsadm -a -t 10.8.1.1:80 -r 10.8.2.12 -m'),
      on('lvs', 'ipvsadm -e -t 10.8.1.1:80 -r 10.8.2.11:81 -m -w 0'),
      { kind: 'run', on: 'client', command: 'curl http://10.8.1.1', times: 3, expect: { tally: { 'Welcome from web2': 3 } } },
      on('lvs', 'ipvsadm -Ln', { contains: ['-> 10.8.2.11:81 Masq 0 1 0'] }),
      ...restOfDownload(),
      until('lvs', 'ipvsadm -Ln', { contains: ['-> 10.8.2.11:81 Masq 0 0 1'] }, 60),
    ]),
  );
});

test('a changed route is followed', { skip }, async () => {
  const router = (number: number): LabHost => ({
    interfaces: {
      eth0: { switch: 'middle', addresses: [`10.8.2.10${number}/24`] },
      eth1: { switch: 'back', addresses: [`10.8.3.10${number}/24`] },
    },
    gateway: '10.8.2.1',
    sysctls: { 'net.ipv4.ip_forward': 1 },
  });
  const bed = natBed('route', [
    ...service('10.8.3.11 -m'),
    on('client', 'curl http://10.8.1.1', { answers: ['Welcome from web1'] }),
    on('router1', 'ip route add blackhole 10.8.3.11'),
    on('client', 'curl -m 1 http://10.8.1.1', { exit: 28 }),
    on('lvs', 'ip route replace 10.8.3.0/24 via 10.8.2.102'),
    until('client', 'curl -m 3 http://10.8.1.1', { answers: ['Welcome from web1'] }, 60),
  ]);
  const { client, lvs } = bed.hosts;
  assert.ok(client !== undefined && lvs !== undefined);
  await holds({
    ...bed,
    switches: ['front', 'middle', 'back'],
    hosts: {
      client,
      lvs: {
        ...lvs,
        interfaces: { eth0: { switch: 'front', addresses: ['10.8.1.1/24'] }, eth1: { switch: 'middle', addresses: ['10.8.2.1/24'] } },
        routes: [{ to: '10.8.3.0/24', via: '10.8.2.101' }],
      },
      router1: router(1),
      router2: router(2),
      web1: { interfaces: { eth0: { switch: 'back', addresses: ['10.8.3.11/24'] } }, gateway: '10.8.3.101', sites: [{ port: 80 }] },
    },
  });
});

test('a connection survives edits of its service, and the end of every weir process', { skip }, async () => {
  await holds(
    natBed('edits', [
      on('web1', peerStays('serve', 81, MEDIUM_BYTES)),
      until('web1', 'curl http://10.8.2.11:81/ping', { answers: ['pong'] }, 60),
      ...service('10.8.2.11:81 -m'),
      on('client', HELD_DOWNLOAD),
      until('lvs', 'ipvsadm -Ln', { contains: ['-> 10.8.2.11:81 Masq 1 1 0'] }, 60),
      on('lvs', 'ipvsadm -E -t 10.8.1.1:80 -s wlc'),
      on('lvs', 'ipvsadm -a -t 10.8.1.1:80 -r 10.8.2.12 -m'),
      on('lvs', 'ipvsadm -e -t 10.8.1.1:80 -r 10.8.2.11:81 -m -w 7'),
      on('lvs', 'ipvsadm -A -t 10.8.1.1:443 -s rr'),
      on('lvs', 'ipvsadm -D -t 10.8.1.1:443'),
      ...restOfDownload(),
    ]),
  );
});

test('an interface that comes up later is covered by the next command', { skip }, async () => {
  await holds(
    natBed('late-if', [
      on('lvs', 'ip link set eth1 down'),
      on('lvs', 'ipvsadm -A -t 10.8.1.1:80 -s rr'),
      on('lvs', 'ip link set eth1 up'),
      on('lvs', 'ipvsadm -a -t 10.8.1.1:80 -r 10.8.2.11 -m'),
      on('client', 'curl http://10.8.1.1', { answers: ['Welcome from web1'] }),
    ]),
  );
});

test('two directors on one machine are independent', { skip }, async () => {
  const bed = natBed('two', []);
  const { lvs } = bed.hosts;
  assert.ok(lvs !== undefined);
  await holds({
    ...bed,
    hosts: {
      ...bed.hosts,
      lvs2: {
        director: true,
        interfaces: { eth0: { switch: 'front', addresses: ['10.8.1.2/24'] }, eth1: { switch: 'back', addresses: ['10.8.2.2/24'] } },
        sysctls: { 'net.ipv4.ip_forward': 1 },
      },
    },
    steps: [
      ...service('10.8.2.11 -m'),
      on('lvs2', 'ipvsadm -Ln', { lacks: ['10.8.1.1:80'] }),
      on('lvs2', 'ipvsadm -A -t 10.8.1.2:80 -s wrr'),
      on('lvs2', 'ipvsadm -C'),
      on('lvs', 'ipvsadm -Ln', { contains: ['TCP 10.8.1.1:80 rr'], lacks: ['10.8.1.2:80'] }),
      on('lvs2', 'weir unload'),
      on('client', 'curl http://10.8.1.1', { answers: ['Welcome from web1'] }),
    ],
  });
});
