// Part 9: packets of IPv6 beside the same packets of IPv4, by XDP and by tc.

import { compared } from './comparison.js';
import type { Objects } from './compile.js';
import { openDatapath } from './datapath.js';
import { inside } from './inside.js';
import type { Options } from './options.js';
import { established, opening, type ProgramCase, request, SYN } from './program-cases.js';
import type { Row } from './report.js';
import { addPools, dropStations, makeStations, prefix, type StationPool } from './stations.js';
import type { Wrapper } from './wrap.js';

const SERVERS = 4;
const IPV6_MAX = 1.5;
const [NAT, DIRECT_ROUTING, NEW] = [1, 2, 3] as const;

const pools: readonly StationPool[] = [false, true].flatMap((six) => [
  { id: NAT, servers: SERVERS, six },
  { id: DIRECT_ROUTING, servers: SERVERS, method: 'route' as const, six },
  { id: NEW, servers: SERVERS, six },
]);

const packets: readonly ProgramCase[] = [
  established('established, NAT, 1 flow', NAT, 0),
  established('established, DR, 1 flow', DIRECT_ROUTING, 0),
  established('established, NAT, 64k flows', NAT, 16),
  { ...opening('new connections, NAT, cold table', 'more', 20, 2 ** 15, {}), frame: request(NEW, SYN) },
];
const cases = [...packets, ...packets.map((test) => ({ ...test, name: `by tc: ${test.name}`, kind: 'tc' as const }))];

const withIpv6 = (test: ProgramCase): ProgramCase => ({
  ...test,
  kind: test.kind === 'tc' ? 'tc6' : 'plain6',
  before: test.before.map((frame) => ({ ...frame, prefix })),
  frame: { ...test.frame, prefix },
});

export const ipv6 = (options: Options, wrapper: Wrapper, objects: Objects): readonly Row[] => {
  const stations = makeStations('ipv6', SERVERS);
  const { director, interfaces } = stations;
  try {
    const datapath = inside(director, () => openDatapath((table) => addPools(table, pools)));
    const bed = { wrapper, objects, director, interfaces, options };
    try {
      return cases.map((test) => {
        const six = { bed, datapath, test: { ...withIpv6(test), name: `IPv6: ${test.name}` } };
        const four = { bed, datapath, test: { ...test, name: 'IPv4' } };
        return compared('ipv6', six, four, IPV6_MAX);
      });
    } finally {
      inside(director, () => datapath.close());
    }
  } finally {
    dropStations(stations);
  }
};
