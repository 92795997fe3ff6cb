// A director's namespace with clients on one side and servers on the other, for both families, and what fills its table. At the far ends
// nothing listens; clients are behind a gateway, and gateway and servers are permanent neighbours.
import type { Director } from '../src/datapath/director.js';
import type { Address } from '../src/model/address.js';
import type { ForwardingMethod, Tunnel } from '../src/model/service.js';
import { deviceIndex } from './inside.js';
import { dropNamespace, makeNamespace, makePair, setSysctls } from './namespaces.js';
import { run } from './processes.js';
import { number, virtualAddress } from './program-stations.js';

export interface Stations {
  readonly director: string;
  readonly far: string;
  readonly interfaces: Readonly<Record<'l0' | 'r1', number>>;
}

/** fd00::/96: the last 32 bits of an IPv6 address are what the IPv4 address is. */
export const prefix = Uint8Array.of(0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

const SERVER_MAC = '02:00:00:00:21:02';
const FIRST_SERVER = number('10.2.1.0');
export const serverAddress = (index: number): number => FIRST_SERVER + index;

const text4 = (address: number): string => [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
const text6 = (address: number): string => `fd00::${(address >>> 16).toString(16)}:${(address & 0xffff).toString(16)}`;
const bothTexts = (address: number): readonly string[] => [text4(address), text6(address)];

/** Of so many servers. */
const routes = (servers: number): string => {
  const neighbours = Array.from({ length: servers }, (_, index) => bothTexts(serverAddress(index)))
    .flat()
    .map((address) => `neighbour replace ${address} lladdr ${SERVER_MAC} dev r1 nud permanent`);
  return [
    `address add ${text6(number('10.64.0.1'))}/112 dev l0 nodad`,
    `address add ${text6(number('10.2.0.1'))}/112 dev r1 nodad`,
    `neighbour replace ${text6(number('10.64.0.2'))} lladdr 02:00:00:00:01:02 dev l0 nud permanent`,
    ...neighbours,
    // The services' own, and the clients'.
    'route add local 10.1.0.0/16 dev lo',
    `route add local ${text6(number('10.1.0.0'))}/112 dev lo`,
    'route add 10.65.0.0/16 via 10.64.0.2',
    `route add ${text6(number('10.65.0.0'))}/112 via ${text6(number('10.64.0.2'))}`,
    '',
  ].join('\n');
};

/** Interfaces l0 (clients) and r1 (servers). */
export const makeStations = (name: string, servers: number): Stations => {
  const director = makeNamespace(`${name}-di`);
  const far = makeNamespace(`${name}-fa`);
  const six = ['all', 'default'].flatMap((scope) =>
    ['disable_ipv6=0', 'accept_dad=0', 'forwarding=1'].map((setting) => `net.ipv6.conf.${scope}.${setting}`),
  );
  setSysctls(director, ['net.ipv4.ip_forward=1', ...six]);
  makePair(
    { namespace: director, device: 'l0', mac: '02:00:00:00:01:01', address: '10.64.0.1/16' },
    { namespace: far, device: 'l0', mac: '02:00:00:00:01:02', address: '10.64.0.2/16' },
  );
  makePair(
    { namespace: director, device: 'r1', mac: '02:00:00:00:21:01', address: '10.2.0.1/16' },
    { namespace: far, device: 'r1', mac: SERVER_MAC, address: '10.2.0.2/16' },
  );
  run(director, ['ip', '-batch', '-'], routes(servers));
  return { director, far, interfaces: { l0: deviceIndex(director, 'l0'), r1: deviceIndex(director, 'r1') } };
};

export const dropStations = ({ director, far }: Stations): void => {
  dropNamespace(director);
  dropNamespace(far);
};

/** A service of port 80 at `virtualAddress(id)` and its servers, from `first` on. */
export interface StationPool {
  readonly id: number;
  readonly servers: number;
  readonly first?: number;
  /** Of the servers; absent: one that no other pool has. */
  readonly port?: number;
  readonly scheduler?: string;
  readonly method?: ForwardingMethod;
  /** Of method tunnel. */
  readonly tunnel?: Tunnel['type'];
  readonly six?: boolean;
  /** A service of all ports, which is persistent. */
  readonly allPorts?: boolean;
}

const FIRST_PORT = 1024;
const TUNNEL_PORT = 6080;
/** What stands for clients at the servers by FULLNAT: the director's own address on their side. */
export const localAddress = number('10.2.0.1');
/** The port of a pool's servers. By direct routing and by tunnels it is the service's. */
export const serverPort = ({ id, port, method }: StationPool): number =>
  method === 'route' || method === 'tunnel' ? 80 : (port ?? FIRST_PORT + id);

const addressOf = (value: number, six: boolean): Address =>
  six ? { family: 'inet6', words: [0xfd000000, 0, 0, value] } : { family: 'inet', words: [value] };

export const addPools = (director: Director, pools: readonly StationPool[]): void => {
  for (const pool of pools) {
    const { id, servers, first = 0, scheduler = 'rr', method = 'masq', tunnel: type = 'ipip', six = false, allPorts = false } = pool;
    const rest = {
      weight: 1,
      upperThreshold: 0,
      lowerThreshold: 0,
      tunnel: { type, port: type === 'gue' ? TUNNEL_PORT : 0, checksum: 'nocsum' },
      ...(method === 'fullnat' ? { localAddresses: [addressOf(localAddress, six)] } : {}),
    } as const;
    const key = { kind: 'address', protocol: 'tcp', address: addressOf(virtualAddress(id), six), port: allPorts ? 0 : 80 } as const;
    const persistence = allPorts ? { persistence: { timeout: 300, netmask: six ? 128 : 0xffffffff } } : {};
    director.addService({ key, scheduler, schedFlags: 0, onePacket: false, ...persistence });
    for (let index = first; index < first + servers; index += 1) {
      const port = allPorts ? 0 : serverPort(pool);
      director.addDestination(key, { address: addressOf(serverAddress(index), six), port, method, ...rest });
    }
  }
};
