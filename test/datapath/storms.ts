// The programs on both CPUs at the same time, for so many packets. The table must be whole afterwards.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { cpus } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { PROGRAMS } from '../../src/datapath/ebpf/load/load.js';
import { native } from '../../src/sys/addon.js';
import { noTools, probe, type Skip } from '../support/probes.js';
import { type Bed, openBed, skipReason } from './bed.js';
import { SERVERS, VIP } from './fixtures/bed-addresses.js';
import { destination, service, serviceKey } from './fixtures/fixture.js';
import { ip } from './namespace.js';
import type { ProgramKind } from './run.js';
import type { Harvest, Storm } from './storm-child.js';
import { checkTable } from './table-check.js';

export const key = serviceKey('tcp', VIP, 80);
export const ESTABLISHED = 1;

export const skipReasonOfStorms = (): Skip =>
  probe('two-cpus', cpus().length >= 2, 'there is one CPU') || noTools('taskset') || skipReason();

function harvestOf(child: ChildProcess): Promise<Harvest> {
  return new Promise((done, fail) => {
    let output = '';
    let trouble = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk;
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      trouble += chunk;
    });
    child.on('error', fail);
    child.on('close', (code) => (code === 0 ? done(JSON.parse(output) as Harvest) : fail(new Error(`storm: ${code} ${trouble}`))));
  });
}

/** The storm on each of two CPUs; `meanwhile` is done again and again until both are over. */
export async function rage(
  bed: Bed,
  plan: Pick<Storm, 'kind' | 'flows' | 'packets' | 'letters' | 'ports' | 'calls'> & Partial<Pick<Storm, 'vip'>>,
  meanwhile: () => void,
): Promise<readonly Harvest[]> {
  const program = `${bed.folder}/${plan.kind === 'xdp' ? PROGRAMS.xdp : PROGRAMS.ingress}`;
  const script = fileURLToPath(new URL('./storm-child.js', import.meta.url));
  let running = 2;
  const storms = [1, 2].map((cpu) => {
    const whole: Storm = { namespace: bed.name, program, ifindex: native().ifNameToIndex('front'), seed: cpu * 7919, vip: VIP, ...plan };
    const child = spawn('taskset', ['-c', String(cpu - 1), process.execPath, script, JSON.stringify(whole)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return harvestOf(child).finally(() => {
      running -= 1;
    });
  });
  const all = Promise.all(storms);
  while (running > 0) {
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

/** SYNs and ACKs on the same flows, weights changing: every packet and connection is counted once. */
export async function stormOnFlows(kind: ProgramKind, packets: number): Promise<void> {
  const bed = bedOf(kind, 1024);
  try {
    setUp(bed, 'wlc');
    let weight = 0;
    const harvests = await rage(bed, { kind, flows: 2500, packets, letters: ['S', 'S', 'A'] }, () => {
      weight = (weight % 7) + 1;
      bed.director.editDestination(key, destination(`${SERVERS[weight % 3] ?? ''}:80`, 'masq', weight));
    });
    const slots = checkTable(bed);
    const totals = bed.totals();
    assert.equal(totals.inPackets, total(harvests, 'forwarded'), 'packets counted and forwarded');
    assert.equal(totals.conns, slots.length, 'connections counted and in the table');
    assert.ok(slots.length > 2000, `${slots.length} connections`);
    assert.equal(total(harvests, 'dropped'), 0);
    const established = new Set(harvests.flatMap((each) => each.established));
    const inTable = slots.filter(({ state }) => state === ESTABLISHED).length;
    assert.equal(inTable, established.size, 'established in the table and by an ACK that was forwarded');
  } finally {
    bed.close();
  }
}

/** Storms, edits, deletions and reuse together leave a whole table. */
export async function stormOnEdits(kind: ProgramKind, packets: number): Promise<void> {
  const bed = bedOf(kind, 256);
  try {
    setUp(bed, 'wrr');
    let turn = 0;
    await rage(bed, { kind, flows: 700, packets, letters: ['S', 'S', 'A', 'FA', 'RA'] }, () => {
      const server = destination(`${SERVERS[turn % 3] ?? ''}:80`, 'masq', turn % 5);
      const there = bed.director.service(key).destinations.length === 3;
      if (there) bed.director.deleteDestination(key, server);
      else bed.director.addDestination(key, server);
      if (!there) turn += 1;
    });
    checkTable(bed);
  } finally {
    bed.close();
  }
}
