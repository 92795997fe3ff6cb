// What the tests of a takeover share: a director whose tables the build before has loaded, and what must hold after one.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Abi, ConnSlot, Drops } from '../../src/datapath/ebpf/abi.gen.js';
import { LAYOUTS } from '../../src/datapath/ebpf/layouts.gen.js';
import { buildPin } from '../../src/datapath/ebpf/load/build-pin.js';
import { REASONS } from '../../src/datapath/ebpf/reasons.gen.js';
import { pinnedLayouts } from '../../src/datapath/ebpf/table/layout.js';
import { SECOND_TABLE_PIN, TAKEOVER_PIN } from '../../src/datapath/ebpf/table/tables.js';
import { parseAddress } from '../../src/model/address-text.js';
import type { ServiceKey } from '../../src/model/service.js';
import { BpfMap } from '../../src/sys/bpf/bpf-objects.js';
import { Records } from '../../src/sys/bpf/records.js';
import { using } from '../../src/sys/fd.js';
import { swap16, swap32 } from '../../src/wire/bytes.js';
import type { Host } from '../support/netns-bed.js';
import { type Cluster, ok, pollingFarEnds, tablesOf } from './cluster.js';
import { filesOf, NEXT, type OtherBuild, THIS_BUILD } from './layouts.js';
import { clients, madeInAll, ofLinks, type Subject, TALKERS, traffic } from './resizing.js';
import type { TableView } from './table-check.js';

const BUCKETS = 1024;

const child = (...words: readonly string[]): readonly string[] => [
  process.execPath,
  fileURLToPath(new URL('./takeover-child.js', import.meta.url)),
  ...words,
];

/** `conf.layout` of a next build. */
export const LAYOUT_NEXT = 2;

/** The command by which a build takes over this build's tables. `nth`: the step before which it is killed. */
export const takingOver = (build: OtherBuild, layout = LAYOUT_NEXT, nth = 0): readonly string[] =>
  child('take', JSON.stringify(build), String(layout), String(nth));

/** The build before has loaded the tables, and is under traffic. Its connections of TCP, as this build would list them. */
export async function loadedBefore(cluster: Cluster, before: OtherBuild, attach: 'tc' | 'xdp', subject: Subject = ofLinks) {
  const { lvs } = cluster;
  const key: ServiceKey = { kind: 'address', protocol: 'tcp', address: parseAddress(subject.vip) ?? assert.fail(), port: 80 };
  ok(lvs.run(child('load', JSON.stringify(before), String(BUCKETS), attach, JSON.stringify(key))));
  const { ends } = await traffic(cluster, subject);
  const listed = clients(lvs);
  ok(lvs.run(child('mark', JSON.stringify({ ...LAYOUTS, ...before.layouts }))));
  return { ends, listed };
}

/** One table, these programs and these numbers: nothing of a takeover is left. */
export function settledWith(lvs: Host, build: OtherBuild): void {
  const tables = tablesOf(lvs);
  const pins = readdirSync(tables.folder);
  assert.deepEqual(
    pins.filter((name) => name.startsWith(TAKEOVER_PIN) || name === SECOND_TABLE_PIN),
    [],
  );
  assert.deepEqual(
    pins.filter((name) => name.startsWith('build_')),
    [buildPin(filesOf(build)('weir.bpf.o'), filesOf(build))],
  );
  assert.deepEqual(pinnedLayouts(tables), build.layouts);
}

export function viewOf(lvs: Host): TableView {
  const tables = tablesOf(lvs);
  const memory = using(BpfMap.pinned(`${tables.folder}/conns`), (map) => {
    const { valueSize, maxEntries } = map.info();
    return map.mmap(valueSize * maxEntries, false);
  });
  return { tables, slots: () => new Records(memory, ConnSlot.bytes) };
}

const TCP_SERVICE = 1n;

/** Established connections of TCP in the layout that may come next, as the listing of this build names their clients. */
export function establishedNext(lvs: Host): readonly string[] {
  const slots = viewOf(lvs).slots();
  const found: string[] = [];
  for (let index = 0; index < slots.count; index++) {
    const [key, value] = [slots.big(index, ConnSlot.key), slots.big(index, ConnSlot.value)];
    const dest = (value >> BigInt(Abi.V_DEST_SHIFT)) & BigInt(Abi.V_DEST_MASK);
    if (dest === 0n || key >> BigInt(Abi.K_SERVICE_SHIFT) !== TCP_SERVICE) continue;
    assert.equal((value >> BigInt(NEXT.V_STATE_SHIFT)) & 15n, 1n, 'established');
    assert.equal((value >> BigInt(NEXT.V_METHOD_SHIFT)) & 3n, 0n, 'masqueraded');
    const address = swap32(Number(key & 0xffffffffn));
    const port = swap16(Number((key >> BigInt(Abi.K_PORT_SHIFT)) & 0xffffn));
    found.push(`${[24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.')}:${port}`);
  }
  return found.sort();
}

/** No packet was dropped for want of a connection, a lock or a place. */
export function noneDropped(lvs: Host): void {
  const { drops } = tablesOf(lvs);
  for (const name of ['table_full', 'busy', 'no_connection', 'half_open_replaced', 'closed_replaced', 'idle_replaced']) {
    const reason = REASONS.findIndex(({ key }) => key === name);
    for (let cpu = 0; cpu < drops.count; cpu++) assert.equal(drops.big(cpu, Drops.count, reason), 0n, name);
  }
}

/** By `weir load` from the layout before to this one, then to a next one, under traffic. */
export async function takenOverTwice(
  attach: 'tc' | 'xdp',
  before: OtherBuild,
  next: OtherBuild,
  subject: Subject = ofLinks,
): Promise<void> {
  await subject.inCluster(async (cluster) => {
    const { lvs } = cluster;
    if (attach === 'xdp') pollingFarEnds(cluster);
    const { ends, listed } = await loadedBefore(cluster, before, attach, subject);
    assert.equal(listed.length, TALKERS);
    const refused = lvs.ipvsadm('-Ln');
    assert.notEqual(refused.status, 0);
    assert.match(refused.stderr, /the build before \(maps? conns\b[^)]* layouts?\)[\s\S]*weir load/);
    const check = ok(lvs.weir('upgrade --check'));
    assert.match(check, /^weir load takes over the tables of the build before, under traffic; no packet is lost\n/);
    const line = new RegExp(`  ${subject.label ?? 'IPv4'}: (\\d+) connections, moved into a table with room for \\d+\n`);
    const count = Number(line.exec(check)?.[1]);
    assert.ok(count >= TALKERS, check);
    assert.match(ok(lvs.weir('load')), /^the tables of the build before were taken over: \d+ connections moved, none was lost\n$/);
    settledWith(lvs, THIS_BUILD);
    assert.deepEqual(clients(lvs), listed);
    await madeInAll(lvs, TALKERS);
    assert.ok(Number(ok(lvs.run(takingOver(next)))) >= TALKERS);
    settledWith(lvs, next);
    if (subject === ofLinks) assert.deepEqual(establishedNext(lvs), listed);
    await ends();
    noneDropped(lvs);
  });
}
