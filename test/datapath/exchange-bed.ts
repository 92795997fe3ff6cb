// What the tests of an exchange of programs share: another build, what each link runs, and an exchange under traffic.
import assert from 'node:assert/strict';
import { copyFileSync, cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { Conf } from '../../src/datapath/ebpf/abi.gen.js';
import { buildPin } from '../../src/datapath/ebpf/load/build-pin.js';
import { PROGRAMS } from '../../src/datapath/ebpf/load/load.js';
import { LEASES_PIN } from '../../src/datapath/ebpf/table/quick-pins.js';
import { POOLS_PIN } from '../../src/datapath/ebpf/table/tables.js';
import { artifact } from '../../src/sys/artifact.js';
import { BpfMap, Link, Program } from '../../src/sys/bpf/bpf-objects.js';
import { using } from '../../src/sys/fd.js';
import { ENTRY, noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';
import { asked, type Cluster, inCluster, ipvsadm, ok, pollingFarEnds, serving, tablesOf, until, VIP } from './cluster.js';
import { compiledWith, OBJECTS } from './compilers.js';
import { station } from './live-child.js';
import { allAnswered, begun } from './traffic.js';

export const skip = noNamespaces() || noTools('clang', 'llvm-strip');

/** Another build: it writes connections' times a little more often. */
function otherBuild<T>(work: (object: string) => T): T {
  return compiledWith('conn-move.h', '#define SECOND_OR_SO 64', '#define SECOND_OR_SO 63', work);
}

/** It outlives `work` of compiledWith. */
export function keptBuild(): { readonly object: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'weir-other-'));
  const object = join(folder, 'weir.bpf.o');
  otherBuild((path) => copyFileSync(path, object));
  return { object, remove: () => rmSync(folder, { recursive: true }) };
}

/** `work` with the object of another build. */
export async function withOtherBuild(work: (object: string) => Promise<void>): Promise<void> {
  const { object, remove } = keptBuild();
  try {
    await work(object);
  } finally {
    remove();
  }
}

export const exchangeTo = (object: string): readonly string[] => {
  const open = new URL('../../src/datapath/ebpf/open.js', import.meta.url).href;
  const code = `const { exchangeBuild } = await import(${JSON.stringify(open)}); console.log(exchangeBuild(${JSON.stringify(object)}));`;
  return [process.execPath, '--input-type=module', '-e', code];
};

/** All that is installed, as another release would be that differs in one object. */
export function keptRelease(build: keyof typeof OBJECTS): { readonly entry: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'weir-release-'));
  cpSync(dirname(ENTRY), folder, { recursive: true });
  compiledWith(
    'conn-move.h',
    '#define SECOND_OR_SO 64',
    '#define SECOND_OR_SO 63',
    (path) => copyFileSync(path, join(folder, OBJECTS[build])),
    build,
  );
  return { entry: join(folder, basename(ENTRY)), remove: () => rmSync(folder, { recursive: true }) };
}

/** The pin that names the build, and what each link and each pin of a program runs: numbers of programs, never used twice. */
export function programs(folder: string): { readonly builds: readonly string[]; readonly links: Readonly<Record<string, number>> } {
  const names = readdirSync(folder);
  const links = names
    .filter((name) => name.startsWith('link_'))
    .map((name) => [name, using(Link.pinned(`${folder}/${name}`), (link) => link.info().progId)]);
  return { builds: names.filter((name) => name.startsWith('build_')), links: Object.fromEntries(links) };
}

/** Every link has the pinned program of its hook. */
export function allOfOne(folder: string): void {
  const idOf = (hook: string): number =>
    using(Program.pinned(`${folder}/${PROGRAMS[hook as 'xdp' | 'ingress' | 'egress']}`), (program) => program.id());
  for (const [name, id] of Object.entries(programs(folder).links)) assert.equal(id, idOf(name.replace(/^link_\d+_/, '')), name);
}

export async function balancing(cluster: Cluster): Promise<void> {
  const { client, lvs, web1, web2 } = cluster;
  for (const web of [web1, web2]) await serving(cluster, web);
  ipvsadm(lvs, `-A -u ${VIP}:80 -s rr`, ...[11, 12].map((k) => `-a -u ${VIP}:80 -r 10.8.2.${k}:80 -m`));
  assert.deepEqual(asked(client, 'udp', VIP, 80, 2), ['web2', 'web1']);
}

const LOCAL = '10.8.2.77';

/** By FULLNAT, to a server that sees a local address in the client's place: its programs are exchanged, too. */
function byLocalAddress({ client, lvs }: Cluster): void {
  lvs.ip(`addr add ${LOCAL}/24 dev eth1`);
  ipvsadm(lvs, `-A -u ${VIP}:81 -s rr`, `-a -u ${VIP}:81 -r 10.8.2.11:80 --fullnat --local-address ${LOCAL}`);
  assert.deepEqual(asked(client, 'udp', VIP, 81, 1), ['web1']);
}

/** To a server behind a tunnel. */
function byTunnel({ lvs }: Cluster): void {
  ipvsadm(lvs, `-A -u ${VIP}:82 -s rr`, `-a -u ${VIP}:82 -r 10.8.2.11 -i`);
}

/** The number of what is in the first place of a pinned array of programs or of maps; 0: nothing is. */
export function firstIn(folder: string, pin: string): number {
  const found = new Uint32Array(1);
  using(BpfMap.pinned(`${folder}/${pin}`), (map) => map.lookup(new Uint8Array(4), new Uint8Array(found.buffer)));
  return found[0] ?? 0;
}

/** Of the table of sources that XDP's program on the links has. */
const quickSources = (folder: string): number => firstIn(folder, 'quick_sources');

/** It has the leases that the programs of FULLNAT write, and their pools. */
function quickLeases(folder: string): void {
  for (const [array, pin] of [
    ['quick_leases', LEASES_PIN],
    ['quick_pools', POOLS_PIN],
  ] as const)
    assert.equal(
      firstIn(folder, array),
      using(BpfMap.pinned(`${folder}/${pin}`), (map) => map.info().id),
      array,
    );
}

/** To another build and back: no packet is lost, and the table stays. */
export async function exchangeUnderTraffic(attach: 'tc' | 'xdp'): Promise<void> {
  const { object, remove } = keptBuild();
  try {
    await inCluster(async (cluster) => {
      const { lvs } = cluster;
      if (attach === 'xdp') pollingFarEnds(cluster);
      ok(lvs.weir(`load --attach ${attach}`));
      await balancing(cluster);
      byLocalAddress(cluster);
      const { folder, conf } = tablesOf(lvs);
      assert.equal(quickSources(folder), 0, 'there is no tunnel');
      quickLeases(folder);
      byTunnel(cluster);
      const sources = quickSources(folder);
      assert.notEqual(sources, 0);
      const datagrams = [await begun(cluster, ...station('stream', VIP, 80)), await begun(cluster, ...station('stream', VIP, 81))];
      const [before, saved] = [programs(folder), ok(lvs.ipvsadm('-Sn'))];
      assert.deepEqual(before.builds, [buildPin(artifact('weir.bpf.o'))]);
      assert.equal(ok(lvs.run(exchangeTo(object))), 'true\n');
      const between = programs(folder);
      allOfOne(folder);
      assert.deepEqual(between.builds, [buildPin(object)]);
      assert.deepEqual(Object.keys(between.links), Object.keys(before.links));
      for (const [name, id] of Object.entries(before.links)) assert.notEqual(between.links[name], id, name);
      assert.equal(quickSources(folder), sources);
      quickLeases(folder);
      assert.equal(existsSync(`${folder}/${PROGRAMS.xdp}`), attach === 'xdp', 'the program that no interface takes is not loaded');
      const ticks = conf.big(0, Conf.ticks);
      await until(
        () => String(conf.big(0, Conf.ticks) - ticks),
        (more) => Number(more) > 3,
      );
      assert.match(ok(lvs.weir('load')), /^the programs of this build replaced those of another;[^\n]*\n$/);
      assert.deepEqual(programs(folder).builds, before.builds);
      allOfOne(folder);
      assert.equal(ok(lvs.weir('load')), '', 'there is nothing more to do');
      for (const stream of datagrams) await allAnswered(stream, 500);
      assert.equal(ok(lvs.ipvsadm('-Sn')), saved);
    });
  } finally {
    remove();
  }
}
