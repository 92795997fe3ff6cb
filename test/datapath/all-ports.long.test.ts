// Services of all ports, and FTP's data ports, with living hosts: NAT and DR, listings, another size of the table, exact services beside them, and their templates'
// time, on one CPU and on several.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Conf, Dest } from '../../src/datapath/ebpf/abi.gen.js';
import { Template6 } from '../../src/datapath/ebpf/abi6.gen.js';
import { clockOf } from '../../src/datapath/ebpf/recovery/batch.js';
import { clockDifference, unitsOf } from '../../src/datapath/ebpf/table/clock.js';
import { WIDE_PINS, WIDE6_PINS } from '../../src/datapath/ebpf/table/tables.js';
import { type TakenTemplate, takenTemplates } from '../../src/datapath/ebpf/table/templates.js';
import { Template, TemplateAbi } from '../../src/datapath/ebpf/template.gen.js';
import { TCP_STATES } from '../../src/datapath/tcp-state.js';
import { addressId } from '../../src/model/identity.js';
import { Records } from '../../src/sys/bpf/records.js';
import { noNamespaces } from '../support/netns-bed.js';
import { type Bed, inBed, skipReason } from './bed.js';
import { asked, inCluster, ipvsadm, ok, running, serving, servingDirect, shared, transfer, until, VIP } from './cluster.js';
import { VIP as BED_VIP, SERVERS } from './fixtures/bed-addresses.js';
import { IPv4, IPv6 } from './fixtures/family.js';
import { destination, service } from './fixtures/fixture.js';
import { station } from './live-child.js';
import { bedOf, rage, skipReasonOfStorms, total } from './storms.js';

const skip = noNamespaces();
const inside = shared(inCluster);
const activeOf = (bed: Bed): readonly number[] =>
  bed.director.services().flatMap(({ destinations }) => destinations.map(({ active, inactive }) => active + inactive));
const FTP_VIP = '10.8.1.101';
const four = (name: string): readonly string[] => [name, name, name, name];

test('NAT: all ports of a client go to one server, TCP and UDP, and so do those of the director itself', { skip }, async () => {
  await inside(async (cluster) => {
    const { bed, client, lvs, web1, web2 } = cluster;
    for (const web of [web1, web2]) for (const port of [80, 8080]) await serving(cluster, web, port);
    for (const protocol of ['t', 'u'])
      ipvsadm(lvs, `-A -${protocol} ${VIP}:0 -s rr -p 300`, ...[11, 12].map((k) => `-a -${protocol} ${VIP}:0 -r 10.8.2.${k} -m`));
    for (const [host, server] of [
      [client, 'web2'],
      [lvs, 'web1'],
    ] as const) {
      for (const protocol of ['tcp', 'udp'] as const)
        for (const port of [80, 8080])
          assert.deepEqual(asked(host, protocol, VIP, port, 4), four(server), `${protocol} ${port} from ${host.name}`);
      assert.deepEqual(asked(host, 'tcp', VIP, 81, 1), ['ECONNREFUSED'], 'the server resets');
      assert.deepEqual(asked(host, 'udp', VIP, 81, 1), ['ECONNREFUSED'], 'its ICMP error comes back');
    }
    assert.match(ipvsadm(lvs, '-Ln'), /^TCP {2}10\.8\.1\.100:0 rr persistent 300\n {2}-> 10\.8\.2\.11:0 +Masq +1 +\d+ +\d+/m);
    assert.match(ipvsadm(lvs, '-Sn'), /^-A -t 10\.8\.1\.100:0 -s rr -p 300$/m);
    const connections = (): string => ipvsadm(lvs, '-Lcn');
    assert.match(connections(), /^TCP 0[45]:\d\d +ASSURED +10\.8\.1\.10:0 +10\.8\.1\.100:0 +10\.8\.2\.12:0$/m);
    assert.match(connections(), /^UDP \d\d:\d\d +UDP +10\.8\.1\.10:\d+ +10\.8\.1\.100:8080 +10\.8\.2\.12:8080$/m);
    const clients = (): readonly string[] =>
      connections()
        .match(/^UDP .*UDP +10\.8\.1\.10:\d+ +\S+/gm)
        ?.map((row) => row.slice(20))
        .sort() ?? [];
    const before = clients();
    assert.equal(before.length, 9);
    await web2.serve(bed, station('echo', 9001));
    const talk = running(bed, client, station('talk', VIP, 9001, 4));
    await until(
      () => talk.lines,
      (seen) => seen[0] === 'begun',
    );
    // Another size: the bridging programs of the links' table, and the plain ones after them, go on into this build's, whose table is the next one.
    assert.match(ok(lvs.weir('load --connections 100000')), /room for 131072 connections/);
    assert.deepEqual(clients(), before);
    talk.child.kill('SIGTERM');
    await until(
      () => talk.lines,
      (seen) => seen[1] === '4 of 4',
    );
    assert.deepEqual(asked(client, 'tcp', VIP, 8080, 4), four('web2'));
    await transfer(bed, client, web2, VIP, 9000);
  });
});

test('FTP: the data ports of a persistent service of port 21 lead to the server of the command connection', { skip }, async () => {
  await inside(async (cluster) => {
    const { client, lvs, web1, web2 } = cluster;
    // Its clients have no template yet.
    lvs.ip(`addr add ${FTP_VIP}/32 dev eth0`);
    for (const web of [web1, web2]) for (const port of [21, 20, 8080, 80]) await serving(cluster, web, port);
    ipvsadm(lvs, `-A -t ${FTP_VIP}:21 -s rr`, ...[11, 12].map((k) => `-a -t ${FTP_VIP}:21 -r 10.8.2.${k}:21 -m`));
    assert.deepEqual(asked(client, 'tcp', FTP_VIP, 8080, 1), ['ECONNREFUSED'], 'without persistence the director itself answers');
    ipvsadm(lvs, `-E -t ${FTP_VIP}:21 -s rr -p 300`);
    assert.deepEqual(asked(client, 'tcp', FTP_VIP, 21, 4), four('web2'));
    for (const port of [8080, 20]) assert.deepEqual(asked(client, 'tcp', FTP_VIP, port, 4), four('web2'), String(port));
    assert.deepEqual(asked(client, 'tcp', FTP_VIP, 80, 1), ['ECONNREFUSED'], 'a port that needs privilege is no data port');
    assert.deepEqual(asked(lvs, 'tcp', FTP_VIP, 8080, 2), ['web1', 'web1'], 'a client on the director, first by a data port');
    assert.deepEqual(asked(lvs, 'tcp', FTP_VIP, 21, 2), ['web1', 'web1']);
    const listed = ipvsadm(lvs, '-Lcn');
    assert.match(listed, /^TCP 0[45]:\d\d +ASSURED +10\.8\.1\.10:0 +10\.8\.1\.101:0 +10\.8\.2\.12:0$/m);
    assert.match(listed, /^TCP \d\d:\d\d +\w+ +10\.8\.1\.10:\d+ +10\.8\.1\.101:8080 +10\.8\.2\.12:8080$/m);
    assert.match(listed, /^TCP \d\d:\d\d +\w+ +10\.8\.1\.10:\d+ +10\.8\.1\.101:21 +10\.8\.2\.12:21$/m);
  });
});

test('DR, a server on the director, and exact services that come and go', { skip }, async () => {
  await inside(async (cluster) => {
    const { client, lvs, web1, web2 } = cluster;
    await serving(cluster, web1, 80);
    await servingDirect(cluster, web2, '10.8.1.12');
    await serving(cluster, lvs, 8080, '10.8.2.1', 'lvs');
    for (const protocol of ['t', 'u']) ipvsadm(lvs, `-A -${protocol} ${VIP}:0 -s rr -p 300`, `-a -${protocol} ${VIP}:0 -r 10.8.1.12 -g`);
    for (const protocol of ['tcp', 'udp'] as const) assert.deepEqual(asked(client, protocol, VIP, 80, 2), ['web2', 'web2'], protocol);
    ipvsadm(lvs, `-A -t ${VIP}:80 -s rr`, `-a -t ${VIP}:80 -r 10.8.2.11:80 -m`);
    assert.deepEqual(asked(client, 'tcp', VIP, 80, 2), ['web1', 'web1'], 'the exact service comes first');
    ipvsadm(lvs, `-D -t ${VIP}:80`);
    assert.deepEqual(asked(client, 'tcp', VIP, 80, 2), ['web2', 'web2'], 'and has gone');
    ipvsadm(lvs, `-D -t ${VIP}:0`, `-A -t ${VIP}:0 -s rr -p 300`, `-a -t ${VIP}:0 -r 10.8.2.1 -m`);
    assert.deepEqual(asked(client, 'tcp', VIP, 8080, 2), ['lvs', 'lvs'], 'on the director');
    assert.match(lvs.ipvsadm(`-E -t ${VIP}:0 -s rr`).stderr, /Zero port specified for non-persistent service/);
  });
});

test('a storm on both CPUs to eight ports, while connections expire: each is there once and counted once', {
  skip: skipReasonOfStorms(),
}, async () => {
  const bed = bedOf('tc', 8192); // one client port's connections are in one neighbourhood
  try {
    const { service: spec } = service('tcp', BED_VIP, 0, []);
    bed.director.addService({ ...spec, persistence: { timeout: 300, netmask: 0xffffffff } });
    for (const server of SERVERS) bed.director.addDestination(spec.key, destination(`${server}:0`, 'masq'));
    const forwarded = async (letters: readonly string[]): Promise<number> => {
      const harvests = await rage(bed, { kind: 'tc', flows: 1000, packets: 5000, letters, ports: 8 }, () => {});
      assert.equal(total(harvests, 'dropped'), 0);
      return total(harvests, 'forwarded');
    };
    const timeouts = TCP_STATES.map((_, state) => bed.tables.conf.get(0, Conf.tcpTimeout, state));
    for (const state of TCP_STATES.keys()) bed.tables.conf.set(0, Conf.tcpTimeout, 8, state); // an eighth of a second
    const first = await forwarded(['S', 'S', 'A', 'FA']);
    for (const [state, timeout] of timeouts.entries()) bed.tables.conf.set(0, Conf.tcpTimeout, timeout, state);
    await until(
      () => activeOf(bed),
      (counts) => counts.every((count) => count === 0),
    );
    const before = bed.totals().conns;
    const second = await forwarded(['S', 'S', 'A']);
    const rows = [...bed.director.connections()].filter(({ client }) => client.port !== 0);
    const names = new Set(rows.map(({ client, virtual }) => `${addressId(client.address)} ${client.port} ${virtual.port}`));
    assert.equal(names.size, rows.length, 'none is there twice');
    assert.ok(rows.every(({ virtual, destination: server }) => virtual.port === server.port));
    assert.ok(rows.length > 900, `${rows.length} connections`);
    assert.equal(bed.drops()['half_open_replaced'], undefined);
    const totals = bed.totals();
    assert.equal(totals.conns - before, rows.length, 'connections counted and in the table');
    assert.equal(totals.inPackets, first + second, 'packets counted and forwarded');
    assert.equal(
      activeOf(bed).reduce((sum, active) => sum + active),
      rows.length,
    );
  } finally {
    bed.close();
  }
});

/** Tables of a family: where its connections to all ports are, and its templates. */
const TABLES = [
  { family: IPv4, words: 1, conns: WIDE_PINS.conns, templates: 'templates', bytes: Template.bytes },
  { family: IPv6, words: 4, conns: WIDE6_PINS.conns, templates: WIDE6_PINS.templates, bytes: Template6.bytes },
] as const;

type FamilyTables = (typeof TABLES)[number];

/** The template of the one client of a family. */
const templateOf = ({ tables }: Bed, { words }: FamilyTables): TakenTemplate | undefined =>
  [...takenTemplates(tables)].find(({ client }) => client.length === words);

/** Its time has come. */
function expire(bed: Bed, { templates, bytes }: FamilyTables): void {
  const slots = new Records(bed.memoryOf(templates), bytes);
  const slot =
    Array.from({ length: slots.count }, (_, k) => k).find((k) => slots.big(k, Template.value) !== 0n) ?? assert.fail('no template');
  const value = slots.big(slot, Template.value);
  const past = BigInt((clockOf(bed.tables) - unitsOf(1, bed.tables.conf.get(0, Conf.hz))) >>> 0);
  assert.ok(slots.swapBig(slot, Template.value, value, (value & ~0xffffffffn) | past));
}

function secondsLeft(bed: Bed, tables: FamilyTables): number {
  const hz = bed.tables.conf.get(0, Conf.hz);
  return clockDifference(templateOf(bed, tables)?.expires ?? 0, clockOf(bed.tables)) / unitsOf(1, hz);
}

// FTP's templates are asked by the timer of the exact services, and only data connections hold this one. Both families wait for it together.
for (const [what, port, dataPort] of [
  ['connections to any port', 0, 80],
  ['data connections of FTP', 21, 2000],
] as const)
  test(`a template that ${what} hold lives on, one without is removed, in both families`, { skip: skipReason() }, () =>
    inBed(async (bed) => {
      for (const { family } of TABLES) {
        const { service: spec } = service('tcp', family.vip, port, []);
        bed.director.addService({ ...spec, persistence: { timeout: 300, netmask: family.hostMask } });
        for (const server of family.servers) bed.director.addDestination(spec.key, destination(family.at(server, port), 'masq'));
        const packet = family.tcp({ from: family.at(family.client, 4000), to: family.at(family.vip, dataPort) }, 'S');
        assert.equal(bed.send('ingress', 'front', family.fromClient(packet, family.client)).verdict, 'redirect');
      }
      for (const tables of TABLES) expire(bed, tables);
      await until(
        () => TABLES.map((tables) => templateOf(bed, tables)?.asked === false && secondsLeft(bed, tables) > 0),
        (held) => held.every(Boolean),
      );
      for (const tables of TABLES) {
        const left = secondsLeft(bed, tables);
        assert.ok(left <= TemplateAbi.TEMPLATE_HELD_SECONDS, `${tables.family.name}: ${left} s`);
        new Uint8Array(bed.memoryOf(tables.conns)).fill(0); // the connection ended
        bed.tables.dests.set(templateOf(bed, tables)?.dest ?? 0, Dest.active, 0);
        expire(bed, tables);
      }
      await until(
        () => [...takenTemplates(bed.tables)].length,
        (count) => count === 0,
      );
      assert.equal(bed.tables.conf.get(0, Conf.templatesLive), 0);
    }),
  );
