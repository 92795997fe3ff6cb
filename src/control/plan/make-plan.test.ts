import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import { readText } from '../../../test/support/keepalived-text.js';
import { addressId, destinationId, serviceId } from '../../model/identity.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import { wantedTable } from '../../model/keepalived/wanted-table.js';
import type { DestinationSpec, ServiceKey } from '../../model/service.js';
import { checkerIdentity, realIdentity, serverIdentity } from '../check/identity.js';
import { rememberedKey } from '../check/remembered.js';
import { makePlan, type PlanFacts } from './make-plan.js';
import { hasChanges } from './plan.js';
import { planText } from './plan-text.js';

const real = (host: number, more = ''): string =>
  `real_server 10.0.0.${host} 80 {\n weight ${host}\n TCP_CHECK {\n connect_timeout 3\n }\n ${more}\n }\n`;
const server = (reals: string, own = 'lvs_sched wlc', port = 80): string =>
  `virtual_server 192.0.2.1 ${port} {\n${own}\nlvs_method NAT\nprotocol TCP\n${reals}}\n`;
const vrrp = (addresses: string, own = ''): string =>
  `vrrp_instance WEB {\ninterface eth0\nvirtual_router_id 5\n${own}\nvirtual_ipaddress {\n${addresses}\n}\n}\n`;
const read = (text: string): KeepalivedConfiguration => readText(text).configuration;

const key = (port = 80): ServiceKey => ({ kind: 'address', protocol: 'tcp', address: ip('192.0.2.1'), port });
const server80 = (host: number) => ({ address: ip(`10.0.0.${host}`), port: 80 });

const empty: PlanFacts = {
  present: new Map(),
  connections: new Map(),
  services: new Map(),
  health: { remembered: new Map(), files: new Map(), atUs: 0 },
  held: new Set(),
  expireNodest: false,
};

/** The table of a file, as it is while all servers are well, with connections of hosts. */
function made(running: KeepalivedConfiguration, hosts: Readonly<Record<number, number>> = {}): PlanFacts {
  const id = serviceId(key());
  const counts = new Map(Object.entries(hosts).map(([host, count]) => [destinationId(server80(Number(host))), count]));
  return { ...empty, present: wantedTable(running), connections: new Map([[id, counts]]), services: new Map([[id, key()]]) };
}

const lines = (running: KeepalivedConfiguration | undefined, next: KeepalivedConfiguration, facts: PlanFacts): readonly string[] =>
  planText(makePlan(running, next, facts), { all: false });

test('the same file changes nothing, and what stays is counted', () => {
  const file = read(server(real(1) + real(2)) + vrrp('192.0.2.1/24'));
  const plan = makePlan(file, file, made(file, { 1: 3 }));
  assert.equal(hasChanges(plan), false);
  assert.deepEqual(planText(plan, { all: false }), [
    'services',
    '  = 1 service with 2 servers as before; 3 connections kept',
    'VIPs',
    '  = 192.0.2.1/24 on eth0 of WEB (not on this host now)',
    'checks',
    '  = 2 checks as before',
    'nothing changes',
  ]);
  assert.equal(planText(plan, { all: true }).filter((line) => line.includes('= TCP_CHECK of')).length, 2);
});

test('servers, weights and the scheduler: each line with its connections', () => {
  const before = read(server(real(1) + real(2) + real(3)));
  const after = read(server(`${real(1)}${real(2).replace('weight 2', 'weight 9')}${real(4)}`, 'lvs_sched rr'));
  assert.deepEqual(lines(before, after, made(before, { 1: 5, 2: 1, 3: 2 })), [
    'services',
    '  ~ [192.0.2.1]:tcp:80 scheduler wlc → rr; 6 connections kept, 2 connections cut',
    '    - [10.0.0.3]:tcp:80 Masq, weight 3; 2 connections cut: their packets are dropped until the server is back',
    '    ~ [10.0.0.2]:tcp:80 weight 2 → 9; 1 connection kept',
    '    + [10.0.0.4]:tcp:80 Masq, weight 4',
    '    = 1 server as before',
    'checks',
    '  - TCP_CHECK of [10.0.0.3]:tcp:80 of [192.0.2.1]:tcp:80',
    '  + TCP_CHECK of [10.0.0.4]:tcp:80 of [192.0.2.1]:tcp:80',
    '  = 2 checks as before',
    'changes: 1 service, 3 servers, 2 checks; 8 live connections: 6 kept, 0 moved, 2 cut, 0 resumed',
  ]);
});

test('a service that goes cuts its connections; one that comes back resumes them; others stay', () => {
  const both = read(server(real(1)) + server(real(1), 'lvs_sched rr', 443));
  const one = read(server(real(1), 'lvs_sched rr', 443));
  assert.deepEqual(
    lines(both, one, made(both, { 1: 7 })).filter((line) => line.includes(':tcp:80 wlc')),
    ['  - [192.0.2.1]:tcp:80 wlc; 7 connections cut: their packets find no service'],
  );
  const gone = { ...made(both, { 1: 7 }), present: wantedTable(one) };
  assert.deepEqual(lines(both, both, gone).slice(0, 6), [
    'changed by hand (from what the running file has to what is in the table)',
    '  ! service [192.0.2.1]:tcp:80 is missing (7 connections)',
    'services',
    '  + [192.0.2.1]:tcp:80 wlc; 7 connections resumed',
    '    + [10.0.0.1]:tcp:80 Masq, weight 1; 7 connections resumed',
    '  = 1 service with 1 server as before',
  ]);
});

test('connections of a server that was removed before are cut by no reload, and counted apart', () => {
  const file = read(server(real(1)));
  const next = read(server(real(1), 'lvs_sched rr'));
  const plan = makePlan(file, next, made(file, { 1: 3, 9: 4 }));
  assert.deepEqual([plan.connections, plan.cutBefore], [{ kept: 3, moved: 0, cut: 0, resumed: 0 }, 4]);
});

test('what was changed by hand is shown, and goes back; a service that is not of the file stays', () => {
  const file = read(server(real(1) + real(2)));
  const there = new Map(wantedTable(file));
  const service = there.get(serviceId(key())) ?? assert.fail();
  const [first, second] = service.destinations as [DestinationSpec, DestinationSpec];
  const byHand = {
    ...service,
    spec: { ...service.spec, scheduler: 'rr' },
    destinations: [
      { ...first, weight: 0 },
      { ...second, ...server80(9) },
    ],
  };
  const present = new Map([
    ...there.set(serviceId(key()), byHand),
    [serviceId(key(99)), { ...service, spec: { ...service.spec, key: key(99) } }],
  ]);
  const plan = makePlan(file, file, { ...made(file, { 1: 4, 9: 1 }), present });
  assert.equal(hasChanges(plan), true);
  const text = planText(plan, { all: false });
  assert.deepEqual(text.slice(0, text.indexOf('checks')), [
    'changed by hand (from what the running file has to what is in the table)',
    '  ! service [192.0.2.1]:tcp:80: scheduler wlc → rr',
    '  ! server [10.0.0.1]:tcp:80 of [192.0.2.1]:tcp:80: weight 1 → 0 (4 connections)',
    '  ! server [10.0.0.2]:tcp:80 of [192.0.2.1]:tcp:80 is missing',
    '  ! server [10.0.0.9]:tcp:80 of [192.0.2.1]:tcp:80 was added (1 connection)',
    '  ! service [192.0.2.1]:tcp:99 is not of the file: it stays',
    'services',
    '  ~ [192.0.2.1]:tcp:80 scheduler rr → wlc; 4 connections kept, 1 connection cut',
    '    - [10.0.0.9]:tcp:80 Masq, weight 2; 1 connection cut: their packets are dropped until the server is back',
    '    ~ [10.0.0.1]:tcp:80 weight 0 → 1; 4 connections kept',
    '    + [10.0.0.2]:tcp:80 Masq, weight 2',
  ]);
});

test('health counts: a server whose check failed stays out, one with alpha waits, the sorry server serves', () => {
  const before = read(server(real(1) + real(2), 'lvs_sched wlc\nsorry_server 10.0.0.9 80'));
  const [virtual] = before.virtualServers;
  const remembered = new Map(
    (virtual?.realServers ?? []).map((one) => {
      const check = one.checkers[0] ?? assert.fail();
      return [
        rememberedKey(serverIdentity(virtual ?? assert.fail()), realIdentity(one), checkerIdentity(check)),
        { up: false, weight: 0, status: 0, reason: 'HTTP status code error (/: status 503)' },
      ];
    }),
  );
  const down: PlanFacts = { ...made(before), health: { remembered, files: new Map(), atUs: 0 } };
  const sorry = new Map(
    [...wantedTable(before)].map(([id, one]) => [
      id,
      { ...one, destinations: [{ ...one.destinations[0], ...server80(9), weight: 1 } as DestinationSpec] },
    ]),
  );
  const plan = makePlan(before, before, { ...down, present: sorry });
  assert.equal(hasChanges(plan), false, 'both are out and the sorry server serves: as it is');
  const more = makePlan(before, read(server(real(1) + real(2) + real(3), 'lvs_sched wlc\nsorry_server 10.0.0.9 80')), {
    ...down,
    present: sorry,
  });
  const changed = more.services[0]?.servers
    .filter(({ action }) => action !== 'keep')
    .map((one) => `${one.action} ${one.server} ${one.reason ?? ''}`);
  assert.deepEqual(changed, [
    'remove [10.0.0.9]:tcp:80 ',
    'add [10.0.0.3]:tcp:80 ',
    'out [10.0.0.1]:tcp:80 failed',
    'out [10.0.0.2]:tcp:80 failed',
  ]);
  assert.match(
    planText(more, { all: false }).join('\n'),
    /^ {4}\. \[10\.0\.0\.2\]:tcp:80 stays out of the table: its check failed: \w+ HTTP status code error \(\/: status 503\)$/m,
  );
  const alpha = makePlan(undefined, read(server(real(1) + real(2), 'lvs_sched wlc\nalpha')), empty);
  assert.deepEqual(
    alpha.services[0]?.servers.map(({ action, reason }) => [action, reason]),
    [
      ['out', 'not checked yet'],
      ['out', 'not checked yet'],
    ],
  );
});

test('VIPs: what comes, goes, changes and stays, and the connections to those that this host has', () => {
  const before = read(vrrp('192.0.2.1/24\n192.0.2.2/24\n192.0.2.3/24') + server(real(1)));
  const after = read(vrrp('192.0.2.2/24 label eth0:1\n192.0.2.3/24\n192.0.2.4/24', 'priority 120') + server(real(1)));
  const held = new Set(['192.0.2.1', '192.0.2.2', '192.0.2.3'].map((address) => addressId(ip(address))));
  const plan = makePlan(before, after, { ...made(before, { 1: 6 }), held });
  assert.deepEqual(planText(plan, { all: false }).slice(2), [
    'VIPs',
    '  - 192.0.2.1/24 on eth0 of WEB; 6 connections cut: their packets come to this host no more',
    '  ~ 192.0.2.2/24 on eth0 of WEB: label none → eth0:1',
    '  = 192.0.2.3/24 on eth0 of WEB',
    '  + 192.0.2.4/24 on eth0 of WEB (set when the instance is MASTER)',
    'checks',
    '  = 1 check as before',
    'settings',
    '  ~ vrrp_instance WEB: priority 100 → 120',
    'changes: 3 VIPs, 1 group of settings; 6 live connections: 0 kept, 0 moved, 6 cut, 0 resumed',
  ]);
});

test('settings that are no line of the table are named, field by field, without secrets', () => {
  const secret = (word: string): string => `authentication {\nauth_type PASS\nauth_pass ${word}\n}`;
  const before = read(vrrp('192.0.2.1', secret('first')) + server(real(1), 'lvs_sched wlc\nquorum 1'));
  const after = read(
    vrrp('192.0.2.1', secret('second')) + server(real(1, 'inhibit_on_failure').replace('timeout 3', 'timeout 5'), 'lvs_sched wlc\nomega'),
  );
  const plan = makePlan(before, after, made(before));
  const texts = planText(plan, { all: false });
  assert.ok(!texts.some((line) => /first|second/.test(line)));
  assert.deepEqual(texts.slice(texts.indexOf('checks')), [
    'checks',
    '  ~ TCP_CHECK of [10.0.0.1]:tcp:80 of [192.0.2.1]:tcp:80: connect timeout 3 s → 5 s',
    'settings',
    '  ~ vrrp_instance WEB: authentication before → changed',
    '  ~ virtual_server [192.0.2.1]:tcp:80: omega false → true',
    '  ~ real_server [10.0.0.1]:tcp:80 of [192.0.2.1]:tcp:80: inhibit on failure false → true',
    'changes: 1 check, 3 groups of settings; no live connections',
  ]);
});

test('a start: everything is new; lvs_flush removes what is not of the file, and what is there already stays', () => {
  const file = read(`global_defs {\nlvs_flush\nlvs_timeouts tcp 100\n}\n${server(real(1))}`);
  const there = made(file, { 1: 2 });
  const present = new Map([
    ...there.present,
    [
      serviceId(key(99)),
      {
        ...(there.present.get(serviceId(key())) ?? assert.fail()),
        spec: { key: key(99), scheduler: 'rr', schedFlags: 0, onePacket: false },
      },
    ],
  ]);
  assert.deepEqual(lines(undefined, file, { ...there, present, timeouts: { tcp: 900, tcpFin: 120, udp: 300 } }), [
    'services',
    '  - [192.0.2.1]:tcp:99 rr',
    '    - [10.0.0.1]:tcp:80 Masq, weight 1',
    '  = 1 service with 1 server as before; 2 connections kept',
    'checks',
    '  + TCP_CHECK of [10.0.0.1]:tcp:80 of [192.0.2.1]:tcp:80',
    'settings',
    '  ~ timeouts of connections: tcp 900 s → 100 s',
    'changes: 1 service, 1 server, 1 check, 1 group of settings; 2 live connections: 2 kept, 0 moved, 0 cut, 0 resumed',
  ]);
  assert.ok(lines(undefined, file, empty).includes('  + [192.0.2.1]:tcp:80 wlc'));
});

test('with expire_nodest_conn datagrams go to another server, and TCP is reset there', () => {
  const udp = (text: string): KeepalivedConfiguration => read(text.replace('protocol TCP', 'protocol UDP'));
  const [before, after] = [udp(server(real(1) + real(2))), udp(server(real(1)))];
  const at: ServiceKey = { kind: 'address', protocol: 'udp', address: ip('192.0.2.1'), port: 80 };
  const facts = (running: KeepalivedConfiguration, service: ServiceKey): PlanFacts => ({
    ...made(running),
    connections: new Map([[serviceId(service), new Map([[destinationId(server80(2)), 3]])]]),
    services: new Map([[serviceId(service), service]]),
    expireNodest: true,
  });
  assert.deepEqual(makePlan(before, after, facts(before, at)).connections, { kept: 0, moved: 3, cut: 0, resumed: 0 });
  const tcp = read(server(real(1) + real(2)));
  assert.match(lines(tcp, read(server(real(1))), facts(tcp, key())).join('\n'), /3 connections cut: the next server resets them/);
});

test('servers behind tunnels are planned as others', () => {
  const marked = 'virtual_server fwmark 7 {\nlvs_sched wlc\nlvs_method TUN\nprotocol TCP\n';
  const file = read(`${server(real(1) + real(2, 'lvs_method TUN'))}${marked}${real(1)}}\n`);
  const plan = makePlan(undefined, file, empty);
  assert.deepEqual(plan.services.map(({ service }) => service).sort(), ['FWM 7', '[192.0.2.1]:tcp:80']);
});
