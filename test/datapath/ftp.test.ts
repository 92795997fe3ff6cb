// The helper for FTP with a real server and a real client: vsftpd behind VS/NAT, and curl, which fetches and stores a file by each kind of data
// connection.
import assert from 'node:assert/strict';
import { breadth, test } from '../support/breadth.js';
import { noNamespaces } from '../support/netns-bed.js';
import { type Cluster, ipvsadm, ok, shared, VIP } from './cluster.js';
import { inCluster6, server6, VIP6 } from './cluster6.js';
import { exchange, WAYS } from './ftp-exchange.js';
import { type Files, noFtpServer, serveFtp, withFiles } from './ftp-server.js';

const skip = noNamespaces() || noFtpServer;

const inside = shared(inCluster6);

const withFtp = (work: (cluster: Cluster, files: Files) => Promise<void>): Promise<void> =>
  withFiles((files) => inside((cluster) => work(cluster, files)));

test('a file is fetched and stored by every kind of data connection, through two servers', { skip }, () =>
  withFtp(async (cluster, files) => {
    const { client, lvs, web1, web2 } = cluster;
    for (const web of [web1, web2]) await serveFtp(cluster, web, files);
    ipvsadm(lvs, `-A -t ${VIP}:21 -s rr`, ...[11, 12].map((k) => `-a -t ${VIP}:21 -r 10.8.2.${k}:21 -m`));
    for (const [name, way] of Object.entries(WAYS)) for (const k of [1, 2]) exchange(client, files, way, `${name}-${k}`);
    const stats = ok(lvs.weir('stats drops'));
    for (const reason of ['redirect_failed', 'busy', 'ftp_streams']) assert.doesNotMatch(stats, new RegExp(`^${reason}\\b`, 'm'), stats);
  }),
);

test('the listings show a data connection that is expected', { skip }, () =>
  withFtp(async (cluster, files) => {
    const { client, lvs, web1 } = cluster;
    await serveFtp(cluster, web1, files, { pasv_min_port: '5000', pasv_max_port: '5000' });
    ipvsadm(lvs, `-A -t ${VIP}:21 -s rr`, `-a -t ${VIP}:21 -r 10.8.2.11:21 -m`);
    const reply = ok(
      client.run([
        'bash',
        '-c',
        `exec 3<>/dev/tcp/${VIP}/21; read -r -u3 hello; for line in 'USER ftp' 'PASS x' PASV; do printf '%s\\r\\n' "$line" >&3; read -r -u3 answer; done; echo "$answer"`,
      ]),
    );
    assert.match(reply, /^227 .*\(10,8,1,100,19,136\)/);
    assert.match(ipvsadm(lvs, '-Lcn'), /^TCP 0[12]:\d\d +LISTEN +10\.8\.1\.10:0 +10\.8\.1\.100:5000 +10\.8\.2\.11:5000$/m);
  }),
);

breadth('the same over IPv6', { skip }, () =>
  withFtp(async (cluster, files) => {
    const { client, lvs, web1, web2 } = cluster;
    for (const web of [web1, web2]) await serveFtp(cluster, web, files, { listen: 'NO', listen_ipv6: 'YES' });
    ipvsadm(lvs, `-A -t [${VIP6}]:21 -s rr`, ...[1, 2].map((k) => `-a -t [${VIP6}]:21 -r [${server6(k)}]:21 -m`));
    for (const name of ['EPSV', 'EPRT'] as const) for (const k of [1, 2]) exchange(client, files, WAYS[name], `${name}-${k}`, `[${VIP6}]`);
  }),
);

breadth('another port, by weir load --ftp-ports, also where services are there', { skip }, () =>
  withFtp(async (cluster, files) => {
    const { client, lvs, web1 } = cluster;
    await serveFtp(cluster, web1, files, { listen_port: '2121', ftp_data_port: '2120' });
    ipvsadm(lvs, `-A -t ${VIP}:2121 -s rr`, `-a -t ${VIP}:2121 -r 10.8.2.11:2121 -m`);
    assert.match(
      ok(lvs.weir('load --ftp-ports 21,2121')),
      /^FTP: the helper is for services of TCP port 21, 2121, by VS\/NAT and FULLNAT$/m,
    );
    assert.doesNotMatch(ok(lvs.weir('load --ftp-ports 21,2121')), /FTP/);
    for (const [name, way] of Object.entries(WAYS)) exchange(client, files, way, name, `${VIP}:2121`);
    assert.match(ok(lvs.weir('proc ip_vs_app')), /^TCP {2}21 +\d+ +ftp +\nTCP {2}2121 +\d+ +ftp +$/m);
    // The last connections have ended when no destination is named by one.
    ok(lvs.weir('load --ftp-ports none'));
    ipvsadm(lvs, `-d -t ${VIP}:2121 -r 10.8.2.11:2121`, `-A -t ${VIP}:2222 -s rr`, `-a -t ${VIP}:2222 -r 10.8.2.11:2121 -m`);
    const refused = client.run([
      'curl',
      '-sS',
      '-m',
      '10',
      '--disable-epsv',
      '--ftp-skip-pasv-ip',
      `ftp://${VIP}:2222/file`,
      '-o',
      '/dev/null',
    ]);
    assert.notEqual(refused.status, 0, 'without the helper');
    assert.equal(lvs.weir('load --ftp-ports 1,2,3,4,5,6,7,8,9').status, 2);
  }),
);
