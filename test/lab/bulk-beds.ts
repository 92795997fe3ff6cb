// Large transfers through the director in both directions, with veth's default offloads and with XDP forced.

import type { Lab, Step } from '../../src/lab/definition/lab.js';
import { drBed, natBed, on, service, until } from './beds.js';
import { peer, peerStays, streamDigest } from './peer.js';

function bulk(name: string, bytes: number, before: readonly Step[] = [], after: readonly Step[] = []): Lab {
  const digest = streamDigest(bytes);
  return natBed(
    name,
    [
      ...before,
      on('web1', peerStays('serve', 81, bytes)),
      until('web1', 'curl http://10.8.2.11:81/ping', { answers: ['pong'] }, 60),
      ...service('10.8.2.11:81 -m'),
      on('client', 'curl -m 300 http://10.8.1.1/ | sha256sum', { answers: [`${digest}  -`] }, 300),
      on('client', `${peer('send', bytes)} | curl -m 300 -T - http://10.8.1.1/`, { answers: [digest] }, 300),
      ...after,
    ],
    false,
  );
}

/** Down and up through NAT with the default offloads, SHA-256 equal. */
export const natBulk = (bytes: number): Lab => bulk('bulk', bytes);

/** Down and up through NAT with XDP forced: only a port that polls accepts a frame from XDP, and its checksum must be complete. */
export const xdpBulk = (bytes: number): Lab =>
  bulk(
    'bulk-xdp',
    bytes,
    [
      on('sw', 'ethtool -K lvs-eth0 gro on && ethtool -K lvs-eth1 gro on'),
      on('client', 'ethtool -K eth0 tx off'),
      on('web1', 'ethtool -K eth0 tx off'),
      on('lvs', 'weir load --attach xdp'),
    ],
    ['eth0', 'eth1'].map((name) =>
      on('lvs', `ethtool -S ${name} | grep xdp_redirect:`, { matches: ['^rx_queue_\\d+_xdp_redirect: [1-9]\\d{3,}$'] }),
    ),
  );

/** Big packets under DR, from the server straight to the client. */
export const drBulk = (bytes: number): Lab =>
  drBed(
    'dr-bulk',
    [
      on('web1', peerStays('serve', 81, bytes)),
      until('web1', 'curl http://10.8.1.11:81/ping', { answers: ['pong'] }, 60),
      on('lvs', 'ipvsadm -A -t 10.8.1.1:81 -s rr'),
      on('lvs', 'ipvsadm -a -t 10.8.1.1:81 -r 10.8.1.11 -g'),
      on('client', 'curl -m 300 http://10.8.1.1:81/ | sha256sum', { answers: [`${streamDigest(bytes)}  -`] }, 300),
      on('client', `${peer('send', bytes)} | curl -m 300 -T - http://10.8.1.1:81/`, { answers: [streamDigest(bytes)] }, 300),
    ],
    false,
  );
