// The part `failover`: how soon a dead master is replaced, how often a living one is, and what keeping watch costs; beside Debian's keepalived.
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { compileTools, dropTools } from './compile.js';
import { median } from './median.js';
import type { Options } from './options.js';
import { installed, serve, stop } from './processes.js';
import type { Gate, Row } from './report.js';
import { Bed, configuration, type Maker, now, type Settings, until } from './vrrp-pair.js';
import { parseManyInstances, timeToFirstAdvert } from './vrrp-start.js';

const PART = 'failover';
const PRIORITY = { a: 200, b: 100 } as const;
/** Extra adverts of weir's own: with these a dead master is missed after about 12 ms. */
const FAST = ['fast_advert_int 0.002', 'fast_down_adverts 5'];

type Shape = Omit<Settings, 'priority'>;

/** Ends a master in one way and tells when that was. */
type Death = (bed: Bed) => number;

const killed: Death = ({ a }) => {
  const at = now();
  a.signal('SIGKILL');
  return at;
};

/** Every process stands still and the cable is cut: nothing says goodbye, nothing closes a socket. */
const frozen: Death = (bed) => {
  const at = now();
  bed.a.signal('SIGSTOP');
  bed.link('down');
  return at;
};

interface Takeover {
  /** From the last advert of the dead to the first of the heir. */
  readonly silentMs: number;
  /** From the death on. */
  readonly deadMs: number;
}

/** One death of a settled master. */
async function takeover(bed: Bed, death: Death): Promise<Takeover> {
  const ear = bed.listen();
  await ear.listening();
  const { a, b } = bed;
  const from = (node: typeof a, after: number) => ear.adverts.filter((advert) => advert.from === node.address && advert.at > after);
  const begun = now();
  await until('the master is heard', () => from(a, begun).length >= 3);
  await delay(Math.random() * 20);
  const at = death(bed);
  await until('the other takes over', () => from(b, at).length > 0);
  const first = from(b, at)[0]?.at ?? Number.NaN;
  const last = ear.adverts.findLast((advert) => advert.from === a.address && advert.at < first)?.at ?? Number.NaN;
  await ear.close();
  return { silentMs: (first - last) * 1000, deadMs: (first - at) * 1000 };
}

async function settled(bed: Bed, shape: Shape): Promise<void> {
  bed.a.start(configuration({ ...shape, priority: PRIORITY.a }));
  bed.b.start(configuration({ ...shape, priority: PRIORITY.b }));
  await until('b stands by', () => /Entering BACKUP STATE/.test(bed.b.log));
  const last = (text: string): string | undefined => [...text.matchAll(/Entering (MASTER|BACKUP) STATE/g)].at(-1)?.[1];
  await until('a is master', () => last(bed.a.log) === 'MASTER' && last(bed.b.log) === 'BACKUP');
  await delay(500);
}

/** As many deaths as asked for, each of a pair started anew. */
async function deaths(maker: Maker, shape: Shape, death: Death, times: number): Promise<readonly Takeover[]> {
  const found: Takeover[] = [];
  for (let turn = 0; turn < times; turn += 1) {
    const bed = new Bed(`f${turn}`, maker);
    try {
      await settled(bed, shape);
      found.push(await takeover(bed, death));
    } finally {
      await bed.close();
    }
  }
  return found;
}

const row = (name: string, samples: readonly number[], unit: string, more: Partial<Row> = {}): Row => ({
  part: PART,
  name,
  value: median(samples),
  unit,
  samples,
  ...more,
});

/** The same death with both makers; ours has the gate. */
async function beside(name: string, shape: Shape, death: Death, times: number, gate: Gate): Promise<readonly Row[]> {
  const theirs = (await deaths('keepalived', shape, death, times)).map(({ silentMs }) => silentMs);
  const ours = (await deaths('weir', shape, death, times)).map(({ silentMs }) => silentMs);
  return [
    row(`${name}, keepalived`, theirs, 'ms'),
    row(`${name}, weir`, ours, 'ms', { ratio: median(ours) / median(theirs), basis: 'of keepalived', gate }),
  ];
}

async function fastMode(times: number): Promise<Row> {
  const samples = (await deaths('weir', { version: 3, interval: '0.1', lines: FAST }, frozen, times)).map(({ deadMs }) => deadMs);
  return row('fast mode: all stopped and cable cut to first advert', samples, 'ms', {
    gate: { kind: 'at-most', limit: 15 },
    note: `worst ${Math.max(...samples).toFixed(1)} ms`,
  });
}

/** How often the backup of a living master takes over while every core computes and packets flood both nodes. */
async function falseFailovers(options: Options, tools: string): Promise<readonly Row[]> {
  const seconds = options.loadSeconds ?? (options.quick ? 10 : 600);
  const beds = [
    { bed: new Bed('lw', 'weir'), name: 'weir, fast mode', shape: { version: 3, interval: '0.1', lines: FAST } as const },
    { bed: new Bed('lk', 'keepalived'), name: 'keepalived at 10 ms', shape: { version: 3, interval: '0.01' } as const },
  ];
  const load = [];
  try {
    for (const { bed, shape } of beds) await settled(bed, shape);
    const masters = (log: string): number => [...log.matchAll(/Entering MASTER STATE/g)].length;
    const before = beds.map(({ bed }) => masters(bed.b.log));
    const cpus = [0, 1];
    for (const cpu of cpus) {
      const { bed } = beds[cpu] ?? beds[0] ?? {};
      if (bed === undefined) continue;
      load.push(serve(bed.other, ['taskset', '-c', String(cpu), 'sh', '-c', 'while :; do :; done']));
      load.push(serve(bed.other, ['taskset', '-c', String(cpu), join(tools, 'udp-source'), '10.99.0.2', '9', String(seconds), '64', '16']));
    }
    await delay(seconds * 1000);
    return beds.map(({ bed, name }, index) => {
      const count = masters(bed.b.log) - (before[index] ?? 0);
      const gate: Partial<Row> = index === 0 ? { gate: { kind: 'at-most', limit: 0 } } : {};
      return row(`false failovers in ${seconds} s of load, ${name}`, [count], '', gate);
    });
  } finally {
    await Promise.all(load.map(stop));
    for (const { bed } of beds) await bed.close();
  }
}

/** CPU of a master of 255 virtual routers at 100 ms, in cores. */
async function watching(maker: Maker, seconds: number): Promise<number> {
  const bed = new Bed('w', maker);
  try {
    bed.a.start(configuration({ version: 3, interval: '0.1', priority: PRIORITY.a, count: 255 }));
    await until('all are masters', () => [...bed.a.log.matchAll(/Entering MASTER STATE/g)].length >= 255);
    await delay(1000);
    const [cpu, at] = [bed.a.cpu(), now()];
    await delay(seconds * 1000);
    return (bed.a.cpu() - cpu) / (now() - at);
  } finally {
    await bed.close();
  }
}

async function costs(options: Options): Promise<readonly Row[]> {
  const seconds = options.quick ? 3 : 10;
  const theirs = await watching('keepalived', seconds);
  const ours = await watching('weir', seconds);
  const starts = {
    weir: await timeToFirstAdvert('weir', options.quick ? 2 : 5),
    keepalived: await timeToFirstAdvert('keepalived', options.quick ? 2 : 5),
  };
  // keepalived compares each instance with every other: 65,024 take it minutes.
  const parses = {
    keepalived: await parseManyInstances('keepalived', 32),
    weir: await parseManyInstances('weir', 32),
    all: await parseManyInstances('weir', 256),
  };
  return [
    row('255 routers at 100 ms, keepalived', [theirs * 100], '% of a core'),
    row('255 routers at 100 ms, weir', [ours * 100], '% of a core', { gate: { kind: 'at-most', limit: 25 } }),
    row('start to first advert, keepalived', starts.keepalived, 'ms'),
    row('start to first advert, weir', starts.weir, 'ms', { gate: { kind: 'at-most', limit: 400 } }),
    row('-t of 8,128 instances by nested ~SEQ, keepalived', [parses.keepalived], 's'),
    row('-t of 8,128 instances by nested ~SEQ, weir', [parses.weir], 's'),
    row('-t of 65,024 instances by nested ~SEQ, weir', [parses.all], 's', { gate: { kind: 'at-most', limit: 5 } }),
  ];
}

/** @throws Error where keepalived or tcpdump is missing */
export async function failover(options: Options, say: (line: string) => void): Promise<readonly Row[]> {
  for (const program of ['keepalived', 'tcpdump']) {
    if (!installed(program)) throw new Error(`${program} is not installed`);
  }
  const tools = compileTools();
  const rows: Row[] = [];
  const add = (more: readonly Row[]): void => {
    rows.push(...more);
    for (const { name, value, unit } of more) say(`  ${name}: ${value.toFixed(2)} ${unit}`);
  };
  try {
    add(await beside('v2, 1 s, killed', { version: 2, interval: '1' }, killed, options.quick ? 1 : 3, { kind: 'at-most', limit: 1.02 }));
    add(
      await beside('v3, 10 ms, killed', { version: 3, interval: '0.01' }, killed, options.quick ? 3 : 15, { kind: 'at-most', limit: 1.1 }),
    );
    add([await fastMode(options.quick ? 3 : 25)]);
    add(await costs(options));
    add(await falseFailovers(options, tools));
  } finally {
    dropTools(tools);
  }
  return rows;
}
