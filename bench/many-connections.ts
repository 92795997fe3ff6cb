// A director with many connections: of IPv4, of IPv6, and of a service of all ports of each, each kind in a table of its own. SCTP's tables have
// the same buckets.
import { IPV6_PINS, WIDE_PINS, WIDE6_PINS } from '../src/datapath/ebpf/table/tables.js';
import { frameOf } from './agreement.js';
import { type Datapath, openDatapath } from './datapath.js';
import type { FlowFrame } from './frames.js';
import { inside } from './inside.js';
import { ACK, established, flowsOf, type ProgramCase, request, SYN } from './program-cases.js';
import type { Row } from './report.js';
import { addPools, dropStations, makeStations, prefix, type StationPool } from './stations.js';
import type { Wrapper } from './wrap.js';

/** `pin`: the map of its table. `test`: its packets. `bytesMax`: what a connection of a full table may take. */
export interface ConnectionKind {
  readonly name: string;
  readonly pin: string;
  readonly test: ProgramCase;
  readonly bytesMax: number;
}

/** More flows than a test has connections. */
const FLOW_BITS = 28;
const CHUNK_BITS = 16;
const [PLAIN, SIX, ALL_PORTS, SIX_ALL_PORTS] = [1, 2, 3, 4] as const;

const pools: readonly StationPool[] = [
  { id: PLAIN, servers: 1, method: 'route' },
  { id: SIX, servers: 1, method: 'route', six: true },
  { id: ALL_PORTS, servers: 1, method: 'route', allPorts: true },
  { id: SIX_ALL_PORTS, servers: 1, method: 'route', six: true, allPorts: true },
];

export const plain = established('IPv4', PLAIN, FLOW_BITS);
const sixTo = (service: number): ProgramCase => ({ ...plain, kind: 'tc6', frame: { ...request(service, ACK), prefix } });
export const kinds: readonly ConnectionKind[] = [
  { name: 'IPv4', pin: 'conns', test: plain, bytesMax: 20 },
  { name: 'IPv6', pin: IPV6_PINS.conns, test: sixTo(SIX), bytesMax: 40 },
  { name: 'a service of all ports', pin: WIDE_PINS.conns, test: { ...plain, kind: 'tc', frame: request(ALL_PORTS, ACK) }, bytesMax: 64 },
  { name: 'a service of all ports, IPv6', pin: WIDE6_PINS.conns, test: sixTo(SIX_ALL_PORTS), bytesMax: 100 },
];

const withFlags = (frame: FlowFrame, flags: number): FlowFrame => ({ ...frame, flags });

/** Opens and establishes so many connections from this flow on, a chunk at a time: only a half-open one may be replaced by another. */
export const establishFrom = (
  wrapper: Wrapper,
  datapath: Datapath,
  test: ProgramCase,
  ifindex: number,
  first: number,
  count: number,
): void => {
  const chunk = 2 ** CHUNK_BITS;
  for (let from = first; from < first + count; from += chunk) {
    for (const flags of [SYN, ACK]) {
      const before = (from + 2 ** test.flowBits - 1) % 2 ** test.flowBits;
      wrapper.use(flowsOf(test, withFlags(test.frame, flags), 'counted', before));
      wrapper.under(test.kind === 'plain' ? datapath.xdp : datapath.ingress, test.kind);
      wrapper.run(test.kind, Math.min(chunk, first + count - from), ifindex);
    }
  }
};

/** All connections up to this number. */
export const establish = (wrapper: Wrapper, datapath: Datapath, test: ProgramCase, ifindex: number, count: number): void =>
  establishFrom(wrapper, datapath, test, ifindex, 0, count);

/** The next hops of the first flows' destinations are known then, so that XDP forwards. */
export const learnHops = (datapath: Datapath, test: ProgramCase, ifindex: number): void => {
  datapath.renewHops([frameOf(test, withFlags(test.frame, SYN), 0)], ifindex);
  datapath.keepHops(true);
};

/** In a namespace with a director that has a service of each kind. */
export const onDirector = (
  name: string,
  work: (datapath: Datapath, ifindex: number, namespace: string) => readonly Row[],
): readonly Row[] => {
  const stations = makeStations(name, 1);
  try {
    return inside(stations.director, () => {
      const datapath = openDatapath((director) => addPools(director, pools));
      try {
        return work(datapath, stations.interfaces.l0, stations.director);
      } finally {
        datapath.close();
      }
    });
  } finally {
    dropStations(stations);
  }
};
