// Many connections by the methods that the lab stress has not: 200,000 requests, 500 concurrent, by each kind of tunnel, by FULLNAT, and to the director.
import type { Lab, LabHost, Step } from '../definition/lab.js';
import { described, explained, mark, run, tableBecomes } from './steps.js';
import { load, QUEUE_SYSCTLS } from './stress.js';
import { behind, cutsPackets, startsTunnelEnd, TUNNEL_NEEDS, type Tunnel, tunnelEndFiles } from './tunnel-end.js';

const [CLIENT, DIP] = ['192.168.88.10', '192.168.99.5'];
const REQUESTS = 200_000;
const SHARE_MIN = 60_000;
/** Two addresses, each with 64,512 ports towards each of two servers: a port is not used again within two minutes. */
const LOCALS = ['192.168.99.9', '192.168.99.10'];

interface Method {
  readonly name: string;
  readonly vip: string;
  readonly options: string;
  readonly listed: string;
  readonly tunnel?: Tunnel;
  /** Names of the hosts that serve, and their addresses. */
  readonly servers: Readonly<Record<string, string>>;
}

const tunnelled = (tunnel: Tunnel, vip: number, first: number): Method => ({
  name: tunnel,
  vip: `192.168.88.${vip}`,
  options: behind(tunnel),
  listed: 'Tunnel',
  tunnel,
  servers: { [`${tunnel}1`]: `192.168.88.${first}`, [`${tunnel}2`]: `192.168.88.${first + 1}` },
});

const METHODS: readonly Method[] = [
  tunnelled('ipip', 15, 101),
  tunnelled('gre', 16, 111),
  tunnelled('gue', 17, 121),
  {
    name: 'FULLNAT',
    vip: '192.168.88.18',
    options: `--fullnat --local-address ${LOCALS.join(',')}`,
    listed: 'FullNAT',
    servers: { full1: '192.168.99.100', full2: '192.168.99.200' },
  },
  { name: 'Local', vip: '192.168.88.19', options: '-g', listed: 'Route', servers: { lvs1: DIP } },
];

const lan = (address: string): LabHost => ({ interfaces: { eth0: { switch: 'front', addresses: [`${address}/24`] } } });
const serving: Pick<LabHost, 'sites' | 'sysctls'> = { sysctls: QUEUE_SYSCTLS, sites: [{ port: 80 }] };

function serverOf(name: string, address: string, { tunnel }: Method): Readonly<Record<string, LabHost>> {
  if (name === 'lvs1') return {};
  if (tunnel !== undefined) return { [name]: { ...lan(address), ...serving, files: tunnelEndFiles } };
  return { [name]: { interfaces: { eth0: { switch: 'back', addresses: [`${address}/24`] } }, ...serving } };
}

const prepared = ({ tunnel, vip, servers }: Method): readonly Step[] =>
  tunnel === undefined
    ? []
    : Object.keys(servers).flatMap((name) => [startsTunnelEnd(name, tunnel, [vip]), cutsPackets('sw', `${name}-eth0`)]);

function loaded({ name, vip, options, listed, servers }: Method): readonly Step[] {
  const many = Object.keys(servers).length > 1;
  const share = { min: SHARE_MIN };
  return [
    run('lvs1', `ipvsadm -A -t ${vip}:80 -s wlc`),
    ...Object.values(servers).map((address) => run('lvs1', `ipvsadm -a -t ${vip}:80 -r ${address}:80 ${options}`)),
    explained(
      'lvs1',
      CLIENT,
      `${vip}:80`,
      many ? 'verdict forwarded' : 'verdict delivered',
      'because a new connection',
      `service TCP ${vip}:80 wlc`,
    ),
    mark,
    described(`By ${name}.`, load(vip)),
    { kind: 'served', expect: { '*': REQUESTS, ...(many ? Object.fromEntries(Object.keys(servers).map((each) => [each, share])) : {}) } },
    tableBecomes('lvs1', 60, ...Object.values(servers).map((address) => `^-> ${address.replaceAll('.', '\\.')}:80 ${listed} 1 0 \\d+$`)),
  ];
}

export const stressMethods: Lab = {
  name: 'stress-methods',
  title: '200,000 requests, 500 at once, by ipip, GRE and GUE, by FULLNAT and to the director itself: no error, ActiveConn back to 0',
  switches: ['front', 'back'],
  hosts: {
    client1: { ...lan(CLIENT), sysctls: { 'net.ipv4.ip_local_port_range': '1024 65535' } },
    lvs1: {
      ...serving,
      director: true,
      interfaces: {
        eth0: { switch: 'front', addresses: ['192.168.88.5', ...METHODS.map(({ vip }) => vip)].map((address) => `${address}/24`) },
        eth1: { switch: 'back', addresses: [DIP, ...LOCALS].map((address) => `${address}/24`) },
      },
    },
    ...Object.assign(
      {},
      ...METHODS.flatMap((method) => Object.entries(method.servers).map(([name, address]) => serverOf(name, address, method))),
    ),
  },
  // As with stress: too many packets to capture.
  capture: false,
  needs: ['curl', 'ab', ...TUNNEL_NEEDS],
  steps: [
    ...METHODS.flatMap(prepared),
    described(
      'Closed connections of tunnels, whose servers’ answers the director does not see, are to go after 2 s.',
      run('lvs1', 'ipvsadm --set 0 2 0'),
    ),
    ...METHODS.flatMap(loaded),
    described('No packet was dropped.', run('lvs1', 'weir stats drops', { lacks: ['no_local_port', 'too_big', 'table_full'] })),
  ],
};
