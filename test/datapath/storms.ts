// The programs on both CPUs at the same time, for so many packets. The table must be whole afterwards.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { PROGRAMS } from '../../src/datapath/ebpf/load/load.js';
import { moveTable } from '../../src/datapath/ebpf/load/table-move.js';
import { exchangeBuild } from '../../src/datapath/ebpf/open.js';
import { SCTP_STATES } from '../../src/datapath/sctp-state.js';
import type { DestinationSpec, ServiceKey } from '../../src/model/service.js';
import { native } from '../../src/sys/addon.js';
import { noTools, probe, type Skip } from '../support/probes.js';
import { type Bed, openBed, skipReason } from './bed.js';
import { SERVERS, VIP } from './fixtures/bed-addresses.js';
import { IPv4 } from './fixtures/family.js';
import { destination, service, serviceKey } from './fixtures/fixture.js';
import { ip } from './namespace.js';
import type { ProgramKind } from './run.js';
import { buildOf, movableOf, type SideKind, settled } from './side-moves.js';
import type { Harvest, Storm } from './storm-child.js';
import { checkTable, type TableView, viewOfSide } from './table-check.js';

export const key = serviceKey('tcp', VIP, 80);
export const ESTABLISHED = 1;
const SCTP_ESTABLISHED = SCTP_STATES.indexOf('ESTABLISHED');
const BUCKETS = 1024;
const LOOKS_MAX = 500;
const EDITS_A_TURN = 100;

export const skipReasonOfStorms = (): Skip =>
  probe('two-cpus', cpus().length >= 2, 'there is one CPU') || noTools('taskset') || skipReason();

interface Share {
  readonly begun: Promise<void>;
  readonly harvest: Promise<Harvest>;
}

function shareOf(child: ChildProcess): Share {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('the storm has no output');
  let output = '';
  let trouble = '';
  stderr.on('data', (chunk: Buffer) => {
    trouble += chunk;
  });
  const harvest = new Promise<Harvest>((done, fail) => {
    stdout.on('data', (chunk: Buffer) => {
      output += chunk;
    });
    child.on('error', fail);
    child.on('close', (code) => {
      if (code === 0) done(JSON.parse(output.slice(output.indexOf('\n'))) as Harvest);
      else fail(new Error(`storm: ${code} ${trouble}`));
    });
  });
  // The first output is `begun`.
  return { begun: once(stdout, 'data').then(() => {}), harvest };
}

type StormPlan = Pick<Storm, 'kind' | 'flows' | 'packets' | 'letters' | 'ports' | 'calls' | 'protocol' | 'exchanged'> &
  Partial<Pick<Storm, 'vip'>>;

/** The storm on each of two CPUs; `meanwhile` is done again and again until both are over, which is not before `turns` of it. */
export async function rage(bed: Bed, plan: StormPlan, meanwhile: () => void, turns = 0): Promise<readonly Harvest[]> {
  const program = `${bed.folder}/${plan.kind === 'xdp' ? PROGRAMS.xdp : PROGRAMS.ingress}`;
  const script = fileURLToPath(new URL('./storm-child.js', import.meta.url));
  const common = { namespace: bed.name, program, ifindex: native().ifNameToIndex('front'), vip: VIP, goesOn: turns > 0, ...plan };
  let running = 2;
  const children = [1, 2].map((cpu) => {
    const whole: Storm = { ...common, seed: cpu * 7919 };
    return spawn('taskset', ['-c', String(cpu - 1), process.execPath, script, JSON.stringify(whole)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  });
  const shares = children.map(shareOf);
  const all = Promise.all(
    shares.map(({ harvest }) =>
      harvest.finally(() => {
        running -= 1;
      }),
    ),
  );
  try {
    await Promise.race([Promise.all(shares.map(({ begun }) => begun)), all]);
    for (let turn = 0; turn < turns; turn++) {
      meanwhile();
      await setImmediate();
    }
  } finally {
    for (const child of turns > 0 ? children : []) child.kill('SIGTERM');
  }
  while (turns === 0 && running > 0) {
    meanwhile();
    await setImmediate();
  }
  return all;
}

/** Clients of a storm have a neighbour entry each; servers are the fixtures'. */
export function bedOf(attach: 'tc' | 'xdp', connBuckets: number): Bed {
  const bed = openBed({ attach, capacity: { connBuckets } });
  ip(
    Array.from(
      { length: 64 },
      (_, n) => `neigh add 10.0.1.${128 + n} lladdr 02:00:00:00:0c:${(128 + n).toString(16)} dev front nud permanent`,
    ),
  );
  return bed;
}

export function setUp(bed: Bed, scheduler: string): void {
  bed.director.addService(service('tcp', VIP, 80, [], scheduler).service);
  for (const server of SERVERS) bed.director.addDestination(key, destination(`${server}:80`, 'masq'));
}

export const total = (harvests: readonly Harvest[], what: 'forwarded' | 'dropped' | 'passed'): number =>
  harvests.reduce((sum, each) => sum + each[what], 0);

/** The flows of the programs on the links. */
export const OF_LINKS: SideKind = { label: 'IPv4', family: IPv4, protocol: 'tcp', allPorts: false };

/** What is done while a storm rages, so many times at least; the number of the turn. `exchanged`: other programs take the place of those on the links. */
export interface Meanwhile {
  readonly turns: number;
  readonly exchanged?: boolean;
  turn(bed: Bed, number: number): void;
}

const NOTHING: Meanwhile = { turns: 0, turn: () => {} };

/** Of SCTP by DR, where a client's packets alone establish an association. */
const FLOWS = {
  tcp: { method: 'masq', opens: ['S', 'S', 'A'], ends: ['FA', 'RA'], established: ESTABLISHED },
  sctp: { method: 'route', opens: ['init', 'init', 'cookieEcho'], ends: ['shutdown', 'abort'], established: SCTP_ESTABLISHED },
} as const;
/** Of a client's port, if it asks for several: they are in one neighbourhood of the table. */
const PORTS = 4;

const vipOf = ({ family, protocol }: SideKind): string => (FLOWS[protocol].method === 'masq' ? family.vip : family.drVip);
const viewOf = (bed: Bed, kind: SideKind): TableView => (kind === OF_LINKS ? bed : viewOfSide(bed, buildOf(kind).pins));

/** A service of this kind, and its destinations. */
class Served {
  readonly key: ServiceKey;
  readonly #port: number;

  constructor(
    readonly bed: Bed,
    readonly kind: SideKind,
    scheduler: string,
  ) {
    const { family, protocol, allPorts } = kind;
    this.#port = allPorts ? 0 : 80;
    const { service: spec } = service(protocol, vipOf(kind), this.#port, [], scheduler);
    this.key = spec.key;
    bed.director.addService(allPorts ? { ...spec, persistence: { timeout: 300, netmask: family.hostMask } } : spec);
    for (const each of this.servers.keys()) bed.director.addDestination(spec.key, this.destination(each));
  }

  get servers(): readonly string[] {
    return this.kind.family === IPv4 ? SERVERS : this.kind.family.servers;
  }

  destination(number: number, weight = 1): DestinationSpec {
    const { family, protocol } = this.kind;
    const server = this.servers[number % this.servers.length] ?? '';
    return destination(family.at(server, this.#port), FLOWS[protocol].method, weight);
  }

  get there(): number {
    return this.bed.director.service(this.key).destinations.length;
  }

  plan(kind: ProgramKind, packets: number, letters: readonly string[], exchanged: boolean | undefined): Omit<StormPlan, 'flows'> {
    const { protocol, allPorts } = this.kind;
    return {
      kind,
      packets,
      letters,
      protocol,
      vip: vipOf(this.kind),
      ...(allPorts ? { ports: PORTS } : {}),
      ...(exchanged === true ? { exchanged } : {}),
    };
  }
}

/** Every lock is given back, though timers take one now and then. */
async function locksAreFree(bed: Bed): Promise<void> {
  const words = new BigUint64Array(bed.memoryOf('locks'));
  const taken = (): readonly number[] => [...words.keys()].filter((which) => words[which] !== 0n);
  for (let looks = 0; looks < LOOKS_MAX && taken().length > 0; looks++) await setTimeout(10);
  assert.deepEqual(taken(), [], 'locks that nothing gives back');
}

/** What opens connections, on the same flows, weights changing: every packet and connection is counted once. */
export async function stormOnFlows(
  kind: ProgramKind,
  packets: number,
  of: SideKind = OF_LINKS,
  { turns, turn, exchanged }: Meanwhile = NOTHING,
): Promise<void> {
  const bed = bedOf(kind, BUCKETS);
  try {
    const served = new Served(bed, of, 'wlc');
    const { opens, established: state } = FLOWS[of.protocol];
    const flows = of.allPorts ? 1200 : 2500;
    let [weight, number] = [0, 0];
    const meanwhile = (): void => {
      weight = (weight % 7) + 1;
      bed.director.editDestination(served.key, served.destination(weight, weight));
      turn(bed, number++);
    };
    const harvests = await rage(bed, { flows, ...served.plan(kind, packets, opens, exchanged) }, meanwhile, turns);
    bed.renew();
    const slots = checkTable(viewOf(bed, of));
    const totals = bed.totals();
    assert.equal(totals.inPackets, total(harvests, 'forwarded'), 'packets counted and forwarded');
    assert.equal(totals.conns, slots.length, 'connections counted and in the table');
    assert.ok(slots.length > flows * 0.8, `${slots.length} connections`);
    assert.equal(total(harvests, 'dropped'), 0);
    const established = new Set(harvests.flatMap((each) => each.established));
    const inTable = slots.filter((slot) => slot.state === state).length;
    assert.equal(inTable, established.size, 'established in the table and by what ends a handshake');
    await locksAreFree(bed);
  } finally {
    bed.close();
  }
}

/** Storms, edits, deletions and reuse together leave a whole table. */
export async function stormOnEdits(
  kind: ProgramKind,
  packets: number,
  of: SideKind = OF_LINKS,
  { turns, turn, exchanged }: Meanwhile = NOTHING,
): Promise<void> {
  const bed = bedOf(kind, BUCKETS / 4);
  try {
    const served = new Served(bed, of, 'wrr');
    const { opens, ends } = FLOWS[of.protocol];
    const all = served.servers.length;
    let [edits, number] = [0, 0];
    const edit = (): void => {
      const server = served.destination(edits, edits % 5);
      const isThere = served.there === all;
      if (isThere) bed.director.deleteDestination(served.key, server);
      else bed.director.addDestination(served.key, server);
      if (!isThere) edits += 1;
    };
    const meanwhile = (): void => {
      for (let k = 0; k < (turns > 0 ? EDITS_A_TURN : 1); k++) edit();
      turn(bed, number++);
    };
    await rage(bed, { flows: of.allPorts ? 350 : 700, ...served.plan(kind, packets, [...opens, ...ends], exchanged) }, meanwhile, turns);
    bed.renew();
    checkTable(viewOf(bed, of));
    await locksAreFree(bed);
  } finally {
    bed.close();
  }
}

/** The table of a side build gets another size: a larger one, and that of before. */
export const moves = (of: SideKind): Meanwhile => ({
  turns: 2,
  turn: (bed, number) => {
    const table = movableOf(bed, of);
    const buckets = number % 2 === 0 ? 4 * BUCKETS : BUCKETS;
    const { back } = moveTable(bed.folder, table, buckets);
    assert.ok(!back, 'there was room for all');
    settled(bed, table.pins.table, buckets);
  },
});

/** Programs of another build, which is the object, take the place of those that run; in a second turn the other way round. */
export const exchanges = (object: string, turns: 1 | 2): Meanwhile => ({
  turns,
  exchanged: true,
  turn: (_bed, number) => assert.ok(number % 2 === 0 ? exchangeBuild(object) : exchangeBuild()),
});
