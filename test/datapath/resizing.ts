// A director under traffic whose connection table gets another size: what both tests of it share.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { Conf, ConnBucket, Drops } from '../../src/datapath/ebpf/abi.gen.js';
import { buildPin } from '../../src/datapath/ebpf/load/load.js';
import { REASONS } from '../../src/datapath/ebpf/reasons.gen.js';
import { BRIDGE_PIN, SECOND_TABLE_PIN } from '../../src/datapath/ebpf/table/tables.js';
import { artifact } from '../../src/sys/artifact.js';
import { BpfMap } from '../../src/sys/bpf/bpf-objects.js';
import { using } from '../../src/sys/fd.js';
import { ENTRY, type Host } from '../support/netns-bed.js';
import { type Cluster, inCluster, ipvsadm, ok, pollingFarEnds, running, tablesOf, until, VIP } from './cluster.js';
import { station } from './live-child.js';

export const TALKERS = 40;

/** Echo servers, connections of TCP that ask all the time, and datagrams that keep making new connections. */
export async function traffic({ bed, client, lvs, web1, web2 }: Cluster) {
  for (const web of [web1, web2]) await web.serve(bed, station('echo', 80));
  for (const protocol of ['t', 'u'])
    ipvsadm(lvs, `-A -${protocol} ${VIP}:80 -s rr`, ...[11, 12].map((k) => `-a -${protocol} ${VIP}:80 -r 10.8.2.${k}:80 -m`));
  const talk = running(bed, client, station('talk', VIP, 80, TALKERS));
  const stream = running(bed, client, station('stream', VIP, 80));
  for (const { lines } of [talk, stream])
    await until(
      () => lines,
      (seen) => seen[0] === 'begun',
    );
  const end = async ({ child, lines }: typeof talk): Promise<string> => {
    child.kill('SIGTERM');
    return until(
      () => lines[1] ?? '',
      (seen) => seen !== '',
    );
  };
  return {
    /** Nothing was lost of what was sent until now. */
    async ends(): Promise<void> {
      const [sent, answered] = (await end(stream)).split(' ').map(Number) as [number, number];
      assert.ok(sent > 500, `${sent} datagrams`);
      assert.equal(answered, sent, 'datagrams that were answered');
      assert.equal(await end(talk), `${TALKERS} of ${TALKERS}`);
    },
  };
}

/** Clients of TCP in the listing, each once. */
export function clients(lvs: Host): readonly string[] {
  const lines = ipvsadm(lvs, '-Lnc')
    .split('\n')
    .filter((line) => line.startsWith('TCP'));
  return lines.map((line) => line.split(/\s+/)[3] ?? '').sort();
}

/** One table, of this size, and this build's programs: nothing of a move is left. */
export function settled(lvs: Host, connections: number): void {
  const { folder, conf } = tablesOf(lvs);
  for (const pin of [BRIDGE_PIN, SECOND_TABLE_PIN]) assert.ok(!existsSync(`${folder}/${pin}`), pin);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('build_')),
    [buildPin(artifact('weir.bpf.o'))],
  );
  const { maxEntries, valueSize } = using(BpfMap.pinned(`${folder}/conns`), (map) => map.info());
  assert.deepEqual([maxEntries * 2, valueSize], [connections, ConnBucket.bytes]);
  assert.equal(conf.get(0, Conf.connBuckets), maxEntries);
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

/** So many commands that change the size are killed, at other steps each time. */
export async function killedResizes(rounds: number): Promise<void> {
  await inCluster(async (cluster) => {
    const { lvs } = cluster;
    ok(lvs.weir('load --connections 4096'));
    const { ends } = await traffic(cluster);
    const before = clients(lvs);
    const { folder } = tablesOf(lvs);
    const has = (pin: string): boolean => existsSync(`${folder}/${pin}`);
    const building = (): boolean => readdirSync(folder).some((name) => name.startsWith('build_'));
    const signs = [
      () => has(SECOND_TABLE_PIN),
      () => has(BRIDGE_PIN),
      () => has(BRIDGE_PIN) && !building(),
      () => has(BRIDGE_PIN) && !has(SECOND_TABLE_PIN),
    ];
    let unfinished = 0;
    for (let round = 0; round < rounds; round++) {
      const sizes = [8192, 16_384] as const;
      const connections = sizes[round % 2] ?? 8192;
      const command = [process.execPath, ENTRY, 'weir', 'load', '--connections', String(connections)];
      await killed(lvs, command, signs[round % signs.length] ?? building, Math.floor(round / signs.length) * 400);
      if (has(BRIDGE_PIN)) unfinished += 1;
      assert.deepEqual(clients(lvs), before, `round ${round}`);
      ok(lvs.weir(`load --connections ${connections}`));
      settled(lvs, connections);
      assert.deepEqual(clients(lvs), before, `round ${round}`);
    }
    assert.ok(unfinished >= rounds / 4, `${unfinished} were killed on the way`);
    await ends();
  });
}

/** Waits until the listing has so many connections of TCP that were ever made: it is brought up to date every two seconds. */
export async function madeInAll(lvs: Host, count: number): Promise<void> {
  const made = (): number => Number(/^TCP +\S+ +(\d+) /m.exec(ipvsadm(lvs, '-Ln --stats --exact'))?.[1]);
  assert.equal(await until(made, (seen) => seen >= count), count);
}

/** Larger and smaller under traffic: no packet is lost, no connection ends, none is made again. */
export async function resizedUnderTraffic(attach: 'tc' | 'xdp'): Promise<void> {
  await inCluster(async (cluster) => {
    const { lvs } = cluster;
    if (attach === 'xdp') pollingFarEnds(cluster);
    ok(lvs.weir(`load --attach ${attach} --connections 4096`));
    const { ends } = await traffic(cluster);
    const before = clients(lvs);
    assert.equal(before.length, TALKERS);
    for (const connections of [262_144, 8192]) {
      const report = ok(lvs.weir(`load --connections ${connections}`));
      assert.match(
        report,
        new RegExp(`^the connection table: room for ${connections} connections now; \\d+ connections moved, none was lost\\n$`),
      );
      settled(lvs, connections);
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
