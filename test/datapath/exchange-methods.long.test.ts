// Another build's programs in the place of those that run, while flows of FULLNAT, packets behind a tunnel and a session of FTP go on: no datagram is
// lost, no connection ends. The programs of these methods are exchanged beside those on the links.
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import { behindTunnel } from './behind-tunnel.js';
import { asked, type Cluster, inCluster, ipvsadm, ok, serving, tablesOf, VIP } from './cluster.js';
import { exchangeTo, skip as noOtherBuild, programs, withOtherBuild } from './exchange-bed.js';
import { type Files, noFtpServer, serveFtp, withFiles } from './ftp-server.js';
import { ftpSession } from './ftp-session.js';
import { station } from './live-child.js';
import { allAnswered, begun } from './traffic.js';

const skip = noOtherBuild || noFtpServer;
const LOCAL = '10.8.2.77';
const GRE = 47;
const TALKERS = 20;
/** How often the programs are exchanged: to another build, and back. */
const ROUNDS = 2;

/** By a tunnel to web1; by FULLNAT, and for FTP by NAT, to web2. */
async function balancing(cluster: Cluster, files: Files): Promise<void> {
  const { bed, client, lvs, web2 } = cluster;
  // A raw socket would get packets that no device has cut and summed yet.
  ok(client.run(['ethtool', '-K', 'eth0', 'tx', 'off', 'tso', 'off', 'gso', 'off']));
  await behindTunnel(cluster, GRE, 0);
  lvs.ip(`addr add ${LOCAL}/24 dev eth1`);
  await serving(cluster, web2, 81);
  await web2.serve(bed, station('echo', 8082));
  await serveFtp(cluster, web2, files);
  const local = `--fullnat --local-address ${LOCAL}`;
  ipvsadm(
    lvs,
    `-A -u ${VIP}:80 -s rr`,
    `-a -u ${VIP}:80 -r 10.8.2.11:80 -i --tun-type gre --tun-csum`,
    `-A -u ${VIP}:81 -s rr`,
    `-a -u ${VIP}:81 -r 10.8.2.12:81 ${local}`,
    `-A -t ${VIP}:82 -s rr`,
    `-a -t ${VIP}:82 -r 10.8.2.12:8082 ${local}`,
    `-A -t ${VIP}:21 -s rr`,
    `-a -t ${VIP}:21 -r 10.8.2.12:21 -m`,
  );
  // The kernel knows the servers' MACs before the first datagram counts.
  assert.deepEqual([...asked(client, 'udp', VIP, 80, 1), ...asked(client, 'udp', VIP, 81, 1)], ['web1', 'web2']);
}

test('FULLNAT, a tunnel and FTP, there and back: nothing is lost, all go on', { skip }, async () => {
  await withFiles(async (files) => {
    await withOtherBuild((object) =>
      inCluster(async (cluster) => {
        const { lvs } = cluster;
        await balancing(cluster, files);
        const { folder } = tablesOf(lvs);
        const streams = [await begun(cluster, ...station('stream', VIP, 80)), await begun(cluster, ...station('stream', VIP, 81))];
        const talkers = await begun(cluster, ...station('talk', VIP, 82, TALKERS));
        const session = await begun(cluster, ...ftpSession(VIP, 'file', statSync(files.shared).size));
        const [saved, builds] = [ok(lvs.ipvsadm('-Sn')), new Set(programs(folder).builds)];
        for (let round = 0; round < ROUNDS; round++) {
          if (round % 2 === 0) assert.equal(ok(lvs.run(exchangeTo(object))), 'true\n');
          else assert.match(ok(lvs.weir('load')), /^the programs of this build replaced those of another;/);
          for (const build of programs(folder).builds) builds.add(build);
        }
        assert.equal(builds.size, 2);
        for (const stream of streams) await allAnswered(stream, 500);
        assert.equal(await talkers(), `${TALKERS} of ${TALKERS}`);
        const [, whole, fetched] = /^(\d+) of (\d+)$/.exec(await session()) ?? [];
        assert.ok(Number(fetched) > 1 && whole === fetched, `${whole} of ${fetched} files`);
        assert.equal(ok(lvs.ipvsadm('-Sn')), saved);
        const drops = ok(lvs.weir('stats drops'));
        assert.doesNotMatch(drops, /^(redirect_failed|no_local_port|ftp_streams)\b/m, drops);
      }),
    );
  });
});
