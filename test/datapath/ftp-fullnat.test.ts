// The helper for FTP by FULLNAT with real servers and a real client: vsftpd, which has no route to its clients and wants data connections from the address
// of the command connection; and curl, which fetches and stores a file by each kind of data connection.
import assert from 'node:assert/strict';
import { breadth, test } from '../support/breadth.js';
import { noNamespaces } from '../support/netns-bed.js';
import { type Cluster, ipvsadm, ok, shared, VIP } from './cluster.js';
import { inCluster6, server6, VIP6 } from './cluster6.js';
import { exchange, WAYS } from './ftp-exchange.js';
import { type Files, noFtpServer, serveFtp, withFiles } from './ftp-server.js';

const skip = noNamespaces() || noFtpServer;
/** Two: a client’s data connections must come from the one of its command connection. */
const LOCALS = ['10.8.2.77', '10.8.2.178'];
const LOCALS6 = ['fd00:8:2::77', 'fd00:8:2:0:ab:cdef:1234:178'];

const inside = shared((work) =>
  inCluster6(async (cluster) => {
    const { lvs, web1, web2 } = cluster;
    for (const local of LOCALS) lvs.ip(`addr add ${local}/24 dev eth1`);
    for (const local of LOCALS6) lvs.ip(`addr add ${local}/64 dev eth1 nodad`);
    for (const web of [web1, web2]) for (const family of ['', '-6 ']) web.ip(`${family}route del default`);
    await work(cluster);
  }),
);

const withFtp = (work: (cluster: Cluster, files: Files) => Promise<void>): Promise<void> =>
  withFiles((files) => inside((cluster) => work(cluster, files)));

const fullnat = (service: string, server: string, locals: readonly string[] = LOCALS): string =>
  `-a -t ${service} -r ${server} --fullnat --local-address ${locals.join(',')}`;

function hasLostNothing({ lvs }: Cluster): void {
  const stats = ok(lvs.weir('stats drops'));
  for (const reason of ['redirect_failed', 'busy', 'ftp_streams', 'no_local_port', 'local_port_replaced'])
    assert.doesNotMatch(stats, new RegExp(`^${reason}\\b`, 'm'), stats);
}

breadth('by FULLNAT a file is fetched and stored by every kind of data connection, through two servers', { skip }, () =>
  withFtp(async (cluster, files) => {
    const { client, lvs, web1, web2 } = cluster;
    for (const web of [web1, web2]) await serveFtp(cluster, web, files);
    ipvsadm(lvs, `-A -t ${VIP}:21 -s rr`, ...[11, 12].map((k) => fullnat(`${VIP}:21`, `10.8.2.${k}:21`)));
    for (const [name, way] of Object.entries(WAYS)) for (const k of [1, 2]) exchange(client, files, way, `${name}-${k}`);
    hasLostNothing(cluster);
  }),
);

breadth('the same over IPv6', { skip }, () =>
  withFtp(async (cluster, files) => {
    const { client, lvs, web1, web2 } = cluster;
    for (const web of [web1, web2]) await serveFtp(cluster, web, files, { listen: 'NO', listen_ipv6: 'YES' });
    ipvsadm(lvs, `-A -t [${VIP6}]:21 -s rr`, ...[1, 2].map((k) => fullnat(`[${VIP6}]:21`, `[${server6(k)}]:21`, LOCALS6)));
    for (const name of ['EPSV', 'EPRT'] as const) for (const k of [1, 2]) exchange(client, files, WAYS[name], `${name}-${k}`, `[${VIP6}]`);
    hasLostNothing(cluster);
  }),
);

breadth('another port, by weir load --ftp-ports, after the service', { skip }, () =>
  withFtp(async (cluster, files) => {
    const { client, lvs, web1 } = cluster;
    await serveFtp(cluster, web1, files, { listen_port: '2121', ftp_data_port: '2120' });
    ipvsadm(lvs, `-A -t ${VIP}:2121 -s rr`, fullnat(`${VIP}:2121`, '10.8.2.11:2121'));
    ok(lvs.weir('load --ftp-ports 21,2121'));
    for (const [name, way] of Object.entries(WAYS)) exchange(client, files, way, name, `${VIP}:2121`);
    assert.match(ok(lvs.weir('proc ip_vs_app')), /^TCP {2}2121 +[1-9]\d* +ftp +$/m);
    ok(lvs.weir('load --ftp-ports 21'));
    hasLostNothing(cluster);
  }),
);

test('clients that are reported to the server and the helper are refused together', { skip }, () =>
  inside(async ({ lvs }) => {
    const refuses = (line: string): void => {
      const { status, stderr } = lvs.weir(line);
      assert.notEqual(status, 0, line);
      assert.match(stderr, /helper for FTP names the local address .* --client-address/, line);
    };
    const [server, reported] = ['10.8.2.11:21', '--client-address'];
    ipvsadm(lvs, `-A -t ${VIP}:21 -s rr`, `-A -t ${VIP}:2121 -s rr`);
    for (const how of ['toa', 'proxy']) refuses(`ipvsadm ${fullnat(`${VIP}:21`, server)} ${reported} ${how}`);
    ipvsadm(lvs, fullnat(`${VIP}:21`, server));
    refuses(`ipvsadm ${fullnat(`${VIP}:21`, server).replace('-a', '-e')} ${reported} proxy`);
    ipvsadm(lvs, `${fullnat(`${VIP}:2121`, '10.8.2.11:2121')} ${reported} proxy`);
    refuses('load --ftp-ports 21,2121');
    ok(lvs.weir('load --ftp-ports none'));
    ipvsadm(lvs, `${fullnat(`${VIP}:21`, '10.8.2.12:21')} ${reported} proxy`);
    refuses('load --ftp-ports 21');
    ipvsadm(lvs, '-C');
    ok(lvs.weir('load --ftp-ports 21'));
  }),
);
