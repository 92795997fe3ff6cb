// The director on real packets, beyond the built-in labs: each case builds its own network.
import assert from 'node:assert/strict';
import type { Lab } from '../../src/lab/definition/lab.js';
import { breadth, test } from '../support/breadth.js';
import { drBed, holds, natBed, on, service, until } from './beds.js';
import { peer, peerStays } from './peer.js';
import { skipWithoutNetns } from './weir-lab.js';

const skip = skipWithoutNetns();

breadth('UDP through NAT: the server sees the client, the client gets answers from the VIP', { skip }, async () => {
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

breadth('no destination left: refused immediately, by ICMP port unreachable from the VIP', { skip }, async () => {
  await holds(
    natBed('nobody', [
      ...service('10.8.2.11 -m -w 0'),
      { kind: 'mark' },
      on('client', 'curl -m 30 http://10.8.1.1', { exit: 7 }),
      { kind: 'traffic', expect: [{ at: 'client', direction: 'to', protocol: 'icmp', source: '10.8.1.1', packets: { min: 1 } }] },
    ]),
  );
});

breadth('a server whose hardware address changes silently is reached again', { skip }, async () => {
  await holds(
    drBed('mac', [
      ...service('10.8.1.11 -g'),
      on('client', 'curl http://10.8.1.1', { answers: ['Welcome from web1'] }),
      on('web1', 'ip link set eth0 address 02:77:77:77:77:77'),
      until('client', 'curl -m 3 http://10.8.1.1', { answers: ['Welcome from web1'] }, 60),
    ]),
  );
});

/** As `lab`, with web sites on the director too. */
const withSites = (lab: Lab, ...ports: readonly number[]): Lab => {
  const { lvs } = lab.hosts;
  assert.ok(lvs !== undefined);
  return { ...lab, hosts: { ...lab.hosts, lvs: { ...lvs, sites: ports.map((port) => ({ port })) } } };
};

breadth('packets that are not for a service pass unchanged', { skip }, async () => {
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
