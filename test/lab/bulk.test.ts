// Much data through the director: 1 GB both ways, with the offloads that veth has by itself and with XDP forced.

import { test } from 'node:test';
import type { Step } from '../../src/lab/model.js';
import { drBed, holds, natBed, on, service, until } from './beds.js';
import { peer, peerStays, streamDigest } from './peer.js';
import { skipWithoutNetns } from './weir-lab.js';

const skip = skipWithoutNetns();

const BULK_BYTES = 1_000_000_000;

const bulk = (name: string, before: readonly Step[] = [], after: readonly Step[] = []) => {
  const digest = streamDigest(BULK_BYTES);
  return natBed(
    name,
    [
      ...before,
      on('web1', peerStays('serve', 81, BULK_BYTES)),
      until('web1', 'curl http://10.8.2.11:81/ping', { answers: ['pong'] }, 20),
      ...service('10.8.2.11:81 -m'),
      on('client', 'curl -m 300 http://10.8.1.1/ | sha256sum', { answers: [`${digest}  -`] }, 300),
      on('client', `${peer('send', BULK_BYTES)} | curl -m 300 -T - http://10.8.1.1/`, { answers: [digest] }, 300),
      ...after,
    ],
    false,
  );
};

test('1 GB down and up through NAT with the default offloads, SHA-256 equal', { skip }, async () => {
  await holds(bulk('bulk'));
});

test('the same with XDP forced on the legs', { skip }, async () => {
  // What veth needs for that: a frame that XDP sends is taken only by a port that polls, and its checksum must be a real one.
  await holds(
    bulk(
      'bulk-xdp',
      [
        on('sw', 'ethtool -K lvs-eth0 gro on && ethtool -K lvs-eth1 gro on'),
        on('client', 'ethtool -K eth0 tx off'),
        on('web1', 'ethtool -K eth0 tx off'),
        on('lvs', 'weir load --attach xdp'),
      ],
      ['eth0', 'eth1'].map((leg) =>
        on('lvs', `ethtool -S ${leg} | grep xdp_redirect:`, { matches: ['^rx_queue_\\d+_xdp_redirect: [1-9]\\d{3,}$'] }),
      ),
    ),
  );
});

test('big packets under DR: 100 MB from the server straight to the client', { skip }, async () => {
  const bytes = 100_000_000;
  await holds(
    drBed(
      'dr-bulk',
      [
        on('web1', peerStays('serve', 81, bytes)),
        until('web1', 'curl http://10.8.1.11:81/ping', { answers: ['pong'] }, 20),
        on('lvs', 'ipvsadm -A -t 10.8.1.1:81 -s rr'),
        on('lvs', 'ipvsadm -a -t 10.8.1.1:81 -r 10.8.1.11 -g'),
        on('client', 'curl -m 60 http://10.8.1.1:81/ | sha256sum', { answers: [`${streamDigest(bytes)}  -`] }, 60),
        on('client', `${peer('send', bytes)} | curl -m 60 -T - http://10.8.1.1:81/`, { answers: [streamDigest(bytes)] }, 60),
      ],
      false,
    ),
  );
});
