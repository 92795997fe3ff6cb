// The cases of part 1: which packets, how many flows, and what each may cost.
import { type FlowFrame, template } from './frames.js';
import type { Bound } from './gates.js';
import { clientBase, macs, number, realAddress, serviceFor, virtualAddress } from './program-stations.js';
import type { Flows } from './wrap.js';

export interface ProgramCase {
  readonly name: string;
  /** At most this share of the textbook balancer's cost; absent: no gate. */
  readonly ofTextbook?: number;
  /** At most this sum of references; absent: no gate. */
  readonly bound?: Bound;
  /** Which program: XDP's, or tc's for incoming packets, which has no references; `6`: with frames of IPv6, which have none either. */
  readonly kind: 'plain' | 'plain6' | 'tc' | 'tc6';
  /** The interface where its packets come in. */
  readonly device: 'l0' | 'r1';
  readonly flowBits: number;
  /** log2 of the connections that its table is made for; absent: as loaded by default. */
  readonly tableBits?: number;
  /** log2 of the ports that each client has; absent: 8, and 0 where replies are measured. */
  readonly portBits?: number;
  /** How many of its first flows tc sees before each sample, so that XDP knows the next hop of each destination; absent: 16. */
  readonly firstFlows?: number;
  /** Runs a sample; a power of two. */
  readonly repeat: number;
  /** Whether the program forwards it. */
  readonly forwarded: boolean;
  /** What is sent before measuring, every flow once, in this order; by `l0`. */
  readonly before: readonly FlowFrame[];
  /** Who sees these; absent: the program that is measured. */
  readonly begunBy?: 'tc';
  readonly frame: FlowFrame;
  /** How the flows of `frame` are numbered, where not as those of `before`. */
  readonly numbered?: Pick<Flows, 'address' | 'flowBits' | 'portBits'>;
  /** XDP: the program makes each packet longer, which the wrapper undoes. */
  readonly lengthens?: true;
  /** tc: each packet is a test run of its own, for a program that makes packets longer, which no later run of the same test can undo. */
  readonly apart?: true;
  /** Every packet opens a connection. `again`: one that was taken out of the table just before, so that its lines are in the
   * cache; `more`: each sample goes on where the last one ended, a cold line each. */
  readonly opens?: 'again' | 'more';
}

/** Where the numbers come from: bench/README.md, "Gates". */
type Gates = Pick<ProgramCase, 'ofTextbook' | 'bound'>;

/** The sums in which random lines of memory count: one line of the table a packet, and a fraction of the textbook's work. */
const lookupBound: Bound = { touch: 2, textbook: 0.2 };
/** Two lines: the connection's and the client's next hop. Some packets ask the FIB, as all of the textbook's do. */
const replyBound: Bound = { touch: 2, textbook: 0.35 };
/** The line is written, and a destination is scheduled. */
const insertBound: Bound = { touch: 1, textbook: 0.5 };

export const SYN = 0x02;
export const ACK = 0x10;

/** What flow 0's client sends to a service. */
export const request = (service: number, flags: number): FlowFrame => ({
  protocol: 'tcp',
  flags,
  sourceMac: macs.client,
  targetMac: macs.front,
  source: clientBase,
  target: virtualAddress(service),
  sourcePort: 1024,
  targetPort: 80,
  varies: 'source',
});

/** What a server sends to flow 0's client. */
export const reply = (source: number, sourcePort: number, flags = ACK): FlowFrame => ({
  ...request(0, flags),
  sourceMac: macs.server,
  targetMac: macs.rear,
  source,
  sourcePort,
  target: clientBase,
  targetPort: 1024,
  varies: 'target',
});

/** Many flows get samples of most of a second: each connection's time is written once a second, and that has its due share. */
export const established = (name: string, service: number, flowBits: number, gates: Gates = {}): ProgramCase => ({
  name,
  ...gates,
  kind: 'plain',
  device: 'l0',
  flowBits,
  repeat: flowBits < 16 ? 2 ** 20 : 2 ** 22,
  forwarded: true,
  before: [request(service, SYN), request(service, ACK)],
  frame: request(service, ACK),
});

export const opening = (name: string, opens: 'again' | 'more', flowBits: number, repeat: number, gates: Gates): ProgramCase => ({
  name,
  ...gates,
  kind: 'plain',
  device: 'l0',
  flowBits,
  repeat,
  forwarded: true,
  before: [],
  frame: request(serviceFor.nat, SYN),
  opens,
});

/** The FIB is asked again for each client about once a second, which has its due share, too. */
const replies: ProgramCase = {
  ...established('NAT replies to 64k clients', serviceFor.natReplies, 16, { ofTextbook: 0.6, bound: replyBound }),
  device: 'r1',
  frame: reply(realAddress(serviceFor.natReplies, 0), 80),
};

/** Frames to other addresses. */
const notForwarded: ProgramCase = {
  ...established('no service', serviceFor.nat, 0, { ofTextbook: 1, bound: { touch: 7 } }),
  forwarded: false,
  before: [],
  frame: { ...request(1, ACK), target: number('10.9.9.9') },
};

const hotSyns: ProgramCase = {
  ...opening('new connections, NAT, hot table', 'again', 4, 2 ** 18, { ofTextbook: 0.55 }),
  before: [request(serviceFor.nat, SYN)],
};

const manyFlows = established('established, NAT, 64k flows', serviceFor.nat, 16, { ofTextbook: 0.55, bound: lookupBound });

/** In this order: each but the last finds a table that the ones before have hardly filled. */
export const programCases: readonly ProgramCase[] = [
  established('established, DR, 1 flow', serviceFor.directRouting, 0, { ofTextbook: 0.3, bound: { redirect: 1, touch: 9 } }),
  established('established, NAT, 1 flow', serviceFor.nat, 0, { ofTextbook: 0.4, bound: { redirect: 1, touch: 12 } }),
  notForwarded,
  hotSyns,
  opening('new connections, NAT, cold table', 'more', 20, 2 ** 15, { ofTextbook: 0.75, bound: insertBound }),
  manyFlows,
  { ...manyFlows, name: 'the same, a table made for 131,072', tableBits: 17 },
  replies,
  { ...replies, name: 'NAT replies, a table made for 131,072', tableBits: 17 },
  established('established, NAT, 1M flows', serviceFor.nat, 20, { ofTextbook: 0.6, bound: lookupBound }),
  { ...established('by tc: established, NAT, 1 flow', serviceFor.nat, 0), kind: 'tc' },
  { ...established('by tc: established, DR, 1 flow', serviceFor.directRouting, 0), kind: 'tc' },
];

/** Measured with a table of its own, made for as many connections. */
export const floodCase = (flowBits: number): ProgramCase => ({
  ...opening(`${2 ** (flowBits - 20)}M different SYNs`, 'more', flowBits, 2 ** flowBits, { ofTextbook: 0.75, bound: insertBound }),
  tableBits: flowBits,
});

/** Clients have one port each where replies are measured; elsewhere 256 ports an address. */
export const portBitsOf = (test: ProgramCase): number => test.portBits ?? (test.device === 'r1' ? 0 : 8);

export const flowsOf = (test: ProgramCase, frame: FlowFrame, order: Flows['order'], from: number): Flows => ({
  template: template(frame),
  varies: frame.varies,
  protocol: frame.protocol,
  address: clientBase,
  port: 1024,
  flowBits: test.flowBits,
  portBits: portBitsOf(test),
  order,
  from,
  redirect: 0,
  ...(frame === test.frame ? test.numbered : {}),
});
