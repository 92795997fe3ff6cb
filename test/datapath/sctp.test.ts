// SCTP with living hosts: NAT to another port and DR, listings, persistence, another size of the other table, a director without forwarding.
// What leaves is judged by tshark, too. (Cells of the state table: sctp-states.test.ts.)
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { concat } from '../../src/wire/bytes.js';
import { breadth, test } from '../support/breadth.js';
import { ENTRY, noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';
import { openBed, skipReason } from './bed.js';
import { type Cluster, inCluster, ipvsadm, ok, VIP } from './cluster.js';
import { VIP as BED_VIP, CLIENT, SERVERS } from './fixtures/bed-addresses.js';
import { destination, service } from './fixtures/fixture.js';
import { bytes, fromClient, sctp } from './fixtures/packets.js';
import { associated, lastPort, PORT, servingSctp as serving, unanswered } from './sctp-cluster.js';

const skip = noNamespaces();
/** To the service of the cluster. */
const asked = (host: Cluster['client'], own: string, count: number, size = 100): readonly string[] =>
  associated(host, count, { vip: VIP, own, size });

breadth('NAT to other ports, without forwarding: every server in turn, right checksums, states and counts', { skip }, async () => {
  await inCluster(async (cluster) => {
    const { client, lvs, web1, web2 } = cluster;
    const lines = await Promise.all([serving(cluster, web1, 3905), serving(cluster, web2, 4905)]);
    ipvsadm(
      lvs,
      `-A --sctp-service ${VIP}:${PORT} -s rr`,
      `-a --sctp-service ${VIP}:${PORT} -r 10.8.2.11:3905 -m`,
      `-a --sctp-service ${VIP}:${PORT} -r 10.8.2.12:4905 -m`,
    );
    assert.equal(lvs.sysctl('net.ipv4.ip_forward'), '0');
    assert.deepEqual(asked(client, '10.8.1.10', 4), ['web2', 'web1', 'web2', 'web1']);
    // The last one is still there: it lives for a minute.
    const ended = new RegExp(
      `^SCTP 0[01]:\\d\\d {2}CLOSED +10\\.8\\.1\\.10:${lastPort()} +10\\.8\\.1\\.100:2905 +10\\.8\\.2\\.11:3905$`,
      'm',
    );
    assert.match(ipvsadm(lvs, '-Lcn'), ended);
    const hex = lastPort().toString(16).toUpperCase();
    assert.match(ok(lvs.weir('proc ip_vs_conn')), new RegExp(`^SCTP 0A08010A ${hex} 0A080164 0B59 0A08020B 0F41 CLOSED +\\d+ *$`, 'm'));
    assert.match(ipvsadm(lvs, '-Ln'), /^SCTP 10\.8\.1\.100:2905 rr\n {2}-> 10\.8\.2\.11:3905 +Masq +1 +0 +[12] +\n/m);
    for (const size of [1, 2, 3, 1000, 1400]) assert.match(asked(client, '10.8.1.10', 1, size)[0] ?? '', /^web[12]$/, `${size} bytes`);
    for (const each of lines) assert.ok(!each.includes('wrong'), each.join());
    assert.match(
      ipvsadm(lvs, '-Sn'),
      /^-A --sctp-service 10\.8\.1\.100:2905 -s rr\n-a --sctp-service 10\.8\.1\.100:2905 -r 10\.8\.2\.\d+:\d905 -m -w 1$/m,
    );
    assert.match(ok(lvs.weir('proc ip_vs')), /^SCTP {2}0A080164:0B59 rr *$/m);
    assert.match(ipvsadm(lvs, '-L --json'), /"protocol":"sctp"/);
    // Another size: the bridging programs of the links' table, and the plain ones after them, go on into SCTP's, whose table is the next one.
    assert.match(ok(lvs.weir('load --connections 100000')), /room for 131072 connections/);
    assert.match(asked(client, '10.8.1.10', 1)[0] ?? '', /^web[12]$/);
    const [command, saved] = [`${process.execPath} ${ENTRY} ipvsadm`, ipvsadm(lvs, '-Sn')];
    assert.equal(
      ok(lvs.run(['sh', '-c', `saved=$(${command} -Sn) && ${command} -C && echo "$saved" | ${command} -R && ${command} -Sn`])),
      saved,
    );
    ipvsadm(lvs, '-C');
    unanswered(client, { vip: VIP, own: '10.8.1.10' });
  });
});

breadth('DR, persistence, and a client on the director itself', { skip }, async () => {
  await inCluster(async (cluster) => {
    const { client, lvs, web1, web2 } = cluster;
    for (const [k, web] of [web1, web2].entries()) {
      cluster.bed.cable(web, 'eth1', cluster.front, `10.8.1.1${k + 1}/24`);
      ok(web.weir(`realserver start --vip ${VIP}`));
      await serving(cluster, web, PORT);
    }
    ipvsadm(lvs, `-A --sctp-service ${VIP}:${PORT} -s rr`, ...[11, 12].map((k) => `-a --sctp-service ${VIP}:${PORT} -r 10.8.1.${k} -g`));
    assert.deepEqual(asked(client, '10.8.1.10', 4), ['web2', 'web1', 'web2', 'web1']);
    ipvsadm(lvs, `-E --sctp-service ${VIP}:${PORT} -s rr -p 300`);
    const [first, ...others] = asked(client, '10.8.1.10', 3);
    assert.deepEqual(others, [first, first]);
    assert.match(ipvsadm(lvs, '-Lcn'), /^SCTP 0[45]:\d\d {2}ASSURED +10\.8\.1\.10:0 +10\.8\.1\.100:2905 +10\.8\.1\.1[12]:2905$/m);
    ipvsadm(lvs, '-C', `-A --sctp-service ${VIP}:${PORT} -s rr`, `-a --sctp-service ${VIP}:${PORT} -r 10.8.2.11:3905 -m`);
    await serving(cluster, web1, 3905);
    assert.deepEqual(asked(lvs, '10.8.2.1', 2), ['web1', 'web1'], 'a client on the director');
  });
});

/** One packet of a capture in the form of `man 5 pcap`. */
function record(frame: Uint8Array): Uint8Array {
  const head = new Uint8Array(new Uint32Array([0, 0, frame.length, frame.length]).buffer);
  return concat(head, frame);
}
const PCAP_HEADER = new Uint8Array(new Uint32Array([0xa1b2c3d4, 0x0004_0002, 0, 0, 65_535, 1]).buffer);
const GOOD = '1';

test('tshark finds every checksum right after another port was written', { skip: skipReason() || noTools('tshark') }, () => {
  const bed = openBed();
  const folder = mkdtempSync(join(tmpdir(), 'weir-sctp-'));
  try {
    const { service: spec, destinations } = service('sctp', BED_VIP, PORT, [destination(`${SERVERS[0]}:3905`, 'masq')]);
    bed.director.addService(spec);
    for (const each of destinations) bed.director.addDestination(spec.key, each);
    const ends = { from: `${CLIENT}:40000`, to: `${BED_VIP}:${PORT}` };
    bed.send('ingress', 'front', fromClient(sctp(ends, [{ type: 1, value: new Uint8Array(16) }])));
    const frames = Array.from({ length: 1440 }, (_, length) => {
      const { verdict, frame } = bed.send('ingress', 'front', fromClient(sctp(ends, [{ type: 0, flags: 3, value: bytes(length) }])));
      assert.equal(verdict, 'redirect');
      return frame;
    });
    const file = join(folder, 'sent.pcap');
    writeFileSync(file, concat(PCAP_HEADER, ...frames.map(record)));
    const fields = ['-T', 'fields', '-e', 'sctp.dstport', '-e', 'sctp.checksum.status'];
    const { stdout } = spawnSync('tshark', ['-r', file, '-o', 'sctp.checksum:CRC 32c', ...fields], {
      encoding: 'utf8',
      maxBuffer: 1 << 24,
    });
    assert.deepEqual(new Set(stdout.trim().split('\n')), new Set([`3905\t${GOOD}`]));
    assert.equal(stdout.trim().split('\n').length, frames.length);
  } finally {
    rmSync(folder, { recursive: true });
    bed.close();
  }
});
