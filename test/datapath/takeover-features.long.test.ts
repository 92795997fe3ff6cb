// Maps of FULLNAT, of the helper for FTP and of tunnels with another layout: tables whose feature is in use are refused, and packets go on; where it
// is not, they are taken over, and the feature works from then on.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { Conf } from '../../src/datapath/ebpf/abi.gen.js';
import { LAYOUT, LAYOUTS } from '../../src/datapath/ebpf/layouts.gen.js';
import { forgetBuild } from '../../src/datapath/ebpf/load/build-pin.js';
import type { DatapathChange } from '../../src/datapath/ebpf/load/datapath-change.js';
import { PROGRAMS } from '../../src/datapath/ebpf/load/load.js';
import { observeDatapath } from '../../src/datapath/ebpf/observe/observer.js';
import { exchangeBuild, openDirector } from '../../src/datapath/ebpf/open.js';
import { pinInPlace } from '../../src/datapath/ebpf/pins/pin-in-place.js';
import { type Layouts, pinLayouts, pinnedLayouts } from '../../src/datapath/ebpf/table/layout.js';
import {
  FEATURE_PINS,
  FTP_COMMANDS_PIN,
  FTP_STREAMS_PIN,
  IDLE_WITHOUT,
  layoutName,
  TUNNEL_SOURCES_PIN,
} from '../../src/datapath/ebpf/table/tables.js';
import { isWeirError } from '../../src/model/errors/weir-error.js';
import { BpfMap, Program } from '../../src/sys/bpf/bpf-objects.js';
import { using } from '../../src/sys/fd.js';
import { type Other, withReplaced } from '../support/replaced.js';
import { type Bed, inBed, skipReason } from './bed.js';
import { ip } from './fixtures/bed-addresses.js';
import { type Family, IPv4, IPv6 } from './fixtures/family.js';
import { destination, service } from './fixtures/fixture.js';
import { addFtp, answer, ask, lifetimes, open } from './ftp-streams.js';

const skip = skipReason();
const LAYOUT_OTHER = 2;
const [CLIENT_PORT, FTP_CLIENT_PORT, FIRST_LOCAL_PORT] = [40_000, 41_000, 1024];
const [FULLNAT_PORT, TUNNEL_PORT] = [80, 53];

const ALL: readonly string[] = [...FEATURE_PINS, ...Object.keys(IDLE_WITHOUT)];
const OF_FULLNAT = ALL.filter((name) => name.startsWith('fullnat'));
const OF_TUNNELS = ALL.filter((name) => name.startsWith('tunnel'));
const OF_IPV6 = ['fullnat_clients6', 'fullnat_ends6', 'fullnat_timers6'];
const ours: Layouts = LAYOUTS;

function addFullnat({ director }: Bed, { vip, servers, own, at }: Family): void {
  const { service: spec } = service('tcp', vip, FULLNAT_PORT, []);
  director.addService(spec);
  director.addDestination(spec.key, { ...destination(at(servers[0], 8080), 'fullnat'), localAddresses: [ip(own.back)] });
}

function addTunnel({ director }: Bed, { vip, servers, at }: Family): void {
  const { service: spec } = service('udp', vip, TUNNEL_PORT, []);
  director.addService(spec);
  director.addDestination(spec.key, destination(at(servers[1], TUNNEL_PORT), 'tunnel'));
}

/** Segments of a FULLNAT connection, there and back, and a datagram through the tunnel: as they leave. */
function sendAll(bed: Bed, { client, vip, servers, own, at, tcp, udp, fromClient, fromServer }: Family): readonly string[] {
  const [asks, local] = [at(client, CLIENT_PORT), at(own.back, FIRST_LOCAL_PORT)];
  const request = (letters: string): Uint8Array => fromClient(tcp({ from: asks, to: at(vip, FULLNAT_PORT) }, letters), client);
  const reply = fromServer(tcp({ from: at(servers[0], 8080), to: local }, 'SA'), servers[0]);
  const datagram = fromClient(udp({ from: asks, to: at(vip, TUNNEL_PORT) }), client);
  return [
    bed.send('ingress', 'front', request('S')),
    bed.send('ingress', 'back', reply),
    bed.send('ingress', 'front', request('A')),
    bed.send('ingress', 'front', datagram),
  ].map(({ verdict, frame }) => {
    assert.equal(verdict, 'redirect');
    return Buffer.from(frame).toString('hex');
  });
}

/** All three features, of both families where they have such. */
function useAll(bed: Bed): void {
  for (const family of [IPv4, IPv6]) {
    addFullnat(bed, family);
    addTunnel(bed, family);
  }
  addFtp(bed);
}

function traffic(bed: Bed): readonly string[] {
  const sent = [IPv4, IPv6].flatMap((family) => sendAll(bed, family));
  open(bed, FTP_CLIENT_PORT);
  answer(bed, FTP_CLIENT_PORT, 'PA');
  ask(bed, FTP_CLIENT_PORT, 'PA', 'PASV\r\n');
  assert.equal(lifetimes(bed).length, 1);
  return sent;
}

/** The tables are those of a build with these numbers. */
function markWith({ folder, tables }: Bed, layouts: Layouts): void {
  pinLayouts(folder, layouts);
  tables.conf.set(0, Conf.layout, LAYOUT_OTHER);
}

const changed = (...names: readonly string[]): Layouts =>
  Object.fromEntries(Object.entries(ours).map(([name, number]) => [name, names.includes(name) ? number + 1 : number]));

const mapNumber = (folder: string, name: string): number => using(BpfMap.pinned(`${folder}/${name}`), (map) => map.info().id);
const mapNumbers = ({ folder }: Bed): readonly number[] => Object.keys(IDLE_WITHOUT).map((name) => mapNumber(folder, name));

const picture = (bed: Bed): readonly unknown[] => [
  readdirSync(bed.folder).sort(),
  mapNumbers(bed),
  using(Program.pinned(`${bed.folder}/${PROGRAMS.ingress}`), (program) => program.id()),
  bed.tables.conf.get(0, Conf.layout),
  pinnedLayouts(bed.tables),
];

const COMMANDS = [() => openDirector().close(), () => openDirector({ takeOver: true }).close(), () => exchangeBuild()];

/** Every command is refused, with this text, and changes nothing. */
function refused(bed: Bed, text: string): void {
  const before = picture(bed);
  for (const command of COMMANDS) {
    assert.throws(
      command,
      (error) => isWeirError(error, 'datapath-other-build') && error.message.includes(`goes on as it is (${text}): its tables have layout`),
    );
    assert.deepEqual(picture(bed), before);
  }
}

test('each of these maps has a number of its own, with a name that fits its record', () => {
  assert.deepEqual(
    ALL.filter((name) => ours[name] === undefined || name.length > 16),
    [],
  );
});

test('a map in use that has another layout is refused by its name, and packets go on', { skip }, () =>
  inBed((bed) => {
    useAll(bed);
    const before = traffic(bed);
    for (const name of ALL) {
      markWith(bed, changed(name));
      refused(bed, `map ${name} has another layout`);
      assert.deepEqual(traffic(bed), before, name);
    }
    const unnumbered = Object.fromEntries(Object.entries(ours).filter(([name]) => !ALL.includes(name)));
    markWith(bed, unnumbered);
    const names = ALL.toSorted();
    refused(bed, `maps ${names.slice(0, -1).join(', ')} and ${names.at(-1)} have other layouts`);
    markWith(bed, ours);
    bed.tables.conf.set(0, Conf.layout, LAYOUT);
    openDirector().close();
    assert.deepEqual(traffic(bed), before);
  }),
);

test('a map counts from the moment on when its feature is used', { skip }, () =>
  inBed((bed) => {
    const unused = (): readonly string[] =>
      ALL.filter((name) => {
        markWith(bed, changed(name));
        const observed = observeDatapath();
        markWith(bed, ours);
        bed.tables.conf.set(0, Conf.layout, LAYOUT);
        assert.ok(observed.kind === 'other-tables' && observed.layouts.loaded === layoutName(LAYOUT_OTHER));
        assert.deepEqual(observed.maps, observed.layout === 'before' ? [] : [name]);
        return observed.layout === 'before';
      });
    assert.deepEqual(unused(), ALL);
    addFullnat(bed, IPv4);
    assert.deepEqual(
      unused(),
      ALL.filter((name) => !OF_FULLNAT.includes(name) || OF_IPV6.includes(name)),
    );
    addTunnel(bed, IPv4);
    assert.deepEqual(unused(), [...OF_IPV6, FTP_STREAMS_PIN, FTP_COMMANDS_PIN]);
    addFtp(bed);
    assert.deepEqual(unused(), OF_IPV6);
    assert.ok(OF_TUNNELS.includes(TUNNEL_SOURCES_PIN));
  }),
);

test('where no feature is in use they are taken over: maps of another layout are made again, and every feature works', { skip }, () =>
  inBed((bed) => {
    // No program of this build could use these.
    for (const name of Object.keys(IDLE_WITHOUT))
      using(BpfMap.createArray('other', 8, 3), (map) => pinInPlace(map, `${bed.folder}/${name}`));
    const before = mapNumbers(bed);
    markWith(bed, changed(...ALL));
    forgetBuild(bed.folder); // its programs are this build's, which would stay
    const picturedBefore = picture(bed);
    // It fails when the maps are pinned, and no link has a program of it.
    const failing: Other<BpfMap, 'pin'> = (_map, [path], was) => {
      if (path.includes('/scratch_space')) throw new Error('out of room');
      was();
    };
    withReplaced(BpfMap.prototype, 'pin', failing, () => assert.throws(() => openDirector({ takeOver: true }), /out of room/));
    assert.deepEqual(picture(bed).slice(1), picturedBefore.slice(1), 'the build before has its own maps again');
    const changes: DatapathChange[] = [];
    openDirector({ takeOver: true, report: (change) => changes.push(change) }).close();
    assert.deepEqual(changes, [{ kind: 'taken-over', moved: 0 }]);
    bed.renew();
    assert.deepEqual(pinnedLayouts(bed.tables), LAYOUTS);
    assert.deepEqual(
      mapNumbers(bed).filter((number) => before.includes(number)),
      [],
    );
    useAll(bed);
    traffic(bed);
    assert.ok(!exchangeBuild());
    traffic(bed);
  }),
);
