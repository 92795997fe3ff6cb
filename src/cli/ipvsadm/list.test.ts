import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ListFormat, TableMode } from '../../config/ipvsadm/command.js';
import { noStats } from '../../datapath/memory/memory-director.js';
import { parseAddress } from '../../model/address-text.js';
import { endpointText, type Names, noNames } from '../../model/endpoint-text.js';
import type {
  ConnectionEntry,
  DestinationEntry,
  DestinationKey,
  DestinationSpec,
  ServiceEntry,
  ServiceKey,
  ServiceSpec,
  Stats,
} from '../../model/service.js';
import { tableText, versionLine } from './list.js';
import { connectionHeader, connectionLines, daemonText, timeoutText } from './list-other.js';
import { saveText } from './save.js';

function endpoint(host: string, port: number): DestinationKey {
  const address = parseAddress(host);
  assert.ok(address);
  return { address, port };
}

const tcp = (host: string, port: number): ServiceKey => ({ kind: 'address', protocol: 'tcp', ...endpoint(host, port) });
const udp = (host: string, port: number): ServiceKey => ({ kind: 'address', protocol: 'udp', ...endpoint(host, port) });
const mark = (value: number, family: 'inet' | 'inet6' = 'inet'): ServiceKey => ({ kind: 'fwmark', family, mark: value });

const ipip = { type: 'ipip', port: 0, checksum: 'nocsum' } as const;

function destination(host: string, port: number, over: Partial<DestinationSpec & DestinationEntry> = {}): DestinationEntry {
  const { active = 0, inactive = 0, persistent = 0, stats = noStats, ...spec } = over;
  const whole = {
    method: 'masq',
    weight: 1,
    upperThreshold: 0,
    lowerThreshold: 0,
    tunnel: ipip,
    ...endpoint(host, port),
    ...spec,
  } as const;
  return { spec: whole, active, inactive, persistent, stats };
}

function service(
  key: ServiceKey,
  over: Partial<ServiceSpec> = {},
  destinations: readonly DestinationEntry[] = [],
  stats: Stats = noStats,
): ServiceEntry {
  return { spec: { key, scheduler: 'rr', schedFlags: 0, onePacket: false, ...over }, stats, destinations };
}

function listing(services: readonly ServiceEntry[], over: Partial<ListFormat> = {}, names: Names = noNames): string[] {
  const format: ListFormat = { mode: 'plain', numeric: true, exact: false, sorted: true, ...over };
  return [...tableText(services, format, names)].join('').split('\n').slice(0, -1);
}

/** One service of each kind, newest first. */
const table: readonly ServiceEntry[] = [
  service(mark(7, 'inet6'), { scheduler: 'wlc', persistence: { timeout: 300, netmask: 128 } }),
  service(mark(5), { scheduler: 'mh', schedFlags: 3 }, [destination('10.9.9.9', 0, { method: 'route' })]),
  service(tcp('2001:db8::1', 443), { scheduler: 'sh', schedFlags: 3, persistence: { timeout: 100, netmask: 64 } }, [
    destination('2001:db8:1111:2222:3333:4444:5555:6666', 443, { active: 12345678, inactive: 1234567890 }),
  ]),
  service({ kind: 'address', protocol: 'sctp', ...endpoint('10.0.0.2', 9899) }, { scheduler: 'lc' }),
  service(udp('10.0.0.3', 5060), { persistence: { timeout: 60, netmask: 0xffffffff, engine: 'sip' } }),
  service(udp('10.0.0.1', 53), { onePacket: true }),
  service(tcp('192.168.0.1', 80), { scheduler: 'wrr', schedFlags: 5, persistence: { timeout: 360, netmask: 0xffffff00 } }, [
    destination('192.168.0.10', 8080, { active: 3, inactive: 4 }),
  ]),
];

test('the plain table', () => {
  assert.equal(versionLine([1, 2, 1], 4096), 'IP Virtual Server version 1.2.1 (size=4096)\n');
  assert.deepEqual(listing(table), [
    'Prot LocalAddress:Port Scheduler Flags',
    '  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn',
    'TCP  192.168.0.1:80 wrr (flag-1,flag-3) persistent 360 mask 255.255.255.0',
    '  -> 192.168.0.10:8080            Masq    1      3          4         ',
    'UDP  10.0.0.1:53 rr ops',
    'UDP  10.0.0.3:5060 rr persistent 60 pe sip',
    'SCTP 10.0.0.2:9899 lc',
    'TCP  [2001:db8::1]:443 sh (sh-fallback,sh-port) persistent 100 mask 64',
    '  -> [2001:db8:1111:2222:3333:4444:5555:6666]:443 Masq    1      12345678   1234567890',
    'FWM  5 mh (mh-fallback,mh-port)',
    '  -> 10.9.9.9:0                   Route   1      0          0         ',
    'FWM  7 IPv6 wlc persistent 300',
  ]);
});

test('marks are signed, and an unknown flag of sh has no name', () => {
  const lines = listing([service(mark(3000000000)), service(tcp('10.0.0.1', 80), { scheduler: 'sh', schedFlags: 4 })]);
  assert.deepEqual(lines.slice(2), ['FWM  -1294967296 rr', 'TCP  10.0.0.1:80 sh ()']);
});

const counters: Stats = {
  conns: 99_999_999n,
  inPackets: 100_000_000n,
  outPackets: 999_999_999n,
  inBytes: 1_000_000_000n,
  outBytes: 99_999_999_999n,
  connRate: 123_456_789n,
  inPacketRate: 12_345_678n,
  outPacketRate: 1n,
  inByteRate: 100_000_000n,
  outByteRate: 4_294_967_295n,
};

test('statistics and rates', () => {
  const counted = [service(tcp('192.168.0.1', 80), {}, [destination('192.168.0.10', 8080, { stats: counters })], counters)];
  assert.deepEqual(listing(counted, { mode: 'stats' }), [
    'Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes',
    '  -> RemoteAddress:Port',
    'TCP  192.168.0.1:80               99999999  100000K  999999K    1000M   99999M',
    '  -> 192.168.0.10:8080            99999999  100000K  999999K    1000M   99999M',
  ]);
  assert.deepEqual(listing(counted, { mode: 'rate' }), [
    'Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS',
    '  -> RemoteAddress:Port',
    'TCP  192.168.0.1:80                123456K 12345678        1  100000K    4294M',
    '  -> 192.168.0.10:8080            123456789 12345678        1  100000K    4294M',
  ]);
  assert.equal(
    listing(counted, { mode: 'stats', exact: true })[2],
    'TCP  192.168.0.1:80               99999999 100000000 999999999 1000000000 99999999999',
  );
});

test('thresholds, persistent connections, tunnels', () => {
  const modes: Partial<Record<TableMode, readonly string[]>> = {
    thresholds: [
      'Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn ',
      '  -> RemoteAddress:Port',
      'TCP  10.0.0.1:80 rr',
      '  -> 192.168.0.10:8080            10         5          3          4         ',
    ],
    'persistent-conn': [
      'Prot LocalAddress:Port            Weight    PersistConn ActiveConn InActConn ',
      '  -> RemoteAddress:Port',
      'TCP  10.0.0.1:80 rr',
      '  -> 192.168.0.10:8080            2         9           3          4         ',
    ],
  };
  const entry = destination('192.168.0.10', 8080, {
    active: 3,
    inactive: 4,
    persistent: 9,
    weight: 2,
    upperThreshold: 10,
    lowerThreshold: 5,
  });
  for (const [mode, expected] of Object.entries(modes)) {
    assert.deepEqual(listing([service(tcp('10.0.0.1', 80), {}, [entry])], { mode: mode as TableMode }), expected);
  }
  const tunnel = (type: 'ipip' | 'gue' | 'gre', checksum: 'nocsum' | 'csum' | 'remcsum', port = 0): DestinationEntry =>
    destination('10.0.0.13', 80 + ['ipip', 'gre', 'gue'].indexOf(type), {
      method: 'tunnel',
      weight: 100,
      tunnel: { type, port, checksum },
    });
  const tunnels = [tunnel('gue', 'remcsum', 6080), tunnel('gre', 'csum'), tunnel('ipip', 'nocsum'), destination('10.0.0.12', 80)];
  assert.deepEqual(listing([service(tcp('10.0.0.1', 80), {}, tunnels)], { mode: 'tun-info' }), [
    'Prot LocalAddress:Port Scheduler Flags',
    '  -> RemoteAddress:Port           Forward TunnelInfo    Weight ActiveConn InActConn',
    'TCP  10.0.0.1:80 rr',
    '  -> 10.0.0.12:80                 Masq    n/a           1      0          0         ',
    '  -> 10.0.0.13:80                 Tunnel  ipip          100    0          0         ',
    '  -> 10.0.0.13:81                 Tunnel  gre:+c        100    0          0         ',
    '  -> 10.0.0.13:82                 Tunnel  gue:6080:r+c  100    0          0         ',
  ]);
});

test("--nosort is the table's own order, newest destination first", () => {
  const servers = [destination('10.0.0.3', 80), destination('10.0.0.1', 80), destination('10.0.0.2', 80)];
  const lines = listing([service(tcp('10.0.0.9', 80), {}, servers)], { sorted: false });
  assert.deepEqual(
    lines.slice(3).map((line) => line.slice(5, 16)),
    ['10.0.0.3:80', '10.0.0.1:80', '10.0.0.2:80'].map((text) => text.padEnd(11)),
  );
});

const named: Names = {
  address: (address) => (((address.words.at(-1) ?? 0) & 0xff) === 1 ? 'a-rather-long-host-name.example.org' : undefined),
  port: (port, protocol) => (port === 80 && protocol === 'tcp' ? 'http' : undefined),
};

test('names: IPv4 is cut to its column, IPv6 is not, a mark has no port names', () => {
  const lines = listing(
    [
      service(mark(1), {}, [destination('10.0.0.2', 80)]),
      service(tcp('10.0.0.1', 80), {}, [destination('10.0.0.1', 80), destination('2001:db8::1', 81, { method: 'tunnel' })]),
    ],
    {},
    named,
  );
  assert.deepEqual(lines.slice(2), [
    'TCP  a-rather-long-host-name.exam rr',
    '  -> a-rather-long-host-name.exam Masq    1      0          0         ',
    '  -> [a-rather-long-host-name.example.org]:81 Tunnel  1      0          0         ',
    'FWM  1 rr',
    '  -> 10.0.0.2:80                  Masq    1      0          0         ',
  ]);
  const long: Names = { ...named, address: () => 'x'.repeat(80) };
  assert.equal(endpointText(endpoint('10.0.0.1', 80), 'tcp', long).length, 59);
});

test('connections', () => {
  const entry = (protocol: string, state: string, expires: number, client: DestinationKey, virtual: DestinationKey): ConnectionEntry => ({
    protocol,
    state,
    expires,
    client,
    virtual,
    destination: endpoint('10.0.0.12', virtual.port),
  });
  const entries = [
    entry('IP', 'NONE', 6000, endpoint('10.0.0.0', 0), endpoint('0.0.0.5', 0)),
    entry('SCTP', 'S-ACK-SENT', 60, endpoint('10.0.0.1', 54321), endpoint('10.0.0.2', 9899)),
    { ...entry('UDP', 'UDP', 299, endpoint('10.0.0.1', 5060), endpoint('10.0.0.3', 5060)), engine: { name: 'sip', data: 'abc def' } },
  ];
  assert.deepEqual([connectionHeader(false), ...connectionLines(entries, false, noNames)].join('').split('\n'), [
    'IPVS connection entries',
    'pro expire state       source             virtual            destination',
    'IP  100:00 NONE        10.0.0.0:0         0.0.0.5:0          10.0.0.12:0',
    'SCTP 01:00  S-ACK-SENT  10.0.0.1:54321     10.0.0.2:9899      10.0.0.12:9899',
    'UDP 04:59  UDP         10.0.0.1:5060      10.0.0.3:5060      10.0.0.12:5060',
    '',
  ]);
  const lines = [connectionHeader(true), ...connectionLines(entries, true, noNames)].join('').split('\n');
  assert.equal(lines[1], 'pro expire state       source             virtual            destination        pe name          pe_data');
  assert.equal(lines[3], 'SCTP 01:00  S-ACK-SENT  10.0.0.1:54321     10.0.0.2:9899      10.0.0.12:9899');
  assert.equal(lines[4], 'UDP 04:59  UDP         10.0.0.1:5060      10.0.0.3:5060      10.0.0.12:5060   sip                abc');
});

test('timeouts and daemons', () => {
  assert.equal(timeoutText({ tcp: 900, tcpFin: 120, udp: 300 }), 'Timeout (tcp tcpfin udp): 900 120 300\n');
  assert.equal(daemonText({ role: 'backup', interface: 'eth0', syncId: 5 }), 'backup sync daemon (mcast=eth0, syncid=5)\n');
  const whole = {
    role: 'master',
    interface: 'eth0',
    syncId: 5,
    maxLength: 1472,
    group: endpoint('224.0.0.81', 0).address,
    port: 8848,
    ttl: 1,
  } as const;
  assert.equal(daemonText(whole), 'master sync daemon (mcast=eth0, syncid=5, maxlen=1472, group=224.0.0.81, port=8848, ttl=1)\n');
});

test('what -S saves', () => {
  const gue = destination('10.0.0.13', 80, { method: 'tunnel', weight: 100, tunnel: { type: 'gue', port: 6080, checksum: 'remcsum' } });
  const gre = destination('10.0.0.14', 80, { method: 'tunnel', tunnel: { type: 'gre', port: 0, checksum: 'csum' } });
  const local = destination('10.0.0.15', 80, { method: 'local', upperThreshold: 5 });
  const saved = [...saveText([...table, service(tcp('10.0.0.1', 81), {}, [gue, gre, local])], noNames)].join('').split('\n');
  assert.deepEqual(saved, [
    '-A -t 192.168.0.1:80 -s wrr -p 360 -M 255.255.255.0 -b flag-1,flag-3',
    '-a -t 192.168.0.1:80 -r 192.168.0.10:8080 -m -w 1',
    '-A -t 10.0.0.1:81 -s rr',
    '-a -t 10.0.0.1:81 -r 10.0.0.13:80 -i -w 100 --tun-type gue --tun-port 6080 --tun-remcsum',
    '-a -t 10.0.0.1:81 -r 10.0.0.14:80 -i -w 1 --tun-type gre --tun-csum',
    '-a -t 10.0.0.1:81 -r 10.0.0.15:80 -g -w 1',
    '-A -u 10.0.0.1:53 -s rr -o',
    '-A -u 10.0.0.3:5060 -s rr -p 60 --pe sip',
    '-A --sctp-service 10.0.0.2:9899 -s lc',
    '-A -t [2001:db8::1]:443 -s sh -p 100 -M 64 -b sh-fallback,sh-port',
    '-a -t [2001:db8::1]:443 -r [2001:db8:1111:2222:3333:4444:5555:6666]:443 -m -w 1',
    '-A -f 5 -s mh -b mh-fallback,mh-port',
    '-a -f 5 -r 10.9.9.9:0 -g -w 1',
    '-A -f 7 -6 -s wlc -p 300',
    '',
  ]);
});
