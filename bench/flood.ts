// Part 12: real users of two web servers beside a SYN flood of random sources through the same director, whose table the flood fills.
//
//   generator -- f0 director r1, r2 ---- e0 of each server: an XDP program counts and drops the flood there
//   users ------ l0                       nginx answers the users
//
// The generator and all that its packets cost have the bench's own core, users and servers the others. The users' requests without the flood and
// beside it are taken in turns.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay, setImmediate as yieldOnce } from 'node:timers/promises';
import type { Director } from '../src/datapath/director.js';
import { ATTACH_XDP, type Link } from '../src/sys/bpf/bpf-objects.js';
import { compileTools, dropTools } from './compile.js';
import { type Datapath, openDatapath } from './datapath.js';
import { template } from './frames.js';
import { deviceIndex, inside } from './inside.js';
import { median } from './median.js';
import { dropNamespace, macBytes, makeNamespace, makePair, setFeatures, setReceiveQueues } from './namespaces.js';
import type { Options } from './options.js';
import { run, start, stop } from './processes.js';
import { number } from './program-stations.js';
import type { Row } from './report.js';
import { rowOf } from './row-of.js';
import { dropTopology, makeTopology, servers, type Topology, VIP } from './wire-topology.js';
import type { Flows, Wrapper } from './wrap.js';

const row = rowOf('flood');

const RATE = 500_000;
/** The clock may end between two ticks. */
const RATE_SHARE = 0.99;
const USERS = 1000;
const PERIOD_MS = 500;
const P99_RATIO_MAX = 3;
/** log2 of the connections that the table is made for. It has twice as many places, which are filled before the first turn. */
const TABLE_BITS = 22;
const FILL = 2 ** (TABLE_BITS + 1);
/** SYNs of one call: each call waits twice for all CPUs (RCU), tens of milliseconds on a busy machine, which the frames after it make up for. */
const CHUNK = 2 ** 18;
const WARM_UP_MS = 2000;
const [TURNS, TURN_SECONDS] = [5, 10] as const;
const [QUICK_TURNS, QUICK_TURN_SECONDS] = [2, 4] as const;

const SYN = 0x02;
const PORT_BITS = 8;
/** 4,194,304 addresses with 256 ports each: no SYN is of a connection that another one opened. */
const FLOW_BITS = 22 + PORT_BITS;
const [GENERATOR_MAC, DIRECTOR_MAC] = ['02:00:00:00:41:02', '02:00:00:00:41:01'] as const;

const flowsThrough = (device: number): Flows => {
  const address = number('10.64.0.0');
  const frame = {
    protocol: 'tcp',
    flags: SYN,
    sourceMac: macBytes(GENERATOR_MAC),
    targetMac: macBytes(DIRECTOR_MAC),
    source: address,
    target: number(VIP),
    sourcePort: 1024,
    targetPort: 80,
    varies: 'source',
  } as const;
  return {
    template: template(frame),
    varies: 'source',
    protocol: 'tcp',
    address,
    port: 1024,
    flowBits: FLOW_BITS,
    portBits: PORT_BITS,
    order: 'scattered',
    from: 0,
    redirect: device,
  };
};

const inet = (address: string) => ({ family: 'inet', words: [number(address)] }) as const;

const fillTable = (director: Director): void => {
  const key = { kind: 'address', protocol: 'tcp', address: inet(VIP), port: 80 } as const;
  const tunnel = { type: 'ipip', port: 0, checksum: 'nocsum' } as const;
  director.addService({ key, scheduler: 'rr', schedFlags: 0, onePacket: false });
  for (const server of servers)
    director.addDestination(key, {
      address: inet(server),
      port: 80,
      method: 'masq',
      weight: 1,
      upperThreshold: 0,
      lowerThreshold: 0,
      tunnel,
    });
};

/** All but this one, unless it is the only one. */
const otherCpus = (cpu: number): string => {
  const others = Array.from(cpus().keys()).filter((each) => each !== cpu);
  return (others.length === 0 ? [cpu] : others).join(',');
};

/** What the users report about a phase; times in ms. */
interface Phase {
  readonly requests: number;
  readonly failed: number;
  readonly middle: number;
  readonly p99: number;
  readonly slowest: number;
}

class Users {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #errors = '';

  constructor(namespace: string, tools: string, cpuList: string) {
    const program = [join(tools, 'users'), VIP, '80', String(USERS), String(PERIOD_MS)];
    this.#child = start(namespace, ['taskset', '-c', cpuList, ...program], 'pipe');
    if (this.#child.stdout === null) throw new Error('the users have no output');
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.#child.stderr?.on('data', (text: Buffer) => {
      this.#errors += text.toString();
    });
  }

  /** What the first failures were. */
  get errors(): string {
    return this.#errors.trim().split('\n').slice(0, 3).join('; ');
  }

  async #line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`the users ended: ${this.errors}`);
    return value;
  }

  async ready(): Promise<void> {
    await this.#line();
  }

  /** Ends a phase: of the requests since the one before. */
  async report(): Promise<Phase> {
    this.#child.stdin?.write('\n');
    const [requests = 0, failed = 0, middle = 0, p99 = 0, slowest = 0] = (await this.#line()).split(' ').map(Number);
    return { requests, failed, middle: middle / 1000, p99: p99 / 1000, slowest: slowest / 1000 };
  }

  async end(): Promise<void> {
    this.#child.stdin?.end();
    await Promise.race([once(this.#child, 'close'), delay(WARM_UP_MS)]);
    await stop(this.#child);
  }
}

/** The place of the flood: its generator, and the programs that drop it in front of the servers. */
interface Flood {
  readonly generator: string;
  readonly device: number;
  readonly links: readonly Link[];
}

const makeFlood = (wrapper: Wrapper, { director, servers: backs }: Topology): Flood => {
  const generator = makeNamespace('flood-ge');
  makePair(
    { namespace: generator, device: 'g0', mac: GENERATOR_MAC, address: '10.64.0.2/10' },
    { namespace: director, device: 'f0', mac: DIRECTOR_MAC, address: '10.64.0.1/10' },
  );
  setFeatures(generator, 'g0', 'gro', 'on');
  setFeatures(director, 'f0', 'gro', 'on');
  for (const back of backs) setReceiveQueues(back, 'e0', cpus().length);
  const device = deviceIndex(generator, 'g0');
  wrapper.use(flowsThrough(device));
  const links = backs.map((back) => inside(back, () => wrapper.program('sink_flood').attach(deviceIndex(back, 'e0'), ATTACH_XDP)));
  return { generator, device, links };
};

const send = async (wrapper: Wrapper, { generator, device }: Flood): Promise<number> => {
  inside(generator, () => wrapper.generate(CHUNK, device));
  await yieldOnce();
  return CHUNK;
};

/** Sends for at least so many seconds at the rate, less where the machine is too slow; how many SYNs. */
const sendFor = async (wrapper: Wrapper, place: Flood, seconds: number): Promise<number> => {
  wrapper.pace(RATE);
  let sent = 0;
  for (const end = performance.now() + seconds * 1000; performance.now() < end; ) sent += await send(wrapper, place);
  return sent;
};

const fill = async (wrapper: Wrapper, place: Flood, count: number): Promise<void> => {
  wrapper.pace(0);
  for (let sent = 0; sent < count; ) sent += await send(wrapper, place);
};

interface Turn {
  readonly quiet: Phase;
  readonly flooded: Phase;
  readonly sent: number;
  readonly arrived: number;
  readonly seconds: number;
}

const takeTurn = async (wrapper: Wrapper, place: Flood, users: Users, seconds: number): Promise<Turn> => {
  await delay(seconds * 1000);
  const quiet = await users.report();
  const before = wrapper.sunk();
  const began = performance.now();
  const sent = await sendFor(wrapper, place, seconds);
  const took = (performance.now() - began) / 1000;
  const flooded = await users.report();
  return { quiet, flooded, sent, arrived: Number(wrapper.sunk() - before), seconds: took };
};

interface Measured {
  readonly turns: readonly Turn[];
  /** The users' first requests, and those while the table was filled. */
  readonly others: readonly Phase[];
  readonly errors: string;
  /** The table and what the datapath dropped, at the end. */
  readonly table: string;
}

const measure = async (options: Options, wrapper: Wrapper, place: Flood, users: Users, datapath: Datapath): Promise<Measured> => {
  await users.ready();
  await delay(WARM_UP_MS);
  const first = await users.report();
  await fill(wrapper, place, FILL);
  const filling = await users.report();
  const turns: Turn[] = [];
  for (let turn = 0; turn < (options.quick ? QUICK_TURNS : TURNS); turn += 1)
    turns.push(await takeTurn(wrapper, place, users, options.quick ? QUICK_TURN_SECONDS : TURN_SECONDS));
  const last = await users.report();
  const drops = datapath.director
    .dropCounts()
    .filter(({ count }) => count > 0)
    .map(({ key, count }) => `${key} ${count}`);
  const table = `${datapath.table.count()} of ${datapath.table.slots} places taken; ${drops.join(', ') || 'nothing dropped'}`;
  return { turns, others: [first, filling, last], errors: users.errors, table };
};

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

const rowsOf = ({ turns, others, errors, table }: Measured): readonly Row[] => {
  const phases = [...others, ...turns.flatMap(({ quiet, flooded }) => [quiet, flooded])];
  const sentRate = median(turns.map(({ sent, seconds }) => sent / seconds));
  const arrivedRates = turns.map(({ arrived, seconds }) => arrived / seconds);
  const slow = median(arrivedRates) < RATE * RATE_SHARE ? `this machine did not reach the rate; ` : '';
  const [quiet, flooded] = (['quiet', 'flooded'] as const).map((kind) => {
    const of = (value: 'middle' | 'p99'): number => median(turns.map((turn) => turn[kind][value]));
    const slowest = Math.max(...turns.map((turn) => turn[kind].slowest));
    return `median ${of('middle').toFixed(2)}, 99 % ${of('p99').toFixed(2)}, slowest ${slowest.toFixed(1)} ms`;
  });
  return [
    row('SYNs that reached the servers', arrivedRates, '/s', {
      gate: { kind: 'at-least', limit: RATE * RATE_SHARE },
      note: `${slow}${Math.round(sentRate)} a second were sent; ${table}`,
    }),
    row(
      `failed of ${sum(phases.map(({ requests }) => requests))} requests of ${USERS} users`,
      [sum(phases.map(({ failed }) => failed))],
      '',
      {
        gate: { kind: 'at-most', limit: 0 },
        ...(errors === '' ? {} : { note: errors }),
      },
    ),
    row(
      '99 % of the requests beside the flood within',
      turns.map((turn) => turn.flooded.p99),
      'ms',
      {
        ratio: median(turns.map((turn) => turn.flooded.p99 / turn.quiet.p99)),
        basis: 'of the same without',
        gate: { kind: 'at-most', limit: P99_RATIO_MAX },
        note: `without: ${quiet}; beside it: ${flooded}`,
      },
    ),
  ];
};

/** Between stations that stand. */
const onTopology = async (
  options: Options,
  wrapper: Wrapper,
  topology: Topology,
  cpuList: string,
  tools: string,
): Promise<readonly Row[]> => {
  for (const { pid } of topology.children) run(undefined, ['taskset', '-apc', cpuList, String(pid)]);
  const place = makeFlood(wrapper, topology);
  try {
    const datapath = inside(topology.director, () => openDatapath(fillTable, TABLE_BITS));
    try {
      const users = new Users(topology.client, tools, cpuList);
      try {
        return rowsOf(await measure(options, wrapper, place, users, datapath));
      } finally {
        await users.end();
      }
    } finally {
      inside(topology.director, () => datapath.close());
    }
  } finally {
    for (const link of place.links) link.close();
    dropNamespace(place.generator);
  }
};

export const flood = async (options: Options, wrapper: Wrapper, cpu: number): Promise<readonly Row[]> => {
  const tools = compileTools('users');
  try {
    const topology = await makeTopology('flood', 'nat', 'nic');
    try {
      return await onTopology(options, wrapper, topology, otherCpus(cpu), tools);
    } finally {
      await dropTopology(topology);
    }
  } finally {
    dropTools(tools);
  }
};
