// Part 11, by hand: short connections without end into a table of the default size, in real time, so that the datapath's timer sweeps beside
// them. Every new client must be served, and connections that live long must go on.
//
// Half of the connections go through NAT, with the server's answers; half by direct routing, where the director sees the client alone. Packets
// are test runs of tc's program: the timer, the clock and the table are those of traffic, no device and no peer is involved.
import { setTimeout as delay } from 'node:timers/promises';
import { type Datapath, openDatapath } from './datapath.js';
import type { FlowFrame } from './frames.js';
import { inside } from './inside.js';
import type { Options } from './options.js';
import { ACK, established, flowsOf, type ProgramCase, reply, request, SYN } from './program-cases.js';
import type { Row } from './report.js';
import { rowOf } from './row-of.js';
import { addPools, dropStations, makeStations, type StationPool, type Stations, serverAddress, serverPort } from './stations.js';
import type { Flows, Wrapper } from './wrap.js';

export interface SoakPlan {
  readonly seconds: number;
  /** It goes on until there were so many short connections, if the machine is too busy for the rate; absent: the time decides. */
  readonly connections?: number;
  /** Short connections a second, both kinds together. */
  readonly rate: number;
  /** Connections of each kind that are there from the first second to the last. */
  readonly lasting: number;
  /** log2 of the connections that the table is made for; absent: as loaded by default. */
  readonly tableBits?: number;
}

/** Numbers of packets and of connections. */
export interface SoakResult {
  /** How long it took. */
  readonly seconds: number;
  readonly connections: number;
  /** Of these, those that were not opened. */
  readonly unserved: number;
  readonly packets: number;
  /** Of short connections. */
  readonly lost: number;
  readonly lastingPackets: number;
  readonly lastingLost: number;
  /** What the datapath counted, by reason. */
  readonly drops: Readonly<Record<string, number>>;
  readonly slots: number;
  /** Connections in the table at the end. */
  readonly held: number;
}

const FIN = 0x01;
const [NAT, DIRECT_ROUTING] = [1, 2] as const;
const nat: StationPool = { id: NAT, servers: 1 };
const pools: readonly StationPool[] = [nat, { id: DIRECT_ROUTING, servers: 4, method: 'route', scheduler: 'wlc' }];

interface Packet {
  readonly device: 'l0' | 'r1';
  readonly frame: FlowFrame;
}
const asked = (service: number, flags: number): Packet => ({ device: 'l0', frame: request(service, flags) });
const answered = (flags: number): Packet => ({ device: 'r1', frame: reply(serverAddress(0), serverPort(nat), flags) });

/** A short connection of each kind, in order. */
const conversations: readonly (readonly Packet[])[] = [
  [asked(NAT, SYN), answered(SYN | ACK), asked(NAT, ACK), asked(NAT, FIN | ACK), answered(FIN | ACK), asked(NAT, ACK)],
  [asked(DIRECT_ROUTING, SYN), asked(DIRECT_ROUTING, ACK), asked(DIRECT_ROUTING, FIN | ACK), asked(DIRECT_ROUTING, ACK)],
];
/** Of lasting ones: how they begin, and what each of them sends every second. */
const openings: readonly (readonly Packet[])[] = [
  [asked(NAT, SYN), answered(SYN | ACK), asked(NAT, ACK)],
  [asked(DIRECT_ROUTING, SYN), asked(DIRECT_ROUTING, ACK)],
];
const signs: readonly (readonly Packet[])[] = [[asked(NAT, ACK), answered(ACK)], [asked(DIRECT_ROUTING, ACK)]];

/** Flows are numbered without end; lasting connections are of other clients. */
const FLOW_BITS = 24;
const FIRST_SHORT = 2 ** 16;
const PORT_BITS = 8;
const TICK_MS = 5;
/** Of the rate, at most, where a tick comes late: a burst would be another load. What a longer stall of the machine missed is left out. */
const CATCH_UP_MAX = 4;
const STALL_MS = 100;

const base: ProgramCase = { ...established('soak', NAT, FLOW_BITS), kind: 'tc', portBits: PORT_BITS };

/** So many flows from `first` on, as the wrapper counts them. */
const flowsFrom = (frame: FlowFrame, first: number): Flows =>
  flowsOf(base, frame, 'counted', (first + 2 ** FLOW_BITS - 1) % 2 ** FLOW_BITS);

class Soak {
  #seconds = 0;
  #short = 0;
  #sent = 0;
  #lost = 0;
  #unserved = 0;
  #lastingSent = 0;
  #lastingLost = 0;

  constructor(
    readonly wrapper: Wrapper,
    readonly stations: Stations,
    readonly datapath: Datapath,
    readonly plan: SoakPlan,
  ) {}

  /** Sends each packet of a conversation by all of these flows, before the next packet; how many that are. */
  #send(conversation: readonly Packet[], first: number, count: number): number {
    const { wrapper, datapath, stations } = this;
    for (const { device, frame } of conversation) {
      wrapper.use(flowsFrom(frame, first));
      wrapper.under(datapath.ingress, 'tc');
      wrapper.run('tc', count, stations.interfaces[device]);
    }
    return conversation.length * count;
  }

  #sendAll(conversations: readonly (readonly Packet[])[], first: number, count: number): { readonly sent: number; readonly lost: number } {
    const before = this.datapath.packets();
    const sent = conversations.reduce((sum, conversation) => sum + this.#send(conversation, first, count), 0);
    return { sent, lost: sent - (this.datapath.packets() - before) };
  }

  /** Opens so many short connections of each kind, and ends them. */
  #shortOnes(count: number): void {
    const opened = this.datapath.opened();
    const { sent, lost } = this.#sendAll(conversations, FIRST_SHORT + this.#short, count);
    this.#short += count;
    this.#sent += sent;
    this.#lost += lost;
    this.#unserved += conversations.length * count - (this.datapath.opened() - opened);
  }

  #lastingOnes(packets: readonly (readonly Packet[])[]): void {
    const { sent, lost } = this.#sendAll(packets, 0, this.plan.lasting);
    this.#lastingSent += sent;
    this.#lastingLost += lost;
  }

  async run(): Promise<void> {
    const { seconds, rate, connections = 0 } = this.plan;
    const ofEach = rate / conversations.length;
    const tickMax = Math.ceil((CATCH_UP_MAX * ofEach * TICK_MS) / 1000);
    inside(this.stations.director, () => this.#lastingOnes(openings));
    const start = performance.now();
    let [began, last, signed] = [start, start, 0];
    for (;;) {
      const now = performance.now();
      if (now - last > STALL_MS) began += now - last;
      last = now;
      const elapsed = (now - began) / 1000;
      if (elapsed >= seconds && this.#short * conversations.length >= connections) break;
      inside(this.stations.director, () => {
        const due = Math.floor(elapsed * ofEach) - this.#short;
        if (due > 0) this.#shortOnes(Math.min(due, tickMax));
        if (elapsed < signed + 1) return;
        this.#lastingOnes(signs);
        signed += 1;
      });
      await delay(TICK_MS);
    }
    inside(this.stations.director, () => this.#lastingOnes(signs));
    this.#seconds = (performance.now() - start) / 1000;
  }

  result(): SoakResult {
    const { director, table } = this.datapath;
    const counted = director.dropCounts().filter(({ count }) => count > 0);
    return {
      seconds: this.#seconds,
      connections: this.#short * conversations.length,
      unserved: this.#unserved,
      packets: this.#sent,
      lost: this.#lost,
      lastingPackets: this.#lastingSent,
      lastingLost: this.#lastingLost,
      drops: Object.fromEntries(counted.map(({ key, count }) => [key, Number(count)])),
      slots: table.slots,
      held: table.count(),
    };
  }
}

/** In namespaces of its own. */
export const soak = async (wrapper: Wrapper, plan: SoakPlan): Promise<SoakResult> => {
  const stations = makeStations('soak', 4);
  try {
    const datapath = inside(stations.director, () => openDatapath((director) => addPools(director, pools), plan.tableBits));
    try {
      const soaking = new Soak(wrapper, stations, datapath, plan);
      await soaking.run();
      return inside(stations.director, () => soaking.result());
    } finally {
      inside(stations.director, () => datapath.close());
    }
  } finally {
    dropStations(stations);
  }
};

const RATE = 20_000;
const LASTING = 1000;
const SECONDS = 600;
const QUICK_SECONDS = 10;
/** The clock may end between two ticks. */
const RATE_SHARE = 0.99;

export const soakRows = async (options: Options, wrapper: Wrapper): Promise<readonly Row[]> => {
  const seconds = options.loadSeconds ?? (options.quick ? QUICK_SECONDS : SECONDS);
  const found = await soak(wrapper, { seconds, rate: RATE, lasting: LASTING });
  const row = rowOf('soak');
  const none = { gate: { kind: 'at-most', limit: 0 } } as const;
  const drops = Object.entries(found.drops).map(([reason, count]) => `${reason} ${count}`);
  return [
    row(`short connections, ${seconds} s`, [found.connections / found.seconds], '/s', {
      gate: { kind: 'at-least', limit: RATE * RATE_SHARE },
      note: `${found.held} of ${found.slots} places taken at the end; ${drops.join(', ') || 'nothing counted'}`,
    }),
    row(`of ${found.connections}: not served`, [found.unserved], 'connections', none),
    row(`of their ${found.packets} packets: not forwarded`, [found.lost], 'packets', none),
    row(`of ${found.lastingPackets} packets of connections that last: not forwarded`, [found.lastingLost], 'packets', none),
  ];
};
