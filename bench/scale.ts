// Part 8: whether a packet costs the same with many services and destinations as with few, and what choosing a destination costs.

import { compared, measured, type Side } from './comparison.js';
import type { Objects } from './compile.js';
import type { Options } from './options.js';
import { openPlace, type Place } from './place.js';
import { established, opening, type ProgramCase, reply, request, SYN } from './program-cases.js';
import type { Row } from './report.js';
import { addPools, type StationPool, serverAddress, serverPort } from './stations.js';
import { tableSizeRows } from './table-size.js';
import { unusedRows } from './unused.js';
import type { Wrapper } from './wrap.js';

const [FEW, HUNDRED, MANY] = [2, 100, 1000] as const;
const SERVICES = 10_000;
const SHARING = 200;
/** Together they take up most of a core's second cache. */
const FLOW_BITS = 16;
/** Each destination gets one of the first flows under schedulers that take turns. */
const FIRST_FLOWS = 1024;

/** They look at every destination. */
const SEARCHING = ['lc', 'wlc', 'sed'] as const;
/** They do not. */
const DIRECT = ['rr', 'wrr', 'sh', 'dh', 'mh'] as const;
/** A walk over 1,000 destinations costs ten times a new connection; what is allowed here is their records' way into the first cache. */
const DIRECT_MAX = 1.5;
const ESTABLISHED_MAX = 1.15;
const SEARCH_MAX_NS = 1000;

/** By their ids; the measured ones are in every director. */
const MAIN = 1;
const directId = (index: number): number => 10 + index;
const searchingId = (index: number): number => 20 + index;
const OTHER_IDS = 1000;
/** Services of one server, numbered from `first` on. */
const sharing = (services: number, first: number, port: number): readonly StationPool[] =>
  Array.from({ length: services }, (_, index) => ({ id: first + index, servers: 1, port }));
const shared = {
  1: sharing(1, 30, 81),
  2: sharing(2, 40, 82),
  [SHARING]: sharing(SHARING, OTHER_IDS, 83),
} as const;

const direct = (servers: number): readonly StationPool[] => DIRECT.map((scheduler, index) => ({ id: directId(index), servers, scheduler }));

const pools = {
  few: [
    { id: MAIN, servers: FEW },
    ...direct(FEW),
    ...SEARCHING.map((scheduler, index) => ({ id: searchingId(index), servers: HUNDRED, scheduler })),
    ...shared[1],
    ...shared[2],
  ],
  destinations: [{ id: MAIN, servers: MANY }, ...direct(MANY)],
  services: [
    { id: MAIN, servers: FEW },
    ...Array.from({ length: SERVICES - 1 }, (_, index): StationPool => ({ id: OTHER_IDS + index, servers: 1, first: index % MANY })),
  ],
  sharing: shared[SHARING],
} satisfies Readonly<Record<string, readonly StationPool[]>>;
type TableName = keyof typeof pools;

const many = (test: ProgramCase): ProgramCase => ({ ...test, firstFlows: FIRST_FLOWS });

/** A new connection each time, of 16 clients. */
const newConnections = (name: string, id: number): ProgramCase =>
  many({
    ...opening(name, 'again', 4, 2 ** 18, {}),
    portBits: 0,
    before: [request(id, SYN)],
    frame: request(id, SYN),
  });

/** The newest of the services that share a server, or the oldest. */
const replies = (which: 'newest' | 'oldest', services: keyof typeof shared): ProgramCase => {
  const pool = shared[services].at(which === 'newest' ? -1 : 0);
  if (pool === undefined) throw new Error(`no service shares a server with ${services}`);
  const name = services === 1 ? 'one service on a server' : `${services} services on a server, of the ${which}`;
  return { ...established(`NAT replies, ${name}`, pool.id, 0), device: 'r1', frame: reply(serverAddress(0), serverPort(pool)) };
};

type At = (name: TableName, test: ProgramCase) => Side;

const schedulerRows = (at: At): readonly Row[] => [
  ...SEARCHING.map((scheduler, index) =>
    measured('scale', at('few', newConnections(`new connections, ${scheduler}, ${HUNDRED} destinations`, searchingId(index))), {
      kind: 'at-most',
      limit: SEARCH_MAX_NS,
    }),
  ),
  ...DIRECT.map((scheduler, index) => {
    const test = (servers: number): ProgramCase =>
      newConnections(`new connections, ${scheduler}, ${servers} destinations`, directId(index));
    return compared('scale', at('destinations', test(MANY)), at('few', test(FEW)), DIRECT_MAX);
  }),
];

const establishedRows = (at: At): readonly Row[] =>
  ([0, FLOW_BITS] as const).flatMap((flowBits) => {
    const test = (what: string): ProgramCase =>
      many(established(`established, NAT, ${flowBits === 0 ? '1 flow' : '64k flows'}, ${what}`, MAIN, flowBits));
    const base = (): Side => at('few', test('few services and destinations'));
    return [
      compared('scale', at('services', test(`${SERVICES} services`)), base(), ESTABLISHED_MAX),
      compared('scale', at('destinations', test(`${MANY} destinations`)), base(), ESTABLISHED_MAX),
    ];
  });

const replyRows = (at: At): readonly Row[] =>
  (['oldest', 'newest'] as const).flatMap((which) => {
    const side = (): Side => at('sharing', replies(which, SHARING));
    return ([1, 2] as const).map((services) => compared('scale', side(), at('few', replies(which, services)), ESTABLISHED_MAX));
  });

export const scale = (options: Options, wrapper: Wrapper, objects: Objects): readonly Row[] => {
  const tools = { options, wrapper, objects };
  const places = new Map<TableName, Place>();
  const at: At = (name, test) => {
    const place =
      places.get(name) ?? openPlace(tools, { name: `scale-${name}`, servers: MANY, fill: (table) => addPools(table, pools[name]) });
    places.set(name, place);
    return { ...place, test };
  };
  try {
    return [...schedulerRows(at), ...establishedRows(at), ...replyRows(at), ...unusedRows(tools), ...tableSizeRows(tools)];
  } finally {
    for (const { close } of places.values()) close();
  }
};
