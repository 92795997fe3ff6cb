// weir doctor on a director whose servers are behind a router: VS/TUN (all tunnels: tunnelled.long.test.ts) and FULLNAT.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addTunnels,
  bed,
  decapsulate,
  FAR,
  FIRST_PORT,
  FULLNAT_PORT,
  far,
  fetch,
  found,
  gate,
  ipvsadm,
  LOCALS,
  literal,
  NEAR,
  near,
  on,
  routedBed,
  VIPS,
} from './routed-bed.js';
import { codes, examine } from './verdict.js';

routedBed(1);

test('a server that takes the tunnel, and the same one when it does not', on, async () => {
  addTunnels([['ipip', false]], [VIPS[0]]);
  await bed.part(async () => {
    await decapsulate();
    assert.equal(fetch(VIPS[0], FIRST_PORT), 'here\n');
    assert.deepEqual(found(examine(gate)), []);
    assert.match(gate.weir('doctor').stdout, /forwarding to 1 server,/);
  });
  assert.deepEqual(found(examine(gate)), [
    {
      what: 'TCP 100.66.1.10:81 → 10.77.0.3:81 does not take the tunnel',
      cause: 'either no device there takes IP in IP over IPv4, or a packet filter there rejects it (ICMP protocol unreachable)',
      fix: 'weir realserver start --mode tun --vip 100.66.1.10',
      on: FAR[0],
    },
  ]);
  ipvsadm(`-D -t ${VIPS[0]}:${FIRST_PORT}`);
});

const fullnat = (vip: string, server: string, local: string): void => {
  const service = `${literal(vip)}:${FULLNAT_PORT}`;
  ipvsadm(`-A -t ${service} -s rr`, `-a -t ${service} -r ${literal(server)}:${FULLNAT_PORT} --fullnat --local-address ${local}`);
};

test('servers of FULLNAT answer a local address, or the way there is named', on, () => {
  gate.sysctl('net.ipv4.ip_forward', '1');
  gate.ip('addr add 192.0.2.9/32 dev lo');
  for (const [index, vip] of VIPS.entries()) fullnat(vip, FAR[index] ?? '', LOCALS[index] ?? '');
  ipvsadm(`-a -t ${VIPS[0]}:${FULLNAT_PORT} -r ${NEAR}:${FULLNAT_PORT} --fullnat --local-address ${LOCALS[0]},192.0.2.9`);
  near.ip('route add 192.0.2.9 via 10.200.9.1');
  for (const vip of VIPS) assert.match(fetch(vip, FULLNAT_PORT), /^(here|near)\n$/);
  assert.deepEqual(found(examine(gate)), []);

  near.ip('route del 192.0.2.9');
  far.ip(`-6 route add blackhole ${LOCALS[1]}`);
  const verdict = examine(gate);
  assert.deepEqual(codes(verdict), ['server-answers-elsewhere', 'server-answers-elsewhere']);
  const [six, four] = verdict.findings;
  assert.equal(
    six?.cause,
    'it answers this host and not the local address fd00:9::9: either it has no route to it, or a firewall drops packets from there',
  );
  assert.equal(six?.fix, undefined, 'its routers are not known');
  assert.deepEqual([four?.on, four?.fix], [NEAR, 'ip route replace 192.0.2.9 via 10.200.9.1']);
  assert.equal(near.run(['sh', '-c', four?.fix ?? '']).status, 0);
  far.ip(`-6 route del blackhole ${LOCALS[1]}`);
  assert.deepEqual(codes(examine(gate)), []);
});

test('a local address that the director has not is named, and added by the printed command', on, () => {
  gate.ip(`addr del ${LOCALS[0]}/28 dev dmz8`);
  const verdict = examine(gate);
  assert.deepEqual(codes(verdict), ['local-address-absent']);
  assert.equal(
    verdict.findings[0]?.cause,
    'the local address 10.200.9.9 is on no interface of this director, so nothing here answers ARP for it',
  );
  assert.equal(gate.run(['sh', '-c', verdict.findings[0]?.fix ?? '']).status, 0);
  assert.deepEqual(codes(examine(gate)), []);
});
