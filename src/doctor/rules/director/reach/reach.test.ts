import assert from 'node:assert/strict';
import { test } from 'node:test';
import { destination, director, service } from '../../../../../test/support/doctor-facts.js';
import { ip } from '../../../../../test/support/ip.js';
import type { DirectorFacts, EchoFact, HandoverFact, ProbeAnswer } from '../../../facts.js';
import { reachRule } from './reach.js';

const found = (change: Partial<DirectorFacts>) => reachRule({ ...director, ...change });
const codes = (change: Partial<DirectorFacts>) => found(change).map(({ severity, code }) => `${severity} ${code}`);

const SERVER = ip('10.5.0.51');
const VIP = ip('10.5.0.9');
const ACCEPTED = { kind: 'accepted' } as const;
const SILENT = { kind: 'silent' } as const;
const RESET = { kind: 'reset' } as const;
const icmp = (code: number, by = SERVER) => ({ type: 3, code, by });
const rejected = (code: number, by = SERVER): ProbeAnswer => ({ kind: 'rejected', ...icmp(code, by) });
const [works] = director.handovers as readonly [HandoverFact];
const handed = (answer: ProbeAnswer, method: HandoverFact['method'] = 'route'): HandoverFact => ({ ...works, method, answer });
const echo = (answer: ProbeAnswer, target = SERVER, source = ip('10.5.0.2')): EchoFact => ({
  host: SERVER,
  target,
  source,
  packetBytes: 84,
  answer,
});
const failed = (error: string, by?: ReturnType<typeof icmp>) => [
  { address: SERVER, port: 80, error, ...(by === undefined ? {} : { icmp: by }) },
];
const nat = { services: [service('10.5.0.9', 80, [destination('10.5.0.51', 80, 'masq')])] };

test('a UDP server: a closed port is refused by ICMP, silence is no fault, the path to it is examined', () => {
  const key = { kind: 'address', protocol: 'udp', address: VIP, port: 53 } as const;
  const udp = { spec: { key, scheduler: 'wlc', schedFlags: 0, onePacket: false }, destinations: [destination('10.5.0.51', 53, 'route')] };
  const of = (change: Partial<DirectorFacts>) => found({ services: [udp], connects: [], handovers: [], ...change });
  const datagram = (answer: ProbeAnswer): HandoverFact => ({ ...works, protocol: 'udp', port: 53, answer });
  assert.deepEqual(of({}), []);
  assert.deepEqual(of({ handovers: [datagram(SILENT)] }), []);
  assert.match(of({ holders: [] })[0]?.cause ?? '', /^no host answers ARP for 10\.5\.0\.51 on wan/);
  assert.deepEqual(of({ holders: [], paths: [{ to: SERVER, kind: 'direct', ifindex: 2, unasked: true }] }), []);
  assert.match(of({ handovers: [datagram(rejected(3))] })[0]?.cause ?? '', /^either no process listens on UDP port 53 there/);
  assert.match(of({ handovers: [datagram(rejected(13))] })[0]?.cause ?? '', /^a packet filter there rejects UDP port 53/);
  const [without] = of({ handovers: [datagram(SILENT)], echoes: [echo(ACCEPTED), echo(SILENT, VIP)] });
  assert.deepEqual([without?.code, without?.fix], ['server-without-vip', 'weir realserver start --vip 10.5.0.9']);
});

test('RST and the ICMP errors have causes of their own', () => {
  const cause = (error: string, by?: ReturnType<typeof icmp>, change: Partial<DirectorFacts> = {}) =>
    found({ ...nat, connects: failed(error, by), handovers: [], ...change })[0]?.cause ?? '';
  assert.equal(cause('ECONNREFUSED'), 'either no process listens on 10.5.0.51:80 there, or a packet filter there answers with RST');
  assert.equal(
    cause('ECONNREFUSED', icmp(3)),
    'a packet filter there rejects TCP port 80 (ICMP port unreachable; a closed port would answer RST)',
  );
  assert.match(
    cause('EHOSTUNREACH', icmp(13)),
    /^a packet filter there rejects TCP port 80 \(ICMP communication administratively prohibited/,
  );
  assert.match(cause('EHOSTUNREACH', icmp(1)), /^it answers ICMP host unreachable: either a packet filter there/);
  const router = ip('10.5.0.1');
  assert.equal(cause('EHOSTUNREACH', icmp(1, router)), 'the router 10.5.0.1 does not reach it (ICMP host unreachable)');
  assert.match(cause('EHOSTUNREACH', icmp(13, router)), /^10\.5\.0\.1, on the way, rejects TCP port 80/);
  assert.match(cause('ECONNREFUSED', icmp(3, ip('10.5.0.2'))), /^this host's own packet filter rejects/);
  assert.equal(cause('EACCES'), 'connecting to it fails with EACCES');
});

test('silence names what it may mean, and ping what it does not mean', () => {
  const cause = (change: Partial<DirectorFacts>) => found({ ...nat, connects: failed('ETIMEDOUT'), handovers: [], ...change })[0]?.cause;
  assert.equal(cause({}), 'no answer: either a firewall drops the packets, or the answers take another route');
  assert.match(
    cause({ echoes: [echo(ACCEPTED)] }) ?? '',
    /^it answers ping and not TCP port 80: either a firewall there drops it, or the process/,
  );
  const routed = { to: SERVER, kind: 'routed', ifindex: 2, gateway: ip('10.5.0.1') } as const;
  const router = { ifindex: 2, address: ip('10.5.0.1'), mac: '02:00:00:00:00:fe' };
  assert.match(cause({ paths: [routed], holders: [router] }) ?? '', /^no answer: either a firewall/);
  assert.match(
    cause({ paths: [routed], holders: [] }) ?? '',
    /^the route leads by the router 10\.5\.0\.1, and no host answers ARP for 10\.5\.0\.1 on wan/,
  );
});

test('no packet gets there: each reason with its fix', () => {
  const one = (change: Partial<DirectorFacts>) => {
    const [finding] = found({ connects: failed('ETIMEDOUT'), handovers: [], ...change });
    return [finding?.cause, finding?.fix];
  };
  const none = { to: SERVER, kind: 'none' } as const;
  assert.deepEqual(one({ paths: [none], holders: [] }), ['this host has no route to it', undefined]);
  const elsewhere = { holders: [{ ifindex: 1, address: SERVER, mac: '02:00:00:00:00:51' }] };
  assert.equal(one({ paths: [none], ...elsewhere })[1], 'ip route add 10.5.0.51 dev lo');
  assert.equal(one(elsewhere)[1], 'ip route replace 10.5.0.51 dev lo');
  const blackhole = { paths: [{ ...none, refusedBy: 'blackhole' as const }] };
  const route = { type: 'blackhole', destination: { address: ip('10.5.0.48'), prefixLength: 28 }, table: 7 } as const;
  assert.equal(one({ ...blackhole, refusingRoutes: [route] })[1], 'ip route del blackhole 10.5.0.48/28 table 7');
  assert.match(one(blackhole)[0] ?? '', /^a blackhole rule or route of this host/);
  const neighbours = [{ ifindex: 2, address: SERVER, mac: '02:00:00:00:00:99', permanent: true }];
  assert.equal(one({ neighbours })[1], 'ip neigh del 10.5.0.51 dev wan');
});

test('a VS/DR server must serve the VIP', () => {
  assert.deepEqual(codes({ connects: failed('ECONNREFUSED') }), [], 'a server may listen on the VIP alone');
  assert.deepEqual(codes({ handovers: [handed(SILENT)] }), ['error server-without-vip']);
  assert.deepEqual(codes({ handovers: [handed(RESET)] }), ['error server-deaf-to-vip']);
  const cause = (change: Partial<DirectorFacts>) => found(change)[0]?.cause ?? '';
  assert.match(cause({ handovers: [handed(RESET)], connects: failed('ECONNREFUSED') }), /^either no process listens on port 80 there/);
  assert.match(cause({ handovers: [handed(rejected(3, VIP))] }), /^a packet filter there rejects TCP port 80/);
  assert.match(
    cause({ handovers: [handed({ kind: 'rejected', type: 5, code: 1, by: SERVER })] }),
    /forwards packets for 10\.5\.0\.9 \(ICMP redirect\)/,
  );
  assert.match(
    cause({ handovers: [handed(SILENT)], echoes: [echo(ACCEPTED), echo(ACCEPTED, VIP)] }),
    /^it answers ping to 10\.5\.0\.9 and not TCP port 80/,
  );
  assert.match(cause({ handovers: [handed(SILENT)], connects: failed('ETIMEDOUT') }), /^no answer: either a firewall/);
  const quiesced = [service('10.5.0.9', 80, [destination('10.5.0.51', 80, 'route', 0), destination('10.5.0.52', 80, 'route')])];
  assert.deepEqual(codes({ services: quiesced, handovers: [handed(SILENT)] }), ['info server-without-vip']);
});

test('the answers of a VS/NAT server must come back to the director', () => {
  const of = (answer: ProbeAnswer, change: Partial<DirectorFacts> = {}) =>
    found({ ...nat, handovers: [handed(answer, 'masq')], ...change });
  assert.deepEqual(of(ACCEPTED), []);
  const [silent] = of(SILENT);
  assert.deepEqual(
    [silent?.code, silent?.on, silent?.fix],
    ['server-answers-elsewhere', '10.5.0.51', 'ip route replace default via 10.5.0.2'],
  );
  assert.match(of(RESET)[0]?.cause ?? '', /a packet filter there does$/);
  assert.match(of(SILENT, { echoes: [echo(ACCEPTED, SERVER, VIP)] })[0]?.cause ?? '', /drops TCP connections from there/);
  assert.deepEqual(found({ ...nat, handovers: [] }), [], 'a test that was not done gives no finding');
});

test('a method that was forgotten or mixed up is recognised by what the server does', () => {
  const fix = (change: Partial<DirectorFacts>) => found(change).map((one) => `${one.code}: ${one.fix}`);
  assert.deepEqual(fix({ handovers: [handed(SILENT), handed(ACCEPTED, 'masq')] }), [
    'method-wrong: ipvsadm -e -t 10.5.0.9:80 -r 10.5.0.51:80 -m -w 1',
  ]);
  assert.deepEqual(fix({ ...nat, handovers: [handed(ACCEPTED), handed(SILENT, 'masq')] }), [
    'method-wrong: ipvsadm -e -t 10.5.0.9:80 -r 10.5.0.51:80 -g -w 1',
  ]);
  const other = destination('10.5.0.52', 80, 'route');
  const services = [service('10.5.0.9', 80, [destination('10.5.0.51', 80, 'route'), other])];
  const paths = [...director.paths, { to: other.address, kind: 'direct', ifindex: 2 } as const];
  const peer = { ...works, realServer: other.address };
  const cluster = { services, paths, handovers: [handed(SILENT), handed(ACCEPTED, 'masq'), peer] };
  assert.deepEqual(codes(cluster), ['error server-without-vip'], 'another server works by VS/DR');
});

test('a wrong port is recognised where the service’s port accepts', () => {
  const services = [service('10.5.0.9', 80, [destination('10.5.0.51', 8080, 'masq', 3)])];
  const connects = [
    { address: SERVER, port: 8080, error: 'ECONNREFUSED' },
    { address: SERVER, port: 80 },
  ];
  assert.equal(
    found({ services, connects, handovers: [] })[0]?.fix,
    'ipvsadm -a -t 10.5.0.9:80 -r 10.5.0.51:80 -m -w 3 && ipvsadm -d -t 10.5.0.9:80 -r 10.5.0.51:8080',
  );
});

test('a destination that is this director itself', () => {
  const services = [service('10.5.0.9', 80, [destination('10.5.0.9', 80, 'route')])];
  const of = (error?: string) =>
    found({
      services,
      paths: [{ to: VIP, kind: 'local' }],
      connects: [{ address: VIP, port: 80, ...(error === undefined ? {} : { error }) }],
    });
  assert.deepEqual(of(), [], 'a director may be a real server, too');
  const [itself] = of('ECONNREFUSED');
  assert.match(itself?.cause ?? '', /^10\.5\.0\.9 is the VIP itself/);
  assert.equal(itself?.fix, 'ipvsadm -d -t 10.5.0.9:80 -r 10.5.0.9:80');
});

test('a thousand destinations of one dead server are one finding', () => {
  const services = Array.from({ length: 1000 }, (_, k) =>
    service('10.5.0.9', 1000 + k, [destination('10.5.0.51', 80, 'masq', k === 0 ? 1 : 0)]),
  );
  const all = found({ services, connects: failed('EHOSTUNREACH'), handovers: [], holders: [] });
  assert.equal(all.length, 1);
  assert.equal(all[0]?.what, 'TCP 10.5.0.9:1000 → 10.5.0.51:80 and 999 more do not answer');
  assert.equal(all[0]?.severity, 'error');
});

test('a VS/NAT server that answers other networks, and not that of the VIP', () => {
  const elsewhere: HandoverFact = { ...handed(ACCEPTED, 'masq'), elsewhere: true };
  const handovers = [handed(SILENT, 'masq'), elsewhere];
  const client = ip('10.5.0.20');
  const clients = [{ client, vip: VIP, path: { to: client, kind: 'direct', ifindex: 2 }, seen: true } as const];
  assert.deepEqual(found({ ...nat, handovers }), [], 'no client was seen there');
  const [near] = found({ ...nat, handovers, clients });
  assert.deepEqual([near?.code, near?.fix], ['server-answers-elsewhere', undefined]);
  assert.match(near?.cause ?? '', /not the network of 10\.5\.0\.9, where clients are \(10\.5\.0\.20\)/);
  assert.deepEqual(found({ ...nat, handovers: [...handovers, handed(RESET)], clients }), [], 'it has the VIP as well');
  assert.deepEqual(found({ ...nat, handovers: [...handovers, handed(ACCEPTED)], clients }), [], 'and listens on the same port');
});
