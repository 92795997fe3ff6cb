// Large transfers through the director in both directions: by every forwarding method, each with veth's default offloads, as network cards have
// them, and with XDP forced.

import type { Lab, Step } from '../../src/lab/definition/lab.js';
import { behind, cutsPackets, startsTunnelEnd, type Tunnel, tunnelEndFiles } from '../../src/lab/labs/tunnel-end.js';
import { drBed, lanBed, natBed, on, until } from './beds.js';
import { peer, peerStays, streamDigest } from './peer.js';

/** `card`: frames of one packet each, with whole checksums, which the director merges as it receives them (GRO). */
export const OFFLOADS = ['default', 'card', 'xdp'] as const;
export type Offloads = (typeof OFFLOADS)[number];

type Network = (name: string, steps: readonly Step[], capture?: boolean) => Lab;

interface Method {
  readonly name: string;
  readonly network: Network;
  /** The server, where it serves, and as ipvsadm gets it. */
  readonly host: 'web1' | 'lvs';
  readonly server: string;
  readonly added: string;
  /** The director's devices by which XDP sends what the method leaves to it. */
  readonly xdp: readonly string[];
  readonly before: readonly Step[];
}

const [VIP_PORT, SERVER_PORT] = [80, 81];
const VIP = '10.8.1.1';
const NAT_DEVICES = ['eth0', 'eth1'];
const LAN_DEVICES = ['eth0'];

const tunnel = (name: Tunnel): Method => ({
  name,
  network: (title, steps, capture) => {
    const lab = lanBed(title, steps, capture);
    const { web1 } = lab.hosts;
    return web1 === undefined ? lab : { ...lab, hosts: { ...lab.hosts, web1: { ...web1, files: tunnelEndFiles } } };
  },
  host: 'web1',
  server: '10.8.1.11',
  added: `10.8.1.11 ${behind(name)}`,
  xdp: LAN_DEVICES,
  before: [startsTunnelEnd('web1', name, [VIP]), cutsPackets('sw', 'web1-eth0')],
});

const SERVER = { host: 'web1', server: '10.8.2.11', before: [] } as const;

export const METHODS: readonly Method[] = [
  { ...SERVER, name: 'NAT', network: natBed, added: `10.8.2.11:${SERVER_PORT} -m`, xdp: NAT_DEVICES },
  { ...SERVER, name: 'DR', network: drBed, server: '10.8.1.11', added: '10.8.1.11 -g', xdp: LAN_DEVICES },
  tunnel('ipip'),
  tunnel('gre'),
  tunnel('gue'),
  { ...SERVER, name: 'FULLNAT', network: natBed, added: `10.8.2.11:${SERVER_PORT} --fullnat --local-address 10.8.2.1`, xdp: NAT_DEVICES },
  // XDP leaves it to tc.
  { ...SERVER, name: 'Local', network: natBed, host: 'lvs', server: '10.8.2.1', added: `10.8.2.1:${SERVER_PORT} -m`, xdp: [] },
];

/** All of a host's interfaces, among those that it may have. */
const eachDevice = (options: string): string =>
  `for device in eth0 eth1; do [ ! -e /sys/class/net/$device ] || ethtool -K $device ${options} || exit; done`;

/** Only a port that polls accepts a frame from XDP, and its checksum must be complete. */
const polls = on('sw', 'for device in lvs-eth0 lvs-eth1; do [ ! -e /sys/class/net/$device ] || ethtool -K $device gro on || exit; done');
const wholeFrames = ['client', 'web1'].map((host) => on(host, eachDevice('tx off')));

const SET: Readonly<Record<Offloads, readonly Step[]>> = {
  default: [],
  card: [...wholeFrames, on('lvs', eachDevice('tx off gro on'))],
  xdp: [polls, ...wholeFrames, on('lvs', 'weir load --attach xdp')],
};

const sentByXdp = (device: string): Step =>
  on('lvs', `ethtool -S ${device} | grep -E 'xdp_(redirect|tx):'`, { matches: ['^rx_queue_\\d+_xdp_(redirect|tx): [1-9]\\d{3,}$'] });

/** So many bytes down and up, SHA-256 equal, in at most so many seconds each. */
export function bulk({ name, network, host, server, added, xdp, before }: Method, offloads: Offloads, bytes: number, seconds = 300): Lab {
  const digest = streamDigest(bytes);
  // Where the method writes no port, the server listens on the service's.
  const port = added.includes(`:${SERVER_PORT} `) ? VIP_PORT : SERVER_PORT;
  const url = `http://${VIP}:${port}/`;
  return network(
    `bulk-${name.toLowerCase()}-${offloads}`,
    [
      ...SET[offloads],
      ...before,
      on(host, peerStays('serve', SERVER_PORT, bytes)),
      until(host, `curl http://${server}:${SERVER_PORT}/ping`, { answers: ['pong'] }, 60),
      on('lvs', `ipvsadm -A -t ${VIP}:${port} -s rr`),
      on('lvs', `ipvsadm -a -t ${VIP}:${port} -r ${added}`),
      on('client', `curl -m ${seconds} ${url} | sha256sum`, { answers: [`${digest}  -`] }, seconds),
      on('client', `${peer('send', bytes)} | curl -m ${seconds} -T - ${url}`, { answers: [digest] }, seconds),
      ...(offloads === 'xdp' ? xdp.map(sentByXdp) : []),
      until('lvs', 'ipvsadm -Ln', { matches: [`^-> ${server.replaceAll('.', '\\.')}:${SERVER_PORT} \\w+ 1 0 2$`] }, 60),
    ],
    false,
  );
}
