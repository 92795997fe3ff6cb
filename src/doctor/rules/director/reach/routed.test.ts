// What is reported of servers of VS/TUN and FULLNAT, by what came back from them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { destination, director, service } from '../../../../../test/support/doctor-facts.js';
import { ip } from '../../../../../test/support/ip.js';
import type { ConnectFact, DirectorFacts, HandoverFact, ProbeAnswer } from '../../../facts.js';
import { reachRule } from './reach.js';

const [VIP, FAR, LOCAL, ROUTER] = [ip('10.5.0.9'), ip('10.77.0.3'), ip('10.5.0.7'), ip('10.5.0.1')];
const ACCEPTED = { kind: 'accepted' } as const;
const SILENT = { kind: 'silent' } as const;
const rejected = (type: number, code: number, by = FAR, tunnel?: true): ProbeAnswer => ({
  kind: 'rejected',
  type,
  code,
  by,
  ...(tunnel === undefined ? {} : { tunnel }),
});
const base = {
  paths: [{ to: FAR, kind: 'routed', gateway: ROUTER, ifindex: 2 }],
  holders: [{ ifindex: 2, address: ROUTER, mac: '02:00:00:00:00:fe' }],
} as const;
type More = Pick<HandoverFact, 'echoes'>;
const connect = (error?: string): readonly ConnectFact[] => [{ address: FAR, port: 80, ...(error === undefined ? {} : { error }) }];

const tunnel = { type: 'gue', port: 6080, checksum: 'csum' } as const;
function byTunnel(answer: ProbeAnswer, more: More = {}, change: Partial<DirectorFacts> = {}, protocol: 'tcp' | 'udp' = 'tcp') {
  const services = [service('10.5.0.9', 80, [{ ...destination('10.77.0.3', 80, 'tunnel'), tunnel }])].map(({ spec, destinations }) => ({
    spec: { ...spec, key: { ...spec.key, protocol } } as typeof spec,
    destinations,
  }));
  const handovers = [{ method: 'tunnel', protocol, vip: VIP, port: 80, realServer: FAR, answer, ...more } as const];
  const connects = protocol === 'tcp' ? connect() : [];
  return reachRule({ ...director, ...base, services, handovers, connects, ...change })[0];
}

const START = 'weir realserver start --mode tun --tun-type gue --tun-port 6080 --vip 10.5.0.9';

test('VS/TUN: what the tunnel itself is answered with', () => {
  assert.equal(byTunnel(ACCEPTED), undefined);
  assert.equal(byTunnel(ACCEPTED, {}, { connects: connect('ECONNREFUSED') }), undefined, 'it may listen on the VIP alone');
  const closed = byTunnel(rejected(3, 3, FAR, true));
  assert.deepEqual([closed?.code, closed?.on, closed?.fix], ['server-without-tunnel', '10.77.0.3', START]);
  assert.match(closed?.cause ?? '', /^either UDP port 6080 is not open for GUE there, or a packet filter there rejects it/);
  assert.equal(byTunnel(rejected(12, 0, FAR, true))?.code, 'server-without-tunnel');
  const filtered = byTunnel(rejected(3, 13, FAR, true));
  assert.match(filtered?.cause ?? '', /^a packet filter there rejects GUE to UDP port 6080 over IPv4/);
  assert.equal(filtered?.fix, undefined);
  assert.match(byTunnel(rejected(3, 13, ROUTER, true))?.cause ?? '', /^10\.5\.0\.1, on the way, rejects GUE/);
  assert.match(byTunnel(rejected(3, 1, ROUTER, true))?.cause ?? '', /^the router 10\.5\.0\.1 does not reach it/);
});

test('VS/TUN: what comes out of the tunnel and is not served', () => {
  assert.equal(byTunnel({ kind: 'reset' })?.code, 'server-deaf-to-vip');
  assert.equal(byTunnel({ kind: 'reset' }, {}, { connects: connect('ECONNREFUSED') })?.code, 'server-unreachable');
  const forwards = byTunnel(rejected(11, 0));
  assert.deepEqual([forwards?.code, forwards?.fix], ['server-without-vip', START]);
  assert.match(byTunnel(rejected(3, 3, VIP))?.cause ?? '', /^a packet filter there rejects TCP port 80/);
  assert.match(byTunnel(SILENT, { echoes: { vip: 'accepted' } })?.cause ?? '', /^it answers ping to 10\.5\.0\.9 and not TCP port 80/);
});

test('VS/TUN: silence', () => {
  assert.equal(byTunnel(SILENT, { echoes: { vip: 'silent', server: 'accepted' } })?.code, 'server-without-vip');
  const dropped = byTunnel(SILENT, { echoes: { vip: 'silent', server: 'silent' } });
  assert.equal(dropped?.code, 'server-without-tunnel');
  assert.match(dropped?.cause ?? '', /^it accepts connections to 10\.77\.0\.3:80 and nothing in the tunnel/);
  assert.doesNotMatch(dropped?.cause ?? '', /or it has not/);
  assert.match(byTunnel(SILENT, { echoes: { vip: 'silent' } })?.cause ?? '', /or it has not 10\.5\.0\.9/, 'the families differ');
  const dead = { connects: connect('ETIMEDOUT') };
  assert.equal(byTunnel(SILENT, { echoes: { plain: 'silent' } }, dead)?.code, 'server-unreachable');
  assert.match(byTunnel(SILENT, { echoes: { plain: 'accepted' } }, dead)?.cause ?? '', /^it answers ping to 10\.77\.0\.3 and nothing in/);
  assert.match(byTunnel(SILENT, {}, { connects: connect('ECONNREFUSED') })?.cause ?? '', /^it answers TCP port 80 with RST and nothing/);
});

test('VS/TUN, UDP: silence is no fault where ping gets through', () => {
  const udp = (answer: ProbeAnswer, echoes: More['echoes'] = {}) => byTunnel(answer, { echoes }, {}, 'udp')?.code;
  assert.equal(udp(SILENT, { vip: 'accepted' }), undefined);
  assert.equal(udp(SILENT, { vip: 'silent', plain: 'silent' }), undefined, 'nothing shows that it is there');
  assert.equal(udp(SILENT, { vip: 'silent', plain: 'accepted' }), 'server-without-tunnel');
  assert.equal(udp(SILENT, { vip: 'silent', server: 'accepted' }), 'server-without-vip');
  assert.equal(udp(rejected(3, 3, VIP)), 'server-unreachable');
  assert.equal(udp(rejected(3, 3, FAR, true)), 'server-without-tunnel');
});

test('GRE with a checksum needs a device for this director alone, and an IPv6 server names its address', () => {
  const six = { ...destination('fd00:77::3', 80, 'tunnel'), tunnel: { type: 'gre', port: 0, checksum: 'csum' } } as const;
  const handover = {
    method: 'tunnel',
    protocol: 'tcp',
    vip: VIP,
    port: 80,
    realServer: six.address,
    outerSource: ip('fd00:5::2'),
  } as const;
  const [found] = reachRule({
    ...director,
    services: [service('10.5.0.9', 80, [six])],
    handovers: [{ ...handover, answer: rejected(12, 0, six.address, true) }],
    connects: [],
  });
  assert.equal(found?.fix, 'weir realserver start --mode tun --tun-type gre --tun-csum --from fd00:5::2 --rip fd00:77::3 --vip 10.5.0.9');
});

function byLocal(answer: ProbeAnswer, more: More = {}, change: Partial<DirectorFacts> = {}) {
  const services = [service('10.5.0.9', 80, [{ ...destination('10.77.0.3', 80, 'fullnat'), localAddresses: [LOCAL] }])];
  const handovers = [{ method: 'fullnat', protocol: 'tcp', vip: VIP, port: 80, realServer: FAR, local: LOCAL, answer, ...more } as const];
  return reachRule({ ...director, ...base, services, handovers, connects: connect(), ...change })[0];
}

test('FULLNAT: a server that answers this host and not the local address', () => {
  assert.equal(byLocal(ACCEPTED), undefined);
  const silent = byLocal(SILENT);
  assert.deepEqual([silent?.code, silent?.fix], ['server-answers-elsewhere', undefined]);
  assert.match(silent?.cause ?? '', /^it answers this host and not the local address 10\.5\.0\.7: either it has no route to it/);
  assert.match(byLocal(SILENT, { echoes: { server: 'accepted' } })?.cause ?? '', /^it answers ping from the local address 10\.5\.0\.7/);
  assert.match(byLocal({ kind: 'reset' })?.cause ?? '', /with RST: a packet filter there does$/);
  assert.match(byLocal(rejected(3, 13, ROUTER))?.cause ?? '', /a packet filter on 10\.5\.0\.1 rejects them/);
  assert.equal(byLocal(SILENT, {}, { connects: connect('ETIMEDOUT') })?.code, 'server-unreachable');
  const source = { paths: [{ ...base.paths[0], source: LOCAL }], connects: connect('ETIMEDOUT') };
  assert.equal(byLocal(SILENT, { echoes: { plain: 'accepted' } }, source)?.code, 'server-answers-elsewhere', 'the connect was from it');
  const near = { ...director, services: [], paths: [{ to: FAR, kind: 'direct', ifindex: 2 } as const] };
  const subnet = [...near.addresses, { ifindex: 2, address: ip('10.77.0.2'), prefixLength: 24, label: 'wan' }];
  const { fix, on } = byLocal(SILENT, {}, { paths: near.paths, addresses: subnet }) ?? {};
  assert.deepEqual([on, fix], ['10.77.0.3', 'ip route replace 10.5.0.7 via 10.77.0.2']);
});

test('FULLNAT: a local address that is not here is named, also while neighbours still remember it', () => {
  const absentLocals = [LOCAL];
  for (const answer of [ACCEPTED, SILENT]) {
    const found = byLocal(answer, {}, { absentLocals });
    assert.deepEqual([found?.code, found?.fix], ['local-address-absent', 'ip addr add 10.5.0.7/24 dev wan']);
  }
  const routed = { absentLocals, addresses: director.addresses.map((one) => ({ ...one, prefixLength: 32 })) };
  assert.equal(byLocal(ACCEPTED, {}, routed), undefined, 'it is routed to this host');
  assert.deepEqual([byLocal(SILENT, {}, routed)?.code, byLocal(SILENT, {}, routed)?.fix], ['local-address-absent', undefined]);
  const vrrp = [{ address: LOCAL, ifindex: 2, file: 'keepalived.conf' }];
  assert.equal(byLocal(ACCEPTED, {}, { absentLocals, vrrp }), undefined, 'another node of VRRP has it');
});
