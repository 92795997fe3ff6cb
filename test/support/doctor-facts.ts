// Facts of healthy hosts for the tests of doctor's rules: a test changes one fact and checks the findings.

import type { DirectorFacts, RealServerFacts, ServiceFact } from '../../src/doctor/facts.js';
import type { DestinationSpec, ForwardingMethod } from '../../src/model/service.js';
import { type Link, LinkFlag, LinkHardware } from '../../src/wire/rtnetlink-link.js';
import { ip } from './ip.js';

export const LO: Link = { ifindex: 1, name: 'lo', flags: LinkFlag.up | LinkFlag.loopback, hardware: LinkHardware.loopback, mtu: 65536 };
export const WAN: Link = {
  ifindex: 2,
  name: 'wan',
  flags: LinkFlag.up | LinkFlag.running | LinkFlag.lowerUp,
  hardware: LinkHardware.ethernet,
  mtu: 1500,
  mac: '02:00:00:00:00:01',
};
export const SERVER_MAC = '02:00:00:00:00:51';

export function destination(address: string, port: number, method: ForwardingMethod, weight = 1): DestinationSpec {
  const tunnel = { type: 'ipip', port: 0, checksum: 'nocsum' } as const;
  return { address: ip(address), port, method, weight, upperThreshold: 0, lowerThreshold: 0, tunnel };
}

export function service(address: string, port: number, destinations: readonly DestinationSpec[], scheduler = 'wlc'): ServiceFact {
  const key = { kind: 'address', protocol: 'tcp', address: ip(address), port } as const;
  return { spec: { key, scheduler, schedFlags: 0, onePacket: false }, destinations };
}

const conf = (name: string, values: Readonly<Record<string, string>>) =>
  Object.entries(values).map(([key, value]) => [`net/ipv4/conf/${name}/${key}`, value] as const);

/** VIP 10.5.0.9:80 on wan (10.5.0.2/24), one VS/DR server 10.5.0.51 that serves it. */
export const director: DirectorFacts = {
  role: 'director',
  interfaces: [LO, WAN],
  addresses: [
    { ifindex: 1, address: ip('127.0.0.1'), prefixLength: 8, label: 'lo' },
    { ifindex: 2, address: ip('10.5.0.2'), prefixLength: 24, label: 'wan' },
    { ifindex: 2, address: ip('10.5.0.9'), prefixLength: 32, label: 'wan:0' },
  ],
  defaultRoutes: [{ ifindex: 2, gateway: ip('10.5.0.1') }],
  settings: new Map([['net/ipv4/ip_forward', '0'], ...conf('all', { rp_filter: '0' }), ...conf('wan', { rp_filter: '0' })]),
  datapath: { loaded: true, interfaces: [LO, WAN].map(({ ifindex, name }) => ({ ifindex, name, attached: ['ingress', 'egress'] })) },
  services: [service('10.5.0.9', 80, [destination('10.5.0.51', 80, 'route')])],
  paths: [{ to: ip('10.5.0.51'), kind: 'direct', ifindex: 2 }],
  connects: [{ address: ip('10.5.0.51'), port: 80 }],
  holders: [{ ifindex: 2, address: ip('10.5.0.51'), mac: SERVER_MAC }],
  neighbours: [],
  refusingRoutes: [],
  clients: [],
  connections: { destinations: [], networks: [], idle: new Map() },
  silent: [],
  reflections: [],
  unserved: [],
  handovers: [
    { method: 'route', protocol: 'tcp', vip: ip('10.5.0.9'), port: 80, realServer: ip('10.5.0.51'), answer: { kind: 'accepted' } },
  ],
  absentLocals: [],
  echoes: [],
  offloads: [{ ifindex: 2, active: ['rx-gro'] }],
  filters: [],
  denials: [],
  markDenials: [],
  localDenials: [],
  ipsecPolicies: [],
  arpRules: [],
  syncDaemons: [],
  notExamined: [],
};

/** Its real server: VIP on lo, hidden on eth, its own gateway. */
export const realServer: RealServerFacts = {
  role: 'rs',
  family: 'inet',
  method: 'dr',
  methodCertain: true,
  vips: [ip('10.5.0.9')],
  localVips: [ip('10.5.0.9')],
  ports: [],
  echoes: [],
  gateways: [{ address: ip('10.5.0.1'), ifindex: 2, mac: '02:00:00:00:00:fe', unasked: false }],
  waysBack: [{ from: ip('10.5.0.9'), path: { to: ip('198.51.100.85'), kind: 'routed', gateway: ip('10.5.0.1'), ifindex: 2 } }],
  sockets: [],
  chains: [],
  arpRules: [],
  refusingRoutes: [],
  otherRouters: false,
  tools: ['nft', 'iptables', 'ip6tables'],
  interfaces: [LO, { ...WAN, name: 'eth', mac: SERVER_MAC }],
  addresses: [
    { ifindex: 1, address: ip('10.5.0.9'), prefixLength: 32, label: 'lo:0' },
    { ifindex: 2, address: ip('10.5.0.51'), prefixLength: 24, label: 'eth' },
  ],
  defaultRoutes: [{ ifindex: 2, gateway: ip('10.5.0.1') }],
  settings: new Map([...conf('all', { arp_ignore: '1', arp_announce: '2' }), ...conf('eth', { arp_ignore: '0', arp_announce: '0' })]),
  holders: [
    { ifindex: 2, address: ip('10.5.0.9'), mac: '02:00:00:00:00:01' },
    { ifindex: 2, address: ip('10.5.0.1'), mac: '02:00:00:00:00:fe' },
  ],
  tunnels: { guePorts: [], vips: [], devices: [], ports: [], rips: [] },
  notExamined: [],
};
