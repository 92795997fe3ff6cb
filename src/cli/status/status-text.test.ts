import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Holder } from '../../model/drain/holder.js';
import { NOTHING_LACKS } from '../../model/stream-node.js';
import type { ServiceStatus, Status } from '../../report/status/status.js';
import { statusText } from './status-text.js';

const NOW = Date.parse('2026-11-21T12:00:00.000Z');
const ago = (seconds: number): string => new Date(NOW - seconds * 1000).toISOString();

const HEALTHY: Status = {
  version: '0.1.0',
  build: '0123456789ab',
  datapath: {
    state: 'loaded',
    build: '0123456789ab',
    programs: 'this',
    since: ago(600),
    interfaces: [
      { name: 'lo', ifindex: 1, tc: true, xdp: false, ingressAlone: false },
      { name: 'eth0', ifindex: 2, tc: true, xdp: true, ingressAlone: false },
    ],
    tcAlone: [],
    firewall: { mode: 'auto', passes: false },
    repairsDue: 0,
  },
  table: {
    connections: 3,
    active: 1,
    inactive: 2,
    capacity: { connections: 1048576, services: 16384, destinations: 65536 },
    fill: 3 / 2097152,
    services: 0,
    destinations: 0,
    unfinishedChange: null,
  },
  services: [],
  drops: { seconds: 61.4, counts: {} },
  stream: null,
  daemons: [],
  notApplied: [],
};

const lines = (change: Partial<Status>): readonly string[] => statusText({ ...HEALTHY, ...change }, NOW).split('\n');
const service = (port: number, weights: readonly number[]): ServiceStatus => {
  const servers = weights.map((weight, k) => ({
    server: `10.0.0.${k}:80`,
    weight,
    configuredWeight: weight,
    heldBy: [],
    inService: weight > 0,
    active: 0,
    inactive: 0,
  }));
  return { service: `TCP 192.0.2.1:${port}`, scheduler: 'rr', up: weights.some((weight) => weight > 0), servers };
};

test('every line has its place', () => {
  const [first, second, ...rest] = lines({});
  assert.equal(first, 'weir       0.1.0, build 0123456789ab');
  assert.match(second ?? '', /^datapath {3}loaded since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \(10 min ago\), programs of this build$/);
  assert.deepEqual(rest, [
    'interfaces lo tc, eth0 tc+XDP',
    'firewall   new connections are balanced in front of it (--firewall auto)',
    'table      3 connections (1 active, 2 inactive) of 1048576; 0.00 % of its places taken',
    '           0 services of 16384, 0 destinations of 65536',
    'services   none',
    'drops      in the last 61 s: none',
    'daemons    none',
    '',
  ]);
});

test('interfaces that weir load cannot cover at egress are named apart from those that it covers', () => {
  const of = (name: string, ingressAlone: boolean) => ({ name, ifindex: 7, tc: false, xdp: false, ingressAlone });
  const text = lines({ datapath: { ...HEALTHY.datapath, interfaces: [of('shaped', true), of('late', false)] } });
  assert.deepEqual(text.slice(2, 5), [
    'interfaces none is covered',
    '           not covered: late (weir load covers them)',
    '           covered at ingress alone: shaped (weir doctor has what to do)',
  ]);
});

test('drops: the most frequent first', () => {
  const [line] = lines({ drops: { seconds: 60, counts: { ttl: 2, no_route: 30 } } }).filter((each) => each.startsWith('drops'));
  assert.equal(line, 'drops      in the last 60 s: 30 no_route, 2 ttl (weir stats drops explains them)');
});

test('many services fit one screen: those that are down first, then those with servers out of service', () => {
  const whole = Array.from({ length: 40 }, (_, k) => service(k + 1, [1]));
  const text = lines({ services: [...whole, service(100, [1, 0, 0, 0, 0, 0, 0]), service(101, [])] });
  const shown = text.slice(text.indexOf('services   41 up, 1 down'));
  assert.deepEqual(shown.slice(0, 4), [
    'services   41 up, 1 down',
    '             DOWN TCP 192.0.2.1:101 rr: it has no server',
    '             up   TCP 192.0.2.1:100 rr: 1 of 7 servers in service, out of service: 10.0.0.1:80 (weight 0), 10.0.0.2:80 (weight 0), 10.0.0.3:80 (weight 0), 10.0.0.4:80 (weight 0), 2 more',
    '             up   TCP 192.0.2.1:1 rr: 1 server in service',
  ]);
  assert.equal(shown[13], '             … 30 more (--json lists all)');
  assert.ok(text.length < 25);
});

test('a server that is held is shown with its configured weight and what holds it', () => {
  const whole = service(80, [0]);
  const target = '10.0.0.0:80';
  const heldBy: readonly Holder[] = [
    { kind: 'drain', id: 'd1', target, state: 'draining' },
    { kind: 'override', target, state: 'maintenance', weight: null, owner: 'root', reason: 'new disks' },
  ];
  const held = { ...whole, servers: whole.servers.map((server) => ({ ...server, configuredWeight: 9, heldBy })) };
  const found = lines({ services: [held] }).find((each) => each.includes('DOWN'));
  assert.match(found ?? '', /\(weight 0, 9 configured; drain d1; override of 10\.0\.0\.0:80: maintenance by root: new disks\)$/);
});

test('VRRP: the state of each instance, since when, and why it is in FAULT; a daemon that publishes none is named', () => {
  const instance = { interface: 'eth0', virtualRouterId: 51, priority: 100, waitsForConnections: null, released: false };
  const text = lines({
    daemons: [
      {
        pid: 812,
        program: 'weir',
        file: '/etc/keepalived/keepalived.conf',
        since: ago(90),
        instances: [
          { ...instance, name: 'V1', state: 'MASTER', since: ago(7300), faults: [] },
          { ...instance, name: 'V2', state: 'FAULT', since: null, faults: ['interface eth1 down'] },
          {
            ...instance,
            name: 'V3',
            state: 'BACKUP',
            since: null,
            faults: [],
            waitsForConnections: { of: ['192.0.2.2:8848'], until: ago(-42) },
          },
        ],
        health: null,
        bfd: null,
        otherBuild: false,
      },
      { pid: 900, program: 'keepalived', file: '/etc/k.conf', since: null, instances: null, health: null, bfd: null, otherBuild: false },
      { pid: 901, program: 'weir', file: '/etc/w.conf', since: null, instances: null, health: null, bfd: null, otherBuild: true },
      {
        pid: 902,
        program: 'weir',
        file: '/etc/weir/weir.yaml',
        since: null,
        instances: null,
        health: null,
        bfd: null,
        proxies: [905],
        otherBuild: false,
      },
    ],
  });
  const serves = 'weir 902 serves it (process 905): weir proxy status shows its pools and their checks';
  assert.deepEqual(
    text.filter((line) => line.includes('weir 902')),
    ['           weir 902, /etc/weir/weir.yaml', `layer 7    ${serves}`],
  );
  assert.match(
    text.find((line) => line.startsWith('VRRP')) ?? '',
    /^VRRP {7}V1 MASTER since .* \(2 h ago\), VRID 51 on eth0, priority 100$/,
  );
  const at = text.findIndex((line) => line.startsWith('VRRP'));
  assert.equal(text[at + 1], '           V2 FAULT, VRID 51 on eth0, priority 100: interface eth1 down');
  const waits = 'waits for connections of its peers before it preempts, at most 42 s: 192.0.2.2:8848';
  assert.equal(text[at + 2], `           V3 BACKUP, VRID 51 on eth0, priority 100; ${waits}`);
  assert.equal(text[at + 3], '           keepalived 900 publishes no state (kill -USR1 900 makes it write keepalived.data)');
  assert.match(text[at + 4] ?? '', /^daemons {4}weir 812 since .* \(90 s ago\), \/etc\/keepalived\/keepalived\.conf$/);
  assert.equal(text[at + 5], '           keepalived 900, /etc/k.conf');
  const restart = 'it is of another build, so not all of its state is shown until it is restarted';
  assert.equal(text[at + 6], `           weir 901, /etc/w.conf: ${restart}`);
});

test('a stream: what would break, and peers without a session', () => {
  const session = {
    connected: true,
    whole: true,
    items: 9,
    waiting: 0,
    digest: 'equal',
    lacking: NOTHING_LACKS,
    lost: 0,
    silentSeconds: 0,
    failure: '',
  } as const;
  const to = { ...session, wouldBreak: 1 };
  const from = { ...session, refused: {} };
  const down = { ...from, connected: false, failure: 'ECONNRESET' };
  const peers = [
    { address: '10.8.9.2:8848', node: 'lb2', to, from },
    { address: '10.8.9.3:8848', node: '', to, from: down },
  ];
  const rows = (wouldBreak: number | null) =>
    lines({ stream: { node: 'lb1', strangers: 0, peers, wouldBreak } }).filter((line) => /dies now|session/.test(line));
  assert.deepEqual(rows(1), [
    'sync       if this node dies now, 1 connection breaks',
    '           no session with 10.8.9.3:8848 (weir doctor has why)',
  ]);
  assert.equal(rows(0)[0], 'sync       if this node dies now, 0 connections break');
  assert.equal(rows(null)[0], 'sync       if this node dies now, all its connections break: no peer is known to have all of them');
});

test('what is not whole is shown with its fix', () => {
  const { datapath } = HEALTHY;
  const table = HEALTHY.table ?? assert.fail();
  const has = (change: Partial<Status>, line: RegExp): void => assert.match(lines(change).join('\n'), line);
  has({ datapath: { ...datapath, programs: 'other', build: 'ffff' } }, /programs of another build \(ffff\) on the same tables \(weir load/);
  has({ datapath: { ...datapath, programs: 'mixed', build: null } }, /an exchange was interrupted \(weir load/);
  has({ datapath: { ...datapath, programs: 'bridging', build: null } }, /, the connection table gets another size now$/m);
  has({ datapath: { ...datapath, programs: 'bridging-left', build: null } }, /a change of their size was interrupted \(weir load/);
  has({ datapath: { ...datapath, state: 'unfinished' }, table: null }, /killed while it loaded or unloaded it \(weir load/);
  has(
    { datapath: { ...datapath, tcAlone: [{ what: 'IPv6', why: 'the kernel refuses its program (EINVAL)', obstacle: null }] } },
    /^ {11}IPv6 goes by tc alone, without XDP: the kernel refuses its program \(EINVAL\) \(weir load tries again\)$/m,
  );
  has(
    { datapath: { ...datapath, tcAlone: [{ what: 'IPv4 and IPv6', why: 'the kernel refuses its program (EINVAL)', obstacle: null }] } },
    /^ {11}IPv4 and IPv6 go by tc alone, without XDP: /m,
  );
  has(
    { datapath: { ...datapath, tcAlone: [{ what: 'lan', why: 'it has VLANs on top (lan.5)', obstacle: 'vlan' }] } },
    /^ {11}lan goes by tc alone, without XDP: it has VLANs on top \(lan\.5\)$/m,
  );
  has({ datapath: { ...datapath, repairsDue: 2 } }, /^ {11}2 repairs due \(weir doctor names them, weir load does them\)$/m);
  has({ table: { ...table, unfinishedChange: { pid: null } } }, /its command was killed \(weir load repairs it\)/);
  has({ drops: null }, /^drops {6}not known: programs of an older build run/m);
  assert.ok(!lines({ table: null, drops: null }).some((line) => /^(table|services|drops)/.test(line)), 'what cannot be read has no line');
});

test('health: which servers are down, since when and why; the rest as numbers', () => {
  const real = { up: true, since: ago(600), weight: 1, checks: 1, unchecked: 0, failed: [], notMade: [], timesDown: 0 };
  const dead = {
    ...real,
    server: '10.0.0.2:80',
    up: false,
    since: ago(300),
    failed: [
      { check: 'HTTP_GET', reason: 'HTTP status code error (/: status 503)', since: ago(300), everySeconds: 6 },
      { check: 'TCP_CHECK', reason: 'failed (Connection refused)', since: ago(200), everySeconds: 3 },
    ],
  };
  const virtual = { quorumUp: true, quorum: 1, weight: 1, sorry: false, suspended: false };
  const text = lines({
    daemons: [
      {
        pid: 812,
        program: 'weir',
        file: '/etc/k.conf',
        since: null,
        instances: null,
        bfd: null,
        otherBuild: false,
        health: [
          { ...virtual, name: '[192.0.2.1]:tcp:80', servers: [{ ...real, server: '10.0.0.1:80' }, dead] },
          {
            ...virtual,
            name: '[192.0.2.2]:tcp:80',
            quorumUp: false,
            weight: 0,
            sorry: true,
            servers: [{ ...dead, since: null, failed: [] }],
          },
          {
            ...virtual,
            name: '[192.0.2.4]:tcp:80',
            servers: [{ ...real, server: '10.0.0.4:80', weight: 100, slowWeight: 30 }],
          },
          {
            ...virtual,
            name: '[192.0.2.5]:tcp:80',
            servers: [{ ...real, server: '10.0.0.5:80', notMade: [{ check: 'MISC_CHECK', reason: 'no such script' }] }],
          },
          { ...virtual, name: '[192.0.2.3]:tcp:80', servers: [{ ...real, server: '10.0.0.3:80', since: null, unchecked: 1 }] },
        ],
      },
    ],
  });
  const at = text.findIndex((line) => line.startsWith('health'));
  assert.deepEqual(
    text.slice(at, at + 9).map((line) => line.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/, 'THEN')),
    [
      'health     4 up, 1 down; 4 of 6 servers up; 1 not checked yet',
      '             DOWN [192.0.2.2]:tcp:80: 0 of 1 server up; weight 0, quorum 1; the sorry server serves',
      '               10.0.0.2:80 down, no check succeeded yet',
      '             up   [192.0.2.1]:tcp:80: 1 of 2 servers up',
      '               10.0.0.2:80 down since THEN (5 min ago): HTTP_GET HTTP status code error (/: status 503); TCP_CHECK failed (Connection refused); asked again every 3 s',
      '             up   [192.0.2.4]:tcp:80: 1 of 1 server up',
      '               10.0.0.4:80 starts slowly: weight 30 of 100',
      '             up   [192.0.2.5]:tcp:80: 1 of 1 server up',
      '               10.0.0.5:80: MISC_CHECK gives no verdict: no such script',
    ],
  );
  assert.ok(!text.some((line) => line.includes('publishes no state')), 'it publishes health');
});

test('what of a running weir.yaml is not on this host is named with the command that puts it there', () => {
  const notApplied = [{ path: '/etc/weir/weir.yaml', missing: ['tcp:192.0.2.1:80', '192.0.2.1 on eth0'] }];
  assert.ok(
    lines({ notApplied }).includes(
      'weir.yaml  of /etc/weir/weir.yaml is not on this host: tcp:192.0.2.1:80, 192.0.2.1 on eth0 (weir apply /etc/weir/weir.yaml puts it there)',
    ),
  );
  assert.ok(!lines({ notApplied: null }).some((line) => line.startsWith('weir.yaml')));
});
