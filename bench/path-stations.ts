// The stations of the packet path and what forwards in the middle: weir by XDP, nftables, and plain routing.

import { unloadDatapath } from '../src/datapath/ebpf/load/unload.js';
import { openDirector } from '../src/datapath/ebpf/open.js';
import { inside } from './inside.js';
import { macBytes, makeNamespace, makePair, neighbour, setFeatures, setSysctls } from './namespaces.js';
import { installed, run } from './processes.js';

export interface PathStations {
  readonly generator: string;
  readonly director: string;
  readonly sink: string;
}

const number = (text: string): number => text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);

const GENERATOR_MAC = '02:00:00:00:01:02';
const DIRECTOR_MAC = '02:00:00:00:01:01';
export const stationMacs = { sourceMac: macBytes(GENERATOR_MAC), targetMac: macBytes(DIRECTOR_MAC) };
/** The address of flow 0: all clients are on the director's client network. */
export const clientBase = number('10.65.0.0');
const VIP = '10.1.0.100';
const FIRST = '10.2.0.2';
const SECOND = '10.2.0.3';

/** Stations and links; the real servers are two addresses of the sink. */
export const makePathStations = (name: string): PathStations => {
  const stations = { generator: makeNamespace(`${name}-ge`), director: makeNamespace(`${name}-di`), sink: makeNamespace(`${name}-si`) };
  const { generator, director, sink } = stations;
  setSysctls(director, ['net.ipv4.ip_forward=1']);
  const back = { namespace: sink, device: 'e0', mac: '02:00:00:00:21:02', address: `${FIRST}/24` };
  makePair(
    { namespace: generator, device: 'c0', mac: GENERATOR_MAC, address: '10.64.0.2/10' },
    { namespace: director, device: 'l0', mac: DIRECTOR_MAC, address: '10.64.0.1/10' },
  );
  makePair({ namespace: director, device: 'r1', mac: '02:00:00:00:21:01', address: '10.2.0.1/24' }, back);
  neighbour({ namespace: director, device: 'r1' }, SECOND, back.mac);
  run(director, ['ip', 'address', 'add', `${VIP}/32`, 'dev', 'l0']);
  setFeatures(director, 'l0', 'gro', 'on'); // its NAPI is what takes frames from the generator
  return stations;
};

export interface Contender {
  readonly name: string;
  /** Whether the gates are for this one. */
  readonly subject: boolean;
  /** Where packets are sent to, as a number. */
  readonly target: number;
  /** TCP flags of the packet that opens a flow: conntrack takes no ACK after a SYN without the server's answer in between. */
  readonly opening: number;
  missing(): string | undefined;
  /** `connections`: log2 of those that its table must hold, where it has a size of its own. */
  begin(stations: PathStations, connections: number): void;
  end(stations: PathStations): void;
}

const nftRules = `table ip lb {
  chain pre { type nat hook prerouting priority dstnat; policy accept;
    ip daddr ${VIP} tcp dport 80 dnat to numgen inc mod 2 map { 0 : ${FIRST}, 1 : ${SECOND} }
  }
}
`;

const inet = (address: string): { readonly family: 'inet'; readonly words: readonly number[] } => ({
  family: 'inet',
  words: [number(address)],
});

/** Round robin between both servers, by NAT, XDP on both interfaces. */
const balance = (connections: number): void => {
  const director = openDirector({ attach: 'xdp', capacity: { connTabBits: connections } });
  const key = { kind: 'address', protocol: 'tcp', address: inet(VIP), port: 80 } as const;
  const rest = {
    port: 80,
    method: 'masq',
    weight: 1,
    upperThreshold: 0,
    lowerThreshold: 0,
    tunnel: { type: 'ipip', port: 0, checksum: 'nocsum' },
  } as const;
  director.addService({ key, scheduler: 'rr', schedFlags: 0, onePacket: false });
  for (const address of [FIRST, SECOND]) director.addDestination(key, { address: inet(address), ...rest });
  director.close();
};

const weir: Contender = {
  name: 'weir XDP NAT',
  subject: true,
  target: number(VIP),
  opening: 0x02,
  missing: () => undefined,
  begin: ({ director }, connections) => inside(director, () => balance(connections)),
  end: ({ director }) => void inside(director, unloadDatapath),
};

const nft: Contender = {
  name: 'nft DNAT',
  subject: false,
  target: number(VIP),
  opening: 0x10,
  missing: () => (installed('nft') ? undefined : 'nft is not installed'),
  begin: ({ director }) => {
    run(director, ['nft', nftRules]);
  },
  end: () => {},
};

const routing: Contender = {
  name: 'routing',
  subject: false,
  target: number(FIRST),
  opening: 0x10,
  missing: () => undefined,
  begin: () => {},
  end: () => {},
};

export const contenders: readonly Contender[] = [weir, nft, routing];
