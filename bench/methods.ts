// Part 10: established packets by each forwarding method beside the same packets by NAT, at the same hook, in turns.
import { comparedWith, type Side } from './comparison.js';
import type { Objects } from './compile.js';
import type { Options } from './options.js';
import { openPlace } from './place.js';
import { established, type ProgramCase, reply } from './program-cases.js';
import { clientBase } from './program-stations.js';
import type { Row } from './report.js';
import { addPools, localAddress, type StationPool, serverAddress, serverPort } from './stations.js';
import type { Wrapper } from './wrap.js';

const SERVERS = 4;
/** By direct routing nothing is translated, so that it never costs more; by tunnels and by FULLNAT this much more than by NAT. */
const ATMOST = { DR: 1.05, 'TUN by ipip': 1.3, 'TUN by gre': 1.3, 'TUN by gue': 1.3, FULLNAT: 1.3 } as const;
type MethodName = keyof typeof ATMOST;

const NAT: StationPool = { id: 1, servers: SERVERS };
const METHODS: Readonly<Record<MethodName, StationPool>> = {
  DR: { id: 2, servers: SERVERS, method: 'route' },
  'TUN by ipip': { id: 3, servers: SERVERS, method: 'tunnel', tunnel: 'ipip' },
  'TUN by gre': { id: 4, servers: SERVERS, method: 'tunnel', tunnel: 'gre' },
  'TUN by gue': { id: 5, servers: SERVERS, method: 'tunnel', tunnel: 'gue' },
  FULLNAT: { id: 6, servers: SERVERS, method: 'fullnat' },
};
/** Of one server each, whose replies are measured. */
const NAT_REPLIES: StationPool = { id: 7, servers: 1 };
const FULLNAT_REPLIES: StationPool = { id: 8, servers: 1, method: 'fullnat' };

const FLOW_BITS = 16;
/** Of 65,536 clients 64,512 get a port: all there are towards one server. So many of these ports, in their order, answer. */
const REPLY_FLOW_BITS = 15;
const PORT_BITS = 8;
/** Each is a test of its own. */
const APART = 2 ** 13;

type Hook = 'xdp' | 'tc' | 'tc, each packet apart';

/** FULLNAT's connections begin by tc. */
const atHook = (hook: Hook, test: ProgramCase): ProgramCase => {
  if (hook === 'xdp') return { ...test, begunBy: 'tc' };
  return hook === 'tc' ? { ...test, kind: 'tc' } : { ...test, kind: 'tc', apart: true, repeat: APART };
};
const flowsText = (flowBits: number): string => (flowBits === 0 ? '1 flow' : `${2 ** (flowBits - 10)}k flows`);

const requests = (hook: Hook, flowBits: number, pool: StationPool): ProgramCase =>
  atHook(hook, established(`${hook}: established, ${flowsText(flowBits)}`, pool.id, flowBits));

/** Of connections with all ports of one local address. By NAT they are for their clients. */
const replies = (hook: Hook, flowBits: number, pool: StationPool): ProgramCase => {
  const toLocal = pool.method === 'fullnat';
  const frame = reply(serverAddress(0), serverPort(pool));
  return {
    ...atHook(hook, established(`${hook}: replies, ${flowsText(flowBits)}`, pool.id, FLOW_BITS)),
    device: 'r1',
    portBits: PORT_BITS,
    repeat: 2 ** 20,
    frame: toLocal ? { ...frame, target: localAddress } : frame,
    numbered: { address: toLocal ? localAddress : clientBase, flowBits, portBits: toLocal ? FLOW_BITS : PORT_BITS },
  };
};

const TUNNELS = ['TUN by ipip', 'TUN by gre', 'TUN by gue'] as const;
/** tc's test runs cannot undo what a tunnel does to a packet, so that each is of its own there, and NAT's beside them. */
const COMPARED: readonly (readonly [Hook, readonly MethodName[]])[] = [
  ['xdp', ['DR', ...TUNNELS, 'FULLNAT']],
  ['tc', ['DR', 'FULLNAT']],
  ['tc, each packet apart', ['DR', ...TUNNELS, 'FULLNAT']],
];

/** All in one table. */
export const methods = (options: Options, wrapper: Wrapper, objects: Objects): readonly Row[] => {
  // The tunnels' destinations have the first numbers: else the records of their sources would have the low twelve bits of their addresses in common
  // with the bytes that the wrapper has just written into the packet, and the CPU would wait for these.
  const { DR, FULLNAT, ...tunnels } = METHODS;
  const pools = [...Object.values(tunnels), NAT, DR, FULLNAT, NAT_REPLIES, FULLNAT_REPLIES];
  const place = openPlace({ options, wrapper, objects }, { name: 'methods', servers: SERVERS, fill: (table) => addPools(table, pools) });
  const named = (test: ProgramCase, name: string): Side => ({ ...place, test: { ...test, name } });
  /** Where `--tests` names the row. A method and NAT alone: the connections of one client to more than four services would not all be in one bucket. */
  const compared = (side: Side & { readonly atMost: number }, base: Side): readonly Row[] => {
    const wanted = options.tests === undefined || options.tests.some((word) => side.test.name.includes(word));
    return wanted ? comparedWith('methods', [side], base) : [];
  };
  try {
    const requestRows = COMPARED.flatMap(([hook, names]) =>
      [0, FLOW_BITS].flatMap((flowBits) =>
        names.flatMap((name) => {
          const sent = requests(hook, flowBits, METHODS[name]);
          const test: ProgramCase = hook === 'xdp' && METHODS[name].tunnel !== undefined ? { ...sent, lengthens: true } : sent;
          const side = { ...named(test, `${test.name}, ${name}`), atMost: ATMOST[name] };
          return compared(side, named(requests(hook, flowBits, NAT), 'NAT'));
        }),
      ),
    );
    const replyRows = (['xdp', 'tc'] as const).flatMap((hook) =>
      [0, REPLY_FLOW_BITS].flatMap((flowBits) => {
        const test = replies(hook, flowBits, FULLNAT_REPLIES);
        const side = { ...named(test, `${test.name}, FULLNAT`), atMost: ATMOST.FULLNAT };
        return compared(side, named(replies(hook, flowBits, NAT_REPLIES), 'NAT'));
      }),
    );
    return [...requestRows, ...replyRows];
  } finally {
    place.close();
  }
};
