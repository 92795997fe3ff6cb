// What the datapath has seen: drops that go on, drops that are over, a table without room, servers at their thresholds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { destination, director, service } from '../../../../test/support/doctor-facts.js';
import { ip } from '../../../../test/support/ip.js';
import type { Finding } from '../../../model/finding.js';
import { destinationId } from '../../../model/identity.js';
import { diagnose } from '../../diagnose.js';
import type { ClientFact, DirectorFacts } from '../../facts.js';
import type { FillFacts } from '../../table-facts.js';

const found = (change: Partial<DirectorFacts>): readonly Finding[] => diagnose({ ...director, ...change });
const codes = (change: Partial<DirectorFacts>) => found(change).map(({ severity, code }) => `${severity} ${code}`);
type Counts = Readonly<Record<string, number>>;
const drops = (recent: Counts, now: Counts = {}, dropPacket = 0): Partial<DirectorFacts> => ({
  drops: {
    seconds: 60,
    recent: new Map(Object.entries(recent)),
    now: new Map(Object.entries(now)),
    texts: new Map(),
    dropPacket,
    amDroprate: 10,
    natIcmpSend: 0,
  },
});
const fill = (connections: number, halfOpen = 0): { readonly fill: FillFacts } => ({
  fill: { connections, halfOpen, capacity: 4096, slots: 8192 },
});

test('what is dropped while doctor looks is a fault; what was dropped is a number', () => {
  assert.deepEqual(codes(drops({})), []);
  assert.deepEqual(codes(drops({ no_route: 9 }, { no_route: 2 })), ['warning next-hop-missing']);
  assert.deepEqual(codes(drops({ no_route: 9 })), ['info drops-seen'], 'it is over');
  assert.deepEqual(codes(drops({ redirect_failed: 9 }, { redirect_failed: 2 })), ['warning sending-failed']);
  assert.deepEqual(codes(drops({ half_open_replaced: 9 }, { half_open_replaced: 1 })), ['warning table-evicts']);
  assert.deepEqual(codes(drops({ idle_replaced: 9 }, { idle_replaced: 1 })), ['warning table-evicts']);
  assert.deepEqual(codes(drops({ closed_replaced: 9 }, { closed_replaced: 1 })), [], 'nobody misses it');
  assert.deepEqual(codes(drops({ table_full: 9 }, { table_full: 1 })), ['error table-full']);
  const replaced = found({
    ...drops({ template_replaced: 9 }, { template_replaced: 1 }),
    fill: { ...fill(9).fill, templates: { living: 900, slots: 1024 } },
  });
  assert.deepEqual(
    replaced.map(({ severity, code }) => `${severity} ${code}`),
    ['warning templates-full'],
  );
  assert.match(replaced[0]?.cause ?? '', /900 templates, of both families; 1024 places/);
  assert.deepEqual(codes(drops({ template_replaced: 9 })), ['info drops-seen'], 'it is over');
  assert.deepEqual(codes(drops({ fragment: 3, ttl: 4, no_connection: 99 }, { fragment: 1 })), ['info drops-seen'], 'from any network');
  assert.match(found(drops({ fragment: 3, ttl: 4, no_connection: 99 }))[0]?.what ?? '', /60 s 7 packets were not balanced/);
});

test('FULLNAT: no local port is free', () => {
  assert.deepEqual(codes(drops({ no_local_port: 9 }, { no_local_port: 2 })), ['error local-ports-full']);
  assert.deepEqual(codes(drops({ no_local_port: 9 })), ['info drops-seen'], 'it is over');
  assert.deepEqual(codes(drops({ local_port_replaced: 9 }, { local_port_replaced: 1 })), ['warning local-ports-short']);
});

test('nat_icmp_send: the setting by which no answer of a masqueraded server arrives here', () => {
  const counts = drops({ nat_icmp_send: 5 }, { nat_icmp_send: 2 }).drops ?? assert.fail();
  const of = (natIcmpSend: number) => codes({ drops: { ...counts, natIcmpSend } });
  assert.deepEqual(of(1), ['error nat-icmp-send']);
  assert.deepEqual(of(0), ['info drops-seen'], 'it is over');
});

test('drop_packet: the setting by which new connections are dropped', () => {
  const of = (dropPacket: number, now: Counts = {}) =>
    found({ ...fill(7900), ...drops({ drop_packet: 4, fragment: 1 }, now, dropPacket) })
      .filter(({ code }) => code.startsWith('drop'))
      .map(({ severity, code, what, cause }) => `${severity} ${code}: ${what}: ${cause}`);
  const [always, others] = of(3, { drop_packet: 2 });
  assert.match(
    always ?? '',
    /^warning drop-packet: new connections are dropped \(2 while doctor looked, 4 in 60 s\): net\.ipv4\.vs\.drop_packet is 3,/,
  );
  assert.match(always ?? '', /drops one in 10 of them/);
  assert.match(others ?? '', /^info drops-seen: in the last 60 s 1 packet was not balanced/);
  assert.match(of(2)[0] ?? '', /^warning .*\(4 in 60 s\): net\.ipv4\.vs\.drop_packet is 2: .*7900 connections in 8192 places/);
  assert.match(of(1)[1] ?? '', /^info drop-packet: new connections were dropped .*: net\.ipv4\.vs\.drop_packet was active; it is 1 now, /);
  assert.deepEqual(codes(drops({}, {}, 3)), [], 'nothing was dropped');
});

test('a next hop that is missing is the consequence of an error', () => {
  const closed = { handovers: [], connects: [{ address: ip('10.5.0.51'), port: 80, error: 'ECONNREFUSED' }] };
  assert.deepEqual(codes({ ...drops({ no_route: 9 }, { no_route: 2 }), ...closed }), ['error server-unreachable']);
});

test('a table that is almost full is one finding, with what fills it', () => {
  assert.deepEqual(codes(fill(4096)), [], 'what it is made for');
  assert.deepEqual(codes(fill(6200)), ['warning table-almost-full']);
  assert.match(found(fill(6200, 6000))[0]?.cause ?? '', /of which 6000 are half open: either a SYN flood, or servers do not answer/);
  assert.deepEqual(codes({ ...fill(8000), ...drops({ table_full: 5 }) }), ['error table-full'], 'full still');
  assert.deepEqual(codes({ ...fill(100), ...drops({ table_full: 5 }) }), ['info drops-seen'], 'it has room again');
});

test('all servers in service at their upper thresholds', () => {
  const [one, two] = [destination('10.5.0.51', 80, 'route'), destination('10.5.0.52', 80, 'route')];
  const of = (...full: readonly (typeof one)[]) => [
    { ...service('10.5.0.9', 80, [one, two], 'rr'), overloaded: new Set(full.map(destinationId)) },
  ];
  assert.deepEqual(codes({ services: of(one) }), []);
  assert.deepEqual(codes({ services: of(one, two) }), ['error thresholds-reached']);
});

test('a VIP that is not here: packets that arrive for it make it an error', () => {
  const services = [service('203.0.113.8', 80, director.services[0]?.destinations ?? [])];
  assert.deepEqual(codes({ services, handovers: [] }), ['warning vip-absent']);
  assert.deepEqual(codes({ services, handovers: [], ...drops({ not_local: 4 }) }), ['error vip-absent']);
});

test('UDP packets of clients without a route back show that a route is missing', () => {
  const client: ClientFact = { client: ip('77.77.77.77'), vip: ip('10.5.0.9'), path: { to: ip('77.77.77.77'), kind: 'none' }, seen: false };
  const masq = {
    services: [service('10.5.0.9', 80, [destination('10.6.0.51', 80, 'masq')])],
    settings: new Map([...director.settings, ['net/ipv4/ip_forward', '1']]),
    clients: [client],
  };
  assert.deepEqual(codes(masq), []);
  assert.deepEqual(codes({ ...masq, ...drops({ martian: 3 }) }), ['error client-unroutable', 'info drops-seen']);
});
