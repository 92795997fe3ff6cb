// weir doctor on a VS/DR cluster that the test builds: no finding without a fault, and each fault with its fix.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Bed, type Host, noNamespaces } from '../support/netns-bed.js';
import { codes, examine, type Verdict } from './verdict.js';

const on = { skip: noNamespaces() };
const bed = new Bed();
let hub: Host;
let oak: Host;
let elm: Host;
let lan: Host;

const VIP = '172.22.40.7';
const OAK = '172.22.40.31';
const ELM = '172.22.40.32';

const findings = (verdict: Verdict, code: string) => verdict.findings.filter((one) => one.code === code);
const macOf = (host: Host, interfaceName: string): string => /link\/ether (\S+)/.exec(host.ip(`link show ${interfaceName}`))?.[1] ?? '';

before(async () => {
  if (on.skip) return;
  lan = bed.lan('lan');
  lan.ip('addr add 172.22.40.62/26 dev bridge'); // The router.
  hub = bed.host('hub');
  oak = bed.host('oak');
  elm = bed.host('elm');
  bed.cable(hub, 'front5', lan, '172.22.40.2/26');
  bed.cable(oak, 'oa1', lan, `${OAK}/26`);
  bed.cable(elm, 'el1', lan, `${ELM}/26`);
  for (const server of [oak, elm]) {
    assert.equal(server.weir(`realserver start --vip ${VIP}`).status, 0);
    server.ip('route add default via 172.22.40.62');
    await server.listen(bed, '0.0.0.0', 8123);
  }
  hub.sysctl('net.ipv4.ip_forward', '0');
  assert.equal(hub.weir(`vip add ${VIP} --dev front5`).status, 0);
  for (const line of [`-A -t ${VIP}:8123 -s wlc`, `-a -t ${VIP}:8123 -r ${OAK} -g -w 3`, `-a -t ${VIP}:8123 -r ${ELM} -g -w 1`]) {
    assert.deepEqual(hub.ipvsadm(line), { status: 0, stdout: '', stderr: '' });
  }
});
after(() => {
  hub?.weir('unload');
  bed.close();
});

test('a cluster without a fault is reported as such, with exit status 0', on, () => {
  const { status, stdout, stderr } = hub.weir('doctor');
  assert.deepEqual([status, stderr], [0, '']);
  assert.match(stdout, /^OK {5}nothing is wrong: director, 1 service, 2 destinations; looked at: .*; not looked at: .*\n$/);
  for (const server of [oak, elm]) {
    assert.deepEqual(codes(examine(server, `--role rs --vip ${VIP}`)), []);
    assert.equal(server.weir('doctor').status, 0, 'the VIP on lo shows the role');
  }
});

test('a real server that answers ARP for the VIP is named, with its MAC, the sysctls and the fix', on, () => {
  for (const key of ['arp_ignore', 'arp_announce']) {
    oak.sysctl(`net.ipv4.conf.all.${key}`, '0');
    oak.sysctl(`net.ipv4.conf.oa1.${key}`, '0');
  }
  const verdict = examine(hub);
  assert.equal(verdict.status, 2);
  const [finding] = findings(verdict, 'vip-answered-by-server');
  assert.equal(finding?.what, `real server ${OAK} answers ARP for VIP ${VIP} on front5 (${macOf(oak, 'oa1')})`);
  assert.match(finding?.cause ?? '', /arp_ignore and arp_announce do not hide it/);
  assert.deepEqual([finding?.on, finding?.fix], [OAK, `ip addr flush to ${VIP}; weir realserver start --vip ${VIP}`]);
  assert.equal(findings(verdict, 'vip-answered-by-server').length, 1, 'the other server is silent');

  const there = examine(oak, `--role rs --vip ${VIP}`);
  assert.deepEqual(codes(there), ['server-arp-ignore', 'server-arp-announce']);
  assert.equal(there.findings[0]?.what, 'arp_ignore is 0 on oa1 (the larger of all and oa1)');
  // Each fix is a command that works.
  for (const { fix } of there.findings) assert.equal(oak.run(['sh', '-c', fix ?? '']).status, 0);
  assert.deepEqual(codes(examine(oak, `--role rs --vip ${VIP}`)), []);
  assert.deepEqual(codes(examine(hub)), []);
});

test('a larger arp_ignore that hides nothing is found', on, () => {
  oak.sysctl('net.ipv4.conf.oa1.arp_ignore', '3');
  const verdict = examine(oak, `--role rs --vip ${VIP}`);
  assert.equal(verdict.findings[0]?.fix, 'sysctl -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.oa1.arp_ignore=1');
  assert.equal(oak.run(['sh', '-c', verdict.findings[0]?.fix ?? '']).status, 0);
  assert.deepEqual(codes(examine(oak, `--role rs --vip ${VIP}`)), []);
});

test('a real server without the VIP is found from the director too: it drops what the director sends to it', on, () => {
  elm.ip(`addr del ${VIP}/32 dev lo`);
  const verdict = examine(hub);
  const [lost] = findings(verdict, 'server-without-vip');
  assert.equal(lost?.what, `TCP ${VIP}:8123 → ${ELM}:8123 does not serve the VIP`);
  assert.deepEqual([lost?.on, lost?.fix], [ELM, `weir realserver start --vip ${VIP}`]);
  assert.equal(verdict.status, 2);
  assert.deepEqual(codes(examine(elm, `--role rs --vip ${VIP}`)), ['server-vip-absent']);
  assert.equal(elm.weir(`realserver start --vip ${VIP}`).status, 0);
  assert.deepEqual(codes(examine(hub)), []);
});

test('a port where nothing listens, a host that is gone', on, () => {
  hub.ipvsadm(`-A -t ${VIP}:99 -s rr`);
  hub.ipvsadm(`-a -t ${VIP}:99 -r ${OAK} -g`);
  hub.ipvsadm(`-a -t ${VIP}:99 -r 172.22.40.50 -g`);
  const verdict = examine(hub, '--wait 5');
  const [gone, closed] = findings(verdict, 'server-unreachable');
  assert.equal(gone?.what, `TCP ${VIP}:99 → 172.22.40.50:99 does not answer`);
  assert.equal(
    gone?.cause,
    'no host answers ARP for 172.22.40.50 on front5: it is down, unplugged, in another VLAN, or has another address',
  );
  assert.equal(closed?.what, `TCP ${VIP}:99 → ${OAK}:99 does not serve the VIP`);
  assert.equal(closed?.cause, 'either no process listens on port 99 there, or a packet filter there answers with RST');
  // A quiesced server that does not answer is not a fault.
  hub.ipvsadm(`-e -t ${VIP}:99 -r ${OAK} -g -w 0`);
  hub.ipvsadm(`-e -t ${VIP}:99 -r 172.22.40.50 -g -w 0`);
  const quiesced = examine(hub);
  assert.deepEqual(
    findings(quiesced, 'server-unreachable').map(({ severity }) => severity),
    ['info', 'info'],
  );
  const [zero] = findings(quiesced, 'weights-zero');
  assert.equal(zero?.what, `TCP ${VIP}:99 takes no new connection`);
  assert.equal(hub.run(['sh', '-c', 'exit 0']).status, 0);
  hub.ipvsadm(`-d -t ${VIP}:99 -r ${OAK}`);
  hub.ipvsadm(`-d -t ${VIP}:99 -r 172.22.40.50`);
  assert.deepEqual(codes(examine(hub)), ['service-empty']);
  hub.ipvsadm(`-D -t ${VIP}:99`);
});

test('a VIP that is gone, twice, or too wide', on, () => {
  hub.weir(`vip del ${VIP} --dev front5`);
  const [absent] = examine(hub).findings;
  assert.deepEqual([absent?.code, absent?.fix], ['vip-absent', `weir vip add ${VIP} --dev front5`]);
  hub.ip(`addr add ${VIP}/16 dev front5`);
  const [wide] = examine(hub).findings;
  assert.deepEqual([wide?.code, wide?.severity], ['vip-prefix', 'warning']);
  hub.ip(`addr del ${VIP}/16 dev front5`);
  hub.ip(`addr add ${VIP}/32 dev lo`);
  assert.deepEqual(codes(examine(hub)), ['vip-on-lo']);
  hub.ip(`addr del ${VIP}/32 dev lo`);
  assert.equal(hub.weir(absent?.fix?.replace('weir ', '') ?? '').status, 0);
  assert.deepEqual(codes(examine(hub)), []);
});

test('another host with the VIP, unknown to the table, is named by its MAC', on, () => {
  const rival = bed.host('rival');
  bed.cable(rival, 'rv0', lan, `${VIP}/26`);
  const [finding] = findings(examine(hub), 'vip-answered-by-other');
  assert.equal(finding?.what, `${macOf(rival, 'rv0')} answers ARP for VIP ${VIP} on front5`);
  const [seen] = findings(examine(oak, `--role rs --vip ${VIP}`), 'vip-duel');
  assert.ok(seen?.what.includes(macOf(rival, 'rv0')) && seen.what.includes(macOf(hub, 'front5')));
  rival.ip('link set rv0 down');
  assert.deepEqual(codes(examine(hub)), []);
});

test('a director that answers for the VIP on two networks, by an interface each, is one host', on, () => {
  const back = bed.lan('back');
  bed.cable(hub, 'back1', back, '172.22.41.2/24');
  bed.cable(oak, 'oa2', back, '172.22.41.31/24');
  assert.deepEqual(findings(examine(oak, `--role rs --vip ${VIP}`), 'vip-duel'), []);
  hub.ip('link del back1');
  oak.ip('link del oa2');
});

test('a real server whose gateway is the director', on, () => {
  oak.ip('route replace default via 172.22.40.2');
  const byMac = examine(oak, `--role rs --vip ${VIP}`);
  assert.deepEqual(codes(byMac), ['server-gateway-is-director'], 'found by its MAC, which answers for the VIP as well');
  assert.deepEqual(codes(examine(oak, `--role rs --vip ${VIP} --dip 172.22.40.2`)), ['server-gateway-is-director']);
  oak.ip('route replace default via 172.22.40.62');
  assert.deepEqual(codes(examine(oak, `--role rs --vip ${VIP} --dip 172.22.40.2`)), []);
});

test('a VIP on a real server’s interface with ARP, or with a prefix that makes the subnet local', on, () => {
  elm.ip(`addr del ${VIP}/32 dev lo`);
  elm.ip(`addr add ${VIP}/32 dev el1`);
  assert.ok(codes(examine(elm, `--role rs --vip ${VIP}`)).includes('server-vip-on-wire'));
  elm.ip(`addr del ${VIP}/32 dev el1`);
  elm.ip(`addr add ${VIP}/26 dev lo`);
  assert.ok(codes(examine(elm, `--role rs --vip ${VIP}`)).includes('server-vip-prefix'));
  elm.ip(`addr del ${VIP}/26 dev lo`);
  elm.weir(`realserver start --vip ${VIP}`);
  assert.deepEqual(codes(examine(hub)), []);
});

test('a server behind a router cannot be reached by VS/DR', on, () => {
  hub.ip('route add 198.51.100.0/24 via 172.22.40.31');
  hub.ipvsadm(`-a -t ${VIP}:8123 -r 198.51.100.9 -g -w 0`);
  const [behind] = findings(examine(hub), 'direct-route-behind-router');
  assert.match(behind?.cause ?? '', /198\.51\.100\.9 is behind the router 172\.22\.40\.31/);
  hub.ipvsadm(`-d -t ${VIP}:8123 -r 198.51.100.9`);
  hub.ip('route del 198.51.100.0/24 via 172.22.40.31');
});

test('weights that the scheduler does not use, and forwarding that is not needed', on, () => {
  hub.ipvsadm(`-E -t ${VIP}:8123 -s rr`);
  hub.sysctl('net.ipv4.ip_forward', '1');
  const verdict = examine(hub);
  assert.deepEqual([verdict.status, ...codes(verdict)], [0, 'weights-ignored', 'forwarding-unneeded']);
  hub.sysctl('net.ipv4.ip_forward', '0');
  hub.ipvsadm(`-E -t ${VIP}:8123 -s wlc`);
});

test('doctor leaves the host as it found it, and clients are served meanwhile', on, () => {
  const picture = () => [hub.ip('addr show'), hub.ip('route show'), hub.ipvsadm('-Sn').stdout].join('\n').replace(/valid_lft.*/g, '');
  const was = picture();
  examine(hub);
  assert.equal(picture(), was);
});

test('bad input is reported in one line, with exit status 3', on, () => {
  for (const [line, words] of [
    ['--role server', '--role takes director, rs or vrrp, not server'],
    ['--vip 10.0.0.1', '--vip, --port, --dip and --method: only with --role rs'],
    ['--role rs --vip 10.0.0.300', 'not an IPv4 address: 10.0.0.300'],
    ['--role rs --dip x', 'not an IPv4 address: x'],
    ['--role rs --method lan', '--method takes dr, nat, tun or fullnat, not lan'],
    ['--role rs --port 0', 'not a port such as 80 or 53/udp: 0'],
    ['--role rs --vip 10.0.0.1:99999', 'not a port such as 80 or 53/udp: 99999'],
    ['--wait 0', '--wait takes more than 0 and at most 60 seconds, not 0'],
    ['now', 'unexpected argument: now'],
    ['--fix', 'unknown option: --fix'],
    ['--keepalived /nowhere/keepalived.conf', '/nowhere/keepalived.conf cannot be read: no such file or directory'],
  ] as const) {
    const { status, stderr } = hub.weir(`doctor ${line}`);
    assert.deepEqual([status, stderr], [3, `weir doctor: ${words}\n`]);
  }
});
