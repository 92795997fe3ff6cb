// weir doctor on a VS/NAT cluster that the test builds, and on hosts without a table.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Bed, type Host, noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';
import { codes, examine } from './verdict.js';

const on = { skip: noNamespaces() };
const bed = new Bed();
let gate: Host;
let pine: Host;
let guest: Host;

const VIP = '100.66.1.10';
const RIP = '10.200.9.3';
const DIP = '10.200.9.1';

before(async () => {
  if (on.skip) return;
  const outside = bed.lan('outside');
  const inside = bed.lan('inside');
  gate = bed.host('gate');
  pine = bed.host('pine');
  guest = bed.host('guest');
  bed.cable(gate, 'wan2', outside, '100.66.1.1/24');
  bed.cable(gate, 'dmz8', inside, `${DIP}/28`);
  bed.cable(pine, 'pi3', inside, `${RIP}/28`);
  bed.cable(guest, 'gu4', outside, '100.66.1.77/24');
  pine.ip(`route add default via ${DIP}`);
  gate.sysctl('net.ipv4.ip_forward', '1');
  assert.equal(gate.weir(`vip add ${VIP} --dev wan2`).status, 0);
  await pine.listen(bed, '0.0.0.0', 7001);
  for (const line of [`-A -t ${VIP}:81 -s rr`, `-a -t ${VIP}:81 -r ${RIP}:7001 -m`]) {
    assert.deepEqual(gate.ipvsadm(line), { status: 0, stdout: '', stderr: '' });
  }
});
after(() => {
  gate?.weir('unload');
  bed.close();
});

const fetch = (): string => guest.run(['timeout', '5', 'bash', '-c', `exec 3<>/dev/tcp/${VIP}/81; cat <&3`]).stdout;

test('a cluster without a fault is reported as such, on the director and on the server', on, () => {
  assert.equal(fetch(), 'pine\n', 'it does serve');
  const { status, stdout } = gate.weir('doctor');
  assert.deepEqual(
    [status, stdout],
    [
      0,
      "OK     nothing is wrong: director, 1 service, 1 destination; looked at: the datapath, 3 interfaces, 1 VIP, TCP of 1 server, forwarding to 1 server, routes to 1 client; not looked at: routers' ways to the VIPs, the applications, clients' own routes and filters\n",
    ],
  );
  const server = pine.weir(`doctor --role rs --dip ${DIP}`);
  assert.deepEqual(
    [server.status, server.stdout],
    [
      0,
      "OK     nothing is wrong: real server, VS/NAT; looked at: 1 gateway, routes back to clients, the packet filter; not looked at: what listens (--port), rules about single clients, the director's table, the applications, clients' own routes and filters\n",
    ],
  );
});

test('forwarding that is off, fixed by the printed command', on, () => {
  gate.sysctl('net.ipv4.ip_forward', '0');
  const lost = examine(gate);
  assert.deepEqual([lost.status, ...codes(lost)], [2, 'forwarding-off'], "weir's own forwarding went with it");
  assert.equal(gate.weir('load').stdout, 'net.ipv4.conf.weir0.forwarding: 1 instead of 0\n');
  const verdict = examine(gate);
  assert.deepEqual([verdict.status, ...codes(verdict)], [1, 'forwarding-off']);
  assert.equal(fetch(), 'pine\n', 'a warning, because plain connections are balanced without it');
  assert.equal(gate.run(['sh', '-c', verdict.findings[0]?.fix ?? '']).status, 0);
  assert.deepEqual(codes(examine(gate)), []);
});

test('a server whose answers take another route', on, () => {
  pine.ip('route replace default via 10.200.9.14');
  const verdict = examine(pine, `--role rs --dip ${DIP}`);
  assert.deepEqual([verdict.status, verdict.findings[0]?.what], [2, `the gateway is 10.200.9.14, not the director ${DIP}`]);
  const seen = examine(gate);
  assert.deepEqual(codes(seen), ['server-answers-elsewhere'], 'the director finds it too');
  assert.deepEqual([seen.findings[0]?.on, seen.findings[0]?.fix], [RIP, `ip route replace default via ${DIP}`]);
  assert.equal(fetch(), '', 'clients get no answer');
  assert.equal(pine.run(['sh', '-c', verdict.findings[0]?.fix ?? '']).status, 0);
  assert.deepEqual(codes(examine(gate)), []);
  assert.deepEqual(codes(examine(pine, `--role rs --dip ${DIP}`)), []);
  pine.ip('route del default');
  assert.equal(examine(pine, `--role rs --dip ${DIP}`).findings[0]?.what, 'there is no default route');
  pine.ip(`route add default via ${DIP}`);
});

test('a new interface is reported, and covered by weir load', on, () => {
  bed.cable(gate, 'new6', bed.lan('third'), '192.0.2.1/24');
  const verdict = examine(gate);
  assert.deepEqual(codes(verdict), ['interface-uncovered']);
  assert.equal(verdict.findings[0]?.what, 'new6 is not covered');
  assert.deepEqual(codes(examine(gate)), ['interface-uncovered'], 'doctor leaves it as it is');
  assert.equal(gate.weir('load').stdout, 'new6: attached at tc ingress, tc egress\n');
  assert.deepEqual(codes(examine(gate)), []);
});

test('a server behind a firewall, and a port that is closed', { skip: on.skip || noTools('nft') }, () => {
  const rules = 'table ip t {\n chain c {\n type filter hook input priority 0; tcp dport 7001 drop;\n }\n}\n';
  // Not by standard input: nft 1.0.9 reads none that is a socket, as node's is.
  assert.deepEqual(pine.run(['nft', rules]).stderr, '');
  const [dropped] = examine(gate, '--wait 0.5').findings;
  assert.equal(
    dropped?.cause,
    'it answers ping and not TCP port 7001: either a firewall there drops it, or the process there accepts no more connections',
  );
  assert.deepEqual(pine.run(['nft', 'flush', 'ruleset']).stderr, '');
  assert.deepEqual(pine.run(['nft', rules.replace('drop', 'reject')]).stderr, '');
  const [rejected] = examine(gate).findings;
  assert.match(rejected?.cause ?? '', /^a packet filter there rejects TCP port 7001 \(ICMP port unreachable/);
  pine.run(['nft', 'flush', 'ruleset']);
  assert.deepEqual(codes(examine(gate)), []);
});

test('rules of nft that do not apply to balanced packets', { skip: on.skip || noTools('nft') }, () => {
  const rules = `table inet guard {
    set shut { type ipv4_addr; flags interval; elements = { 100.66.1.0/28 } }
    chain in { type filter hook prerouting priority 0; ip daddr @shut tcp dport { 80-81 } drop; tcp dport 22 accept; ip daddr 203.0.113.1 drop; }
    chain out { type filter hook output priority 0; tcp dport 81 drop; }
  }`;
  assert.deepEqual(gate.run(['nft', rules]).stderr, '');
  const verdict = examine(gate);
  assert.deepEqual(codes(verdict), ['filter-bypassed']);
  assert.equal(
    verdict.findings[0]?.what,
    `the nft rule "ip daddr @shut tcp dport 80-81 drop" (inet guard in) does not apply to TCP ${VIP}:81`,
  );
  assert.equal(fetch(), 'pine\n', 'the rule does not stop it');
  gate.run(['nft', 'flush', 'ruleset']);
});

test('rules of iptables that do not apply to balanced packets', { skip: on.skip || noTools('iptables') }, () => {
  assert.deepEqual(gate.run(['iptables', '-A', 'INPUT', '-d', VIP, '-p', 'tcp', '--dport', '81', '-j', 'DROP']).stderr, '');
  gate.run(['iptables', '-A', 'OUTPUT', '-p', 'tcp', '--dport', '81', '-j', 'DROP']);
  const verdict = examine(gate);
  assert.deepEqual(codes(verdict), ['filter-bypassed'], 'once, though nft may show it too');
  assert.ok(verdict.findings[0]?.what.endsWith(`(filter INPUT) does not apply to TCP ${VIP}:81`), verdict.findings[0]?.what);
  gate.run(['iptables', '-F']);
});

test('strict rp_filter where clients come in by another interface than the route back', on, () => {
  gate.ip(`route add default via ${RIP}`);
  gate.sysctl('net.ipv4.conf.wan2.rp_filter', '1');
  const verdict = examine(gate);
  assert.deepEqual(codes(verdict), ['reverse-path-strict', 'reverse-path-changed']);
  const [rule, load] = verdict.findings.map(({ fix }) => fix);
  gate.run(['sh', '-c', rule ?? '']);
  assert.equal(load, 'weir load');
  gate.weir('load');
  assert.deepEqual(codes(examine(gate)), []);
  gate.ip('route del default');
});

test('a host without a role, and a director whose datapath is gone', on, () => {
  const { status, stderr } = guest.weir('doctor');
  assert.deepEqual(
    [status, stderr],
    [
      3,
      'weir doctor: no datapath is loaded here, no VIP is on lo and no keepalived.conf is here — fix: weir load on a director (or --role director); --role rs on a real server; else --keepalived FILE\n',
    ],
  );
  const bare = examine(guest, '--role director');
  assert.deepEqual([bare.status, ...codes(bare)], [2, 'datapath-absent']);
  assert.deepEqual(codes(examine(guest, '--role rs')).slice(0, 1), ['server-vip-absent']);
});
