// A director under traffic whose connection tables get another size: what both tests of it share.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { Conf, ConnBucket, Drops } from '../../src/datapath/ebpf/abi.gen.js';
import { Conn6Bucket } from '../../src/datapath/ebpf/abi6.gen.js';
import { buildPin } from '../../src/datapath/ebpf/load/build-pin.js';
import { REASONS } from '../../src/datapath/ebpf/reasons.gen.js';
import { IPV6_PINS, movePins, TABLE_PIN, WIDE_PINS } from '../../src/datapath/ebpf/table/tables.js';
import { WideBucket } from '../../src/datapath/ebpf/wide.gen.js';
import { artifact } from '../../src/sys/artifact.js';
import { BpfMap } from '../../src/sys/bpf/bpf-objects.js';
import { using } from '../../src/sys/fd.js';
import { ENTRY, type Host } from '../support/netns-bed.js';
import { type Cluster, inCluster, ipvsadm, ok, pollingFarEnds, tablesOf, until, VIP } from './cluster.js';
import { inCluster6, server6, VIP6 } from './cluster6.js';
import { station } from './live-child.js';
import { allAnswered, begun } from './traffic.js';

/** Which of the tables has the connections. `label`: as reports name it; undefined: that of the links. */
export interface Subject {
  readonly label?: string;
  readonly conns: string;
  readonly bucketBytes: number;
  readonly inCluster: (work: (cluster: Cluster) => Promise<void>) => Promise<void>;
  readonly vip: string;
  readonly service: string;
  readonly options: string;
  readonly servers: readonly string[];
  /** What the servers listen on. */
  readonly any: string;
}

const FOUR = { inCluster, vip: VIP, any: '0.0.0.0' } as const;
const SERVERS = [11, 12].map((k) => `10.8.2.${k}`);
export const ofLinks: Subject = {
  ...FOUR,
  conns: TABLE_PIN,
  bucketBytes: ConnBucket.bytes,
  service: `${VIP}:80`,
  options: '-s rr',
  servers: SERVERS.map((server) => `${server}:80`),
};
export const ofIpv6: Subject = {
  label: 'IPv6',
  conns: IPV6_PINS.conns,
  bucketBytes: Conn6Bucket.bytes,
  inCluster: inCluster6,
  vip: VIP6,
  service: `[${VIP6}]:80`,
  options: '-s rr',
  servers: [1, 2].map((k) => `[${server6(k)}]:80`),
  any: '::',
};
export const ofAllPorts: Subject = {
  ...FOUR,
  label: 'all ports',
  conns: WIDE_PINS.conns,
  bucketBytes: WideBucket.bytes,
  service: `${VIP}:0`,
  options: '-s rr -p 300',
  servers: SERVERS,
};

export const TALKERS = 40;

/** Echo servers, connections of TCP that ask all the time, and datagrams that keep making new connections. */
export async function traffic(cluster: Cluster, { vip, service, options, servers, any }: Subject = ofLinks) {
  const { bed, lvs, web1, web2 } = cluster;
  for (const web of [web1, web2]) await web.serve(bed, station('echo', 80, any));
  for (const protocol of ['t', 'u'])
    ipvsadm(lvs, `-A -${protocol} ${service} ${options}`, ...servers.map((server) => `-a -${protocol} ${service} -r ${server} -m`));
  const [talk, stream] = await Promise.all([
    begun(cluster, ...station('talk', vip, 80, TALKERS)),
    begun(cluster, ...station('stream', vip, 80)),
  ]);
  return {
    /** Nothing was lost of what was sent until now. */
    async ends(): Promise<void> {
      await allAnswered(stream, 500);
      assert.equal(await talk(), `${TALKERS} of ${TALKERS}`);
    },
  };
}

/** Clients of TCP in the listing, each once; a template's has no port. */
export function clients(lvs: Host): readonly string[] {
  const lines = ipvsadm(lvs, '-Lnc')
    .split('\n')
    .filter((line) => line.startsWith('TCP'));
  return lines
    .map((line) => line.split(/\s+/)[3] ?? '')
    .filter((client) => !client.endsWith(':0'))
    .sort();
}

/** One table of each kind, of this size, and this build's programs: nothing of a move is left. */
export function settled(lvs: Host, connections: number, { conns, bucketBytes }: Subject): void {
  const { folder, conf } = tablesOf(lvs);
  for (const table of [TABLE_PIN, conns]) {
    const { second, record } = movePins(table);
    for (const pin of [second, record]) assert.ok(!existsSync(`${folder}/${pin}`), pin);
    const { maxEntries, valueSize } = using(BpfMap.pinned(`${folder}/${table}`), (map) => map.info());
    assert.deepEqual([maxEntries * 2, valueSize], [connections, table === TABLE_PIN ? ConnBucket.bytes : bucketBytes], table);
  }
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('build_')),
    [buildPin(artifact('weir.bpf.o'))],
  );
  assert.equal(conf.get(0, Conf.connBuckets) * 2, connections);
}

/** Kills the command some turns after `sign` is there, unless it has ended by then. */
export async function killed(lvs: Host, command: readonly string[], sign: () => boolean, turns: number): Promise<void> {
  const child = spawn('ip', ['netns', 'exec', lvs.namespace, ...command], { stdio: 'ignore' });
  const gone = once(child, 'exit');
  const turn = (): Promise<void> => new Promise((done) => setImmediate(done));
  while (child.exitCode === null && !sign()) await turn();
  for (let k = 0; k < turns && child.exitCode === null; k++) await turn();
  child.kill('SIGKILL');
  await gone;
}

/** So many commands that change the size are killed, at other steps of the subject's table each time. */
export async function killedResizes(rounds: number, subject: Subject): Promise<void> {
  const { second, record } = movePins(subject.conns);
  await subject.inCluster(async (cluster) => {
    const { lvs } = cluster;
    ok(lvs.weir('load --connections 4096'));
    const { ends } = await traffic(cluster, subject);
    const before = clients(lvs);
    const { folder } = tablesOf(lvs);
    const has = (pin: string): boolean => existsSync(`${folder}/${pin}`);
    const plain = (): boolean => readdirSync(folder).some((name) => name.startsWith('build_'));
    const signs = [
      () => has(second),
      () => has(record),
      // Of a table beside the links' no pin shows that: it is met by waiting longer for the others.
      ...(subject.label === undefined ? [() => has(record) && !plain()] : []),
      () => has(record) && !has(second),
    ];
    let unfinished = 0;
    for (let round = 0; round < rounds || unfinished < rounds / 4; round++) {
      assert.ok(round < 5 * rounds, `${unfinished} were killed on the way`);
      const sizes = [8192, 16_384] as const;
      const connections = sizes[round % 2] ?? 8192;
      const command = [process.execPath, ENTRY, 'weir', 'load', '--connections', String(connections)];
      await killed(lvs, command, signs[round % signs.length] ?? plain, Math.floor(round / signs.length) * 400);
      if (has(record)) unfinished += 1;
      assert.deepEqual(clients(lvs), before, `round ${round}`);
      ok(lvs.weir(`load --connections ${connections}`));
      settled(lvs, connections, subject);
      assert.deepEqual(clients(lvs), before, `round ${round}`);
    }
    await ends();
  });
}

/** Waits until the listing has so many connections of TCP that were ever made: it is brought up to date every two seconds. */
export async function madeInAll(lvs: Host, count: number): Promise<void> {
  const made = (): number => Number(/^TCP +\S+ +(\d+) /m.exec(ipvsadm(lvs, '-Ln --stats --exact'))?.[1]);
  assert.equal(await until(made, (seen) => seen >= count), count);
}

/** Larger and smaller under traffic: no packet is lost, no connection ends, none is made again. */
export async function resizedUnderTraffic(
  attach: 'tc' | 'xdp',
  subject: Subject,
  sizes: readonly number[] = [262_144, 8192],
): Promise<void> {
  await subject.inCluster(async (cluster) => {
    const { lvs } = cluster;
    if (attach === 'xdp') pollingFarEnds(cluster);
    ok(lvs.weir(`load --attach ${attach} --connections 4096`));
    const { ends } = await traffic(cluster, subject);
    const before = clients(lvs);
    assert.equal(before.length, TALKERS);
    for (const connections of sizes) {
      const report = ok(lvs.weir(`load --connections ${connections}`));
      const now = `room for ${connections} connections now`;
      const moved = `${now}; \\d+ connections moved, none was lost\n`;
      const { label } = subject;
      const lines = label === undefined ? moved : `${now}; there was none to move\nthe connection table of ${label}: ${moved}`;
      assert.match(report, new RegExp(`^the connection table: ${lines}$`));
      settled(lvs, connections, subject);
      assert.deepEqual(clients(lvs), before);
    }
    await ends();
    await madeInAll(lvs, TALKERS);
    const { drops } = tablesOf(lvs);
    for (const name of ['table_full', 'busy', 'no_connection', 'half_open_replaced']) {
      const reason = REASONS.findIndex(({ key }) => key === name);
      for (let cpu = 0; cpu < drops.count; cpu++) assert.equal(drops.big(cpu, Drops.count, reason), 0n, name);
    }
  });
}
