// weir doctor on a director of VS/TUN by every tunnel, both families in both: servers that take them, and those that do not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ALL,
  addTunnels,
  bed,
  decapsulate,
  ENDS,
  FAR,
  FIRST_PORT,
  far,
  fetch,
  found,
  gate,
  on,
  routedBed,
  type TunnelRow,
  VIPS,
} from './routed-bed.js';
import { codes, examine, type Verdict } from './verdict.js';

const TUNNELS: readonly TunnelRow[] = [
  ['ipip', false],
  ['ipip', true],
  ['gre', false],
  ['gre --tun-csum', true],
  ['gue --tun-port 6080', false],
  ['gue --tun-port 6080 --tun-csum', true],
];
const PORTS = TUNNELS.map((_, index) => FIRST_PORT + index);

routedBed(TUNNELS.length);

const placesOf = (verdict: Verdict, code: string): readonly string[] =>
  verdict.findings
    .filter((one) => one.code === code)
    .map(({ what }) => what.replace(/ does not .*| and \d+ more .*/, ''))
    .sort();

function theyWork(): void {
  for (const vip of VIPS) for (const port of PORTS) assert.equal(fetch(vip, port), 'here\n', `${vip} ${port}`);
  const verdict = examine(gate);
  assert.deepEqual([verdict.status, found(verdict)], [0, []]);
  assert.match(gate.weir('doctor').stdout, /forwarding to 2 servers/);
}

function strictFilter(): void {
  for (const index of ENDS.keys()) far.sysctl(`net.ipv4.conf.tun${index}.rp_filter`, '1');
  assert.equal(fetch(VIPS[0], FIRST_PORT), '');
  const verdict = examine(gate);
  const withoutTunnel = verdict.findings.filter(({ code }) => code === 'server-without-tunnel');
  assert.equal(withoutTunnel.length, verdict.findings.length);
  const first = withoutTunnel.find(({ what }) => what.startsWith('TCP 100.66.1.10:81'));
  assert.match(
    first?.cause ?? '',
    /^it accepts connections to 10\.77\.0\.3:81 and nothing in the tunnel \(IP in IP over IPv4\): either no device there takes it, or rp_filter on that device drops what comes out of it, or a firewall drops the tunnel$/,
  );
  assert.deepEqual([first?.on, first?.fix], [FAR[0], `weir realserver start --mode tun --vip ${ALL}`]);
  const crossed = withoutTunnel.find(({ what }) => what.startsWith('TCP 100.66.1.10:82'));
  assert.match(crossed?.cause ?? '', /\(IP in IP over IPv6\).*, or it has not 100\.66\.1\.10, or a firewall/);
  assert.equal(crossed?.fix, `weir realserver start --mode tun --rip ${FAR[1]} --vip ${ALL}`);
  for (const index of ENDS.keys()) far.sysctl(`net.ipv4.conf.tun${index}.rp_filter`, '0');
}

const onFar = (command: 'add' | 'del'): void => {
  far.ip(`addr ${command} ${VIPS[0]}/32 dev lo`);
  far.ip(`addr ${command} ${VIPS[1]}/128 dev lo${command === 'add' ? ' nodad' : ''}`);
};

function lackingVips(): void {
  onFar('del');
  const same = [
    'TCP 100.66.1.10:81 → 10.77.0.3:81',
    'TCP 100.66.1.10:83 → 10.77.0.3:83',
    'TCP 100.66.1.10:85 → 10.77.0.3:85',
    'TCP [2001:db8:66::10]:82 → [fd00:77::3]:82',
    'TCP [2001:db8:66::10]:84 → [fd00:77::3]:84',
    'TCP [2001:db8:66::10]:86 → [fd00:77::3]:86',
  ];
  assert.deepEqual(placesOf(examine(gate), 'server-without-vip'), same);
  // A server that forwards shows it by ICMP, also where the tunnel is of the other family.
  far.sysctl('net.ipv4.ip_forward', '1');
  const forwards = examine(gate).findings.find(({ what }) => what.startsWith('TCP 100.66.1.10:82'));
  assert.deepEqual(
    [forwards?.code, forwards?.cause],
    [
      'server-without-vip',
      'fd00:77::3 forwards packets for 100.66.1.10 (ICMP time exceeded) instead of taking them: it does not have the VIP',
    ],
  );
  far.sysctl('net.ipv4.ip_forward', '0');
  onFar('add');
}

test('servers that take every tunnel, of both families in both; one whose rp_filter drops, and one without the VIP', on, async () => {
  addTunnels(TUNNELS);
  await bed.part(async () => {
    await decapsulate();
    theyWork();
    strictFilter();
    lackingVips();
    assert.deepEqual(codes(examine(gate)), []);
  });
});

test('servers that take no tunnel report it by ICMP', on, () => {
  const verdict = examine(gate);
  // Each tunnel of both virtual addresses is one finding.
  assert.deepEqual(codes(verdict), Array(TUNNELS.length).fill('server-without-tunnel'));
  const reasons = [
    'protocol unreachable',
    'parameter problem',
    'protocol unreachable',
    'parameter problem',
    'port unreachable',
    'port unreachable',
  ];
  const lacks = ['IP in IP over IPv4', 'IP in IP over IPv6', 'GRE over IPv4', 'GRE over IPv6'].map(
    (name) => `no device there takes ${name}`,
  );
  const closed = 'UDP port 6080 is not open for GUE there';
  assert.deepEqual(
    verdict.findings.map(({ cause }) => cause).sort(),
    [...lacks, closed, closed].map((what, index) => `either ${what}, or a packet filter there rejects it (ICMP ${reasons[index]})`).sort(),
  );
});
