// The director on real packets, beyond the built-in labs: each case builds its own network.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Lab, LabHost, Step } from '../../src/lab/definition/lab.js';
import { drBed, holds, natBed, on, service, until } from './beds.js';
import { peer, peerStays, streamDigest } from './peer.js';
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

test('UDP through NAT: the server sees the client, the client gets answers from the VIP', { skip }, async () => {
  await holds(
    natBed('udp', [
      on('web1', peerStays('udp-serve', 9000, 'web1')),
      on('web2', peerStays('udp-serve', 9000, 'web2')),
      until('web1', 'ss -Hlun sport = 9000', { contains: ['9000'] }, 60),
      until('web2', 'ss -Hlun sport = 9000', { contains: ['9000'] }, 60),
      on('lvs', 'ipvsadm -A -u 10.8.1.1:53 -s rr'),
      on('lvs', 'ipvsadm -a -u 10.8.1.1:53 -r 10.8.2.11:9000 -m'),
      on('lvs', 'ipvsadm -a -u 10.8.1.1:53 -r 10.8.2.12:9000 -m'),
      // The client's socket is connected, so it receives answers only from the VIP's port 53.
      on('client', peer('udp-ask', '10.8.1.1', 53, 'hello', 4), {
        answers: [['web2', 'web1', 'web2', 'web1'].map((name) => `${name} got hello from 10.8.1.10`).join('\n')],
      }),
      on('lvs', 'ipvsadm -Ln', { contains: ['UDP 10.8.1.1:53 rr', '-> 10.8.2.11:9000 Masq 1 0 2', '-> 10.8.2.12:9000 Masq 1 0 2'] }),
    ]),
  );
});

test('no destination left: refused immediately, by ICMP port unreachable from the VIP', { skip }, async () => {
  await holds(
    natBed('nobody', [
      ...service('10.8.2.11 -m -w 0'),
      { kind: 'mark' },
      on('client', 'curl -m 30 http://10.8.1.1', { exit: 7 }),
      { kind: 'traffic', expect: [{ at: 'client', direction: 'to', protocol: 'icmp', source: '10.8.1.1', packets: { min: 1 } }] },
    ]),
  );
});

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

test('a server whose hardware address changes silently is reached again', { skip }, async () => {
  await holds(
    drBed('mac', [
      ...service('10.8.1.11 -g'),
      on('client', 'curl http://10.8.1.1', { answers: ['Welcome from web1'] }),
      on('web1', 'ip link set eth0 address 02:77:77:77:77:77'),
      until('client', 'curl -m 3 http://10.8.1.1', { answers: ['Welcome from web1'] }, 60),
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

/** As `lab`, with web sites on the director too. */
const withSites = (lab: Lab, ...ports: readonly number[]): Lab => {
  const { lvs } = lab.hosts;
  assert.ok(lvs !== undefined);
  return { ...lab, hosts: { ...lab.hosts, lvs: { ...lvs, sites: ports.map((port) => ({ port })) } } };
};

test('packets that are not for a service pass unchanged', { skip }, async () => {
  await holds(
    withSites(
      natBed('others', [
        ...service('10.8.2.11 -m'),
        on('client', 'curl http://10.8.1.1:8080', { answers: ['Welcome from lvs'] }),
        on('client', 'curl http://10.8.2.12', { answers: ['Welcome from web2'] }),
        on('client', 'ping -c 1 -W 20 10.8.1.1'),
        on('web2', 'curl http://10.8.1.1:8080', { answers: ['Welcome from lvs'] }),
        on('lvs', 'ipvsadm -Ln', { contains: ['-> 10.8.2.11:80 Masq 1 0 0'] }),
      ]),
      8080,
    ),
  );
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

test('unloaded, the director is a plain host again, and it can load again', { skip }, async () => {
  await holds(
    natBed('unload', [
      ...service('10.8.2.11 -m'),
      on('client', 'curl http://10.8.1.1', { answers: ['Welcome from web1'] }),
      on('lvs', 'weir unload'),
      on('client', 'curl http://10.8.1.1', { exit: 7 }),
      on('lvs', 'ip -o link show', { lacks: ['weir0'] }),
      ...service('10.8.2.12 -m'),
      on('client', 'curl http://10.8.1.1', { answers: ['Welcome from web2'] }),
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
