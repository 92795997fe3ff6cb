// A takeover where builds beside the links' are loaded, and the build before lacked a map: it is made once, and the programs of all builds share it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import { Conf } from '../../src/datapath/ebpf/abi.gen.js';
import { LAYOUTS } from '../../src/datapath/ebpf/layouts.gen.js';
import { forgetBuild } from '../../src/datapath/ebpf/load/build-pin.js';
import { isLoaded, SIDE_BUILDS, type SideBuild } from '../../src/datapath/ebpf/load/side-builds.js';
import { openDirector } from '../../src/datapath/ebpf/open.js';
import { CALLS_PIN } from '../../src/datapath/ebpf/table/calls.js';
import { pinLayouts, pinnedLayouts } from '../../src/datapath/ebpf/table/layout.js';
import { NOT_SHARED, PINNED_MAPS } from '../../src/datapath/ebpf/table/tables.js';
import { SIP } from '../../src/model/persistence-engine.js';
import { BpfMap } from '../../src/sys/bpf/bpf-objects.js';
import { u32 } from '../../src/sys/bpf/records.js';
import { using } from '../../src/sys/fd.js';
import { noTools } from '../support/probes.js';
import { type Bed, inBed, skipReason } from './bed.js';
import { type Family, IPv4, IPv6 } from './fixtures/family.js';
import { destination, service } from './fixtures/fixture.js';
import { sipMessage } from './fixtures/packets.js';

const skip = skipReason() || noTools('bpftool');
const FAMILIES = [IPv4, IPv6] as const;
const SIP_PORT = 5060;

/** A service for each build: of one port and of all, of both families, with and without SCTP. */
function loadAll({ director }: Bed): void {
  for (const protocol of ['tcp', 'sctp'] as const) {
    for (const { vip, hostMask } of FAMILIES) {
      director.addService(service(protocol, vip, 80, []).service);
      director.addService({ ...service(protocol, vip, 0, []).service, persistence: { timeout: 300, netmask: hostMask } });
    }
  }
}

/** As a build left it that had no calls. */
function makeBefore({ folder, tables }: Bed): void {
  const { [CALLS_PIN]: _, ...before } = LAYOUTS;
  pinLayouts(folder, before);
  rmSync(`${folder}/${CALLS_PIN}`);
  forgetBuild(folder);
  tables.conf.set(0, Conf.layout, 1);
}

const bpftool = (...words: readonly string[]): unknown => JSON.parse(execFileSync('bpftool', ['-j', ...words], { encoding: 'utf8' }));
const numberOf = (path: string): number => using(BpfMap.pinned(path), (map) => map.info().id);

/** The maps that the programs of a build use, by their names in it: numbers. */
function mapsUsed(folder: string, { entryPin, entries }: SideBuild): ReadonlyMap<string, ReadonlySet<number>> {
  const used = new Map<string, Set<number>>();
  using(BpfMap.pinned(`${folder}/${entryPin}`), (array) => {
    for (const [place, program] of entries) {
      const number = new Uint32Array(1);
      assert.ok(array.lookup(u32(place), new Uint8Array(number.buffer)), program);
      const { map_ids: maps } = bpftool('prog', 'show', 'id', String(number[0])) as { readonly map_ids: readonly number[] };
      for (const id of maps) {
        const { name } = bpftool('map', 'show', 'id', String(id)) as { readonly name: string };
        used.set(name, (used.get(name) ?? new Set()).add(id));
      }
    }
  });
  return used;
}

function callBy(bed: Bed, family: Family, port: number): string {
  const { client, vip, at } = family;
  const call = `${family.name}-${port}@example.net`;
  const packet = family.udp({ from: at(client, 4000), to: at(vip, port) }, 64, sipMessage(call));
  assert.equal(bed.send('ingress', 'front', family.fromClient(packet, client)).verdict, 'redirect', call);
  return call;
}

/** A service of calls, for one port or (0) for all. */
function serveCalls({ director }: Bed, { vip, hostMask, servers, at }: Family, port: number): void {
  const { service: spec } = service('udp', vip, port, []);
  director.addService({ ...spec, persistence: { timeout: 300, netmask: hostMask, engine: SIP } });
  director.addDestination(spec.key, destination(at(servers[0], port), 'masq'));
}

test('a map that is new is one map for the programs on the links and for all builds beside them', { skip }, () =>
  inBed((bed) => {
    loadAll(bed);
    for (const build of SIDE_BUILDS) assert.ok(isLoaded(build, bed.folder), build.file);
    makeBefore(bed);
    openDirector({ takeOver: true }).close();
    bed.renew();
    assert.deepEqual(pinnedLayouts(bed.tables), LAYOUTS);
    const shared = PINNED_MAPS.filter((name) => !NOT_SHARED.has(name));
    for (const build of SIDE_BUILDS) {
      const used = mapsUsed(bed.folder, build);
      const pins: Readonly<Record<string, string | undefined>> = { ...build.pins };
      assert.ok(used.has('conns') && used.has('services'), build.file);
      for (const name of shared.filter((each) => used.has(each)))
        assert.deepEqual([...(used.get(name) ?? [])], [numberOf(`${bed.folder}/${pins[name] ?? name}`)], `${name} of ${build.file}`);
    }
    const calls = FAMILIES.flatMap((family) =>
      [SIP_PORT, 0].map((port) => {
        serveCalls(bed, family, port);
        return callBy(bed, family, port === 0 ? SIP_PORT + 1 : port);
      }),
    );
    const listed = [...bed.director.connections()].flatMap(({ engine }) => (engine === undefined ? [] : [engine.data]));
    assert.deepEqual(listed.sort(), [...calls].sort());
  }),
);
