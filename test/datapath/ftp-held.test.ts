// A control connection of FTP stays while a file is carried, for longer than one without packets lasts: real servers and a real client, each kind of data
// connection, by NAT and FULLNAT, of both families.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { breadth, test } from '../support/breadth.js';
import { noNamespaces } from '../support/netns-bed.js';
import { type Cluster, ipvsadm, ok, running, until, VIP } from './cluster.js';
import { inCluster6, server6, VIP6 } from './cluster6.js';
import { WAYS } from './ftp-exchange.js';
import { type Files, noFtpServer, serveFtp, withFiles } from './ftp-server.js';

const skip = noNamespaces() || noFtpServer;

/** How long a connection without packets lasts, s: a file takes several times as long. */
const IDLE_S = 3;
/** Of the servers, bytes a second: a client would have a file that is sent faster in its buffers. */
const RATE = { anon_max_rate: '300000' };

const DOWNLOADS = [
  ...Object.values(WAYS).map((way) => [VIP, way] as const),
  ...[WAYS.EPSV, WAYS.EPRT].map((way) => [`[${VIP6}]`, way] as const),
];

/** Of each download the status of curl, which waits for the line at the file's end. */
const downloads = ({ bed, client }: Cluster): Promise<readonly unknown[]> =>
  Promise.all(
    DOWNLOADS.map(async ([at, way]) => {
      const words = ['curl', '-sS', '-m', '60', ...way, '-o', '/dev/null', `ftp://${at}/file`];
      const [status] = await once(running(bed, client, words).child, 'exit');
      return status;
    }),
  );

async function staysWhileFilesAreCarried(cluster: Cluster, files: Files, destination: (family: 'inet' | 'inet6') => string): Promise<void> {
  const { bed, client, lvs, web1, web2 } = cluster;
  await serveFtp(cluster, web1, files, RATE);
  await serveFtp(cluster, web2, files, { ...RATE, listen: 'NO', listen_ipv6: 'YES' });
  ipvsadm(lvs, `-A -t ${VIP}:21 -s rr`, `-A -t [${VIP6}]:21 -s rr`);
  ipvsadm(lvs, `-a -t ${VIP}:21 -r 10.8.2.11:21 ${destination('inet')}`);
  ipvsadm(lvs, `-a -t [${VIP6}]:21 -r [${server6(2)}]:21 ${destination('inet6')}`);
  ipvsadm(lvs, `--set ${IDLE_S} 0 0`);
  const { lines } = running(bed, client, ['bash', '-c', `exec 3<>/dev/tcp/${VIP}/21; read -r -u3; echo open; exec sleep 60`]);
  await until(() => lines.length, Boolean);
  assert.match(ipvsadm(lvs, '-Lcn'), /^TCP .* ESTABLISHED +10\.8\.1\.10:\d+ +10\.8\.1\.100:21 /m);
  assert.deepEqual(
    await downloads(cluster),
    DOWNLOADS.map(() => 0),
  );
  assert.doesNotMatch(ipvsadm(lvs, '-Lcn'), /ESTABLISHED +10\.8\.1\.10:\d+ +10\.8\.1\.100:21 /, 'one that has no data connection ends');
  assert.doesNotMatch(ok(lvs.weir('stats drops')), /^(redirect_failed|busy|ftp_streams|no_local_port)\b/m);
}

test('by NAT', { skip }, () => withFiles((files) => inCluster6((cluster) => staysWhileFilesAreCarried(cluster, files, () => '-m'))));

breadth('by FULLNAT', { skip }, () =>
  withFiles((files) =>
    inCluster6((cluster) => {
      const { lvs } = cluster;
      lvs.ip('addr add 10.8.2.77/24 dev eth1');
      lvs.ip('addr add fd00:8:2::77/64 dev eth1 nodad');
      const local = { inet: '10.8.2.77', inet6: 'fd00:8:2::77' };
      return staysWhileFilesAreCarried(cluster, files, (family) => `--fullnat --local-address ${local[family]}`);
    }),
  ),
);
