// The helper for FTP with a real server and a real client: vsftpd behind VS/NAT, and curl, which fetches and stores a file by each kind of data
// connection.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Host, noNamespaces } from '../support/netns-bed.js';
import { type Cluster, inCluster, ipvsadm, ok, running, until, VIP } from './cluster.js';
import { inCluster6, server6, VIP6 } from './cluster6.js';

const SERVER = '/usr/sbin/vsftpd';
const skip = noNamespaces() || (existsSync(SERVER) ? false : 'vsftpd is not installed: ./weir setup');
const FILE_BYTES = 3 << 20;

/** What curl is to ask for: PASV, EPSV, PORT and EPRT. */
const WAYS = {
  PASV: ['--disable-epsv'],
  EPSV: [],
  PORT: ['--disable-eprt', '-P', '-'],
  EPRT: ['-P', '-'],
} as const;

const digest = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

interface Files {
  readonly folder: string;
  /** What servers hand out. */
  readonly shared: string;
  /** Where they put what clients send. */
  readonly stored: string;
}

function makeFiles(): Files {
  const folder = mkdtempSync(join(tmpdir(), 'weir-ftp-'));
  const [root, stored] = [join(folder, 'root'), join(folder, 'root', 'in')];
  mkdirSync(stored, { recursive: true });
  for (const [path, mode] of [
    [folder, 0o755],
    [root, 0o755],
    [stored, 0o777],
  ] as const)
    chmodSync(path, mode);
  const shared = join(root, 'file');
  writeFileSync(shared, randomBytes(FILE_BYTES), { mode: 0o644 });
  return { folder, shared, stored };
}

async function serve({ bed }: Cluster, host: Host, { folder }: Files, settings: Readonly<Record<string, string>> = {}): Promise<void> {
  const path = join(folder, `${host.name}.conf`);
  const lines = {
    ...{ listen: 'YES', listen_ipv6: 'NO', background: 'NO', anonymous_enable: 'YES', no_anon_password: 'YES', local_enable: 'NO' },
    ...{ write_enable: 'YES', anon_upload_enable: 'YES', anon_umask: '022', anon_root: join(folder, 'root') },
    ...{ connect_from_port_20: 'YES', ftp_data_port: '20', xferlog_enable: 'NO', isolate_network: 'NO', seccomp_sandbox: 'NO' },
    ...{ ftpd_banner: host.name, secure_chroot_dir: folder },
    ...settings,
  };
  const text = Object.entries(lines).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(path, text.join(''), { mode: 0o644 });
  running(bed, host, [SERVER, path]);
  const port = settings['listen_port'] ?? '21';
  await until(
    () => host.run(['sh', '-c', `ss -Hltn sport = :${port}`]).stdout,
    (listening) => listening !== '',
  );
}

const curl = (client: Host, ...words: readonly string[]): string => ok(client.run(['curl', '-sS', '-m', '30', ...words]));

/** Fetches the file twice in one session, and stores it once. */
function exchange(client: Host, { folder, shared, stored }: Files, way: readonly string[], name: string, at: string = VIP): void {
  const copies = [1, 2].map((k) => join(folder, `${name}-${k}`));
  const url = `ftp://${at}/file`;
  curl(client, ...way, ...copies.flatMap((copy) => ['-o', copy, url]));
  for (const copy of copies) assert.equal(digest(copy), digest(shared), `${name}: fetched`);
  curl(client, ...way, '-T', shared, `ftp://${at}/in/${name}`);
  assert.equal(digest(join(stored, name)), digest(shared), `${name}: stored`);
}

async function withFtp(work: (cluster: Cluster, files: Files) => Promise<void>, open: typeof inCluster = inCluster): Promise<void> {
  const files = makeFiles();
  try {
    await open((cluster) => work(cluster, files));
  } finally {
    rmSync(files.folder, { recursive: true });
  }
}

test('a file is fetched and stored by every kind of data connection, through two servers', { skip }, () =>
  withFtp(async (cluster, files) => {
    const { client, lvs, web1, web2 } = cluster;
    for (const web of [web1, web2]) await serve(cluster, web, files);
    ipvsadm(lvs, `-A -t ${VIP}:21 -s rr`, ...[11, 12].map((k) => `-a -t ${VIP}:21 -r 10.8.2.${k}:21 -m`));
    for (const [name, way] of Object.entries(WAYS)) for (const k of [1, 2]) exchange(client, files, way, `${name}-${k}`);
    const stats = ok(lvs.weir('stats drops'));
    for (const reason of ['redirect_failed', 'busy', 'ftp_streams']) assert.doesNotMatch(stats, new RegExp(`^${reason}\\b`, 'm'), stats);
  }),
);

test('the listings show a data connection that is expected', { skip }, () =>
  withFtp(async (cluster, files) => {
    const { client, lvs, web1 } = cluster;
    await serve(cluster, web1, files, { pasv_min_port: '5000', pasv_max_port: '5000' });
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

test('the same over IPv6', { skip }, () =>
  withFtp(async (cluster, files) => {
    const { client, lvs, web1, web2 } = cluster;
    for (const web of [web1, web2]) await serve(cluster, web, files, { listen: 'NO', listen_ipv6: 'YES' });
    ipvsadm(lvs, `-A -t [${VIP6}]:21 -s rr`, ...[1, 2].map((k) => `-a -t [${VIP6}]:21 -r [${server6(k)}]:21 -m`));
    for (const name of ['EPSV', 'EPRT'] as const) for (const k of [1, 2]) exchange(client, files, WAYS[name], `${name}-${k}`, `[${VIP6}]`);
  }, inCluster6),
);

test('another port, by weir load --ftp-ports, also where services are there', { skip }, () =>
  withFtp(async (cluster, files) => {
    const { client, lvs, web1 } = cluster;
    await serve(cluster, web1, files, { listen_port: '2121', ftp_data_port: '2120' });
    ipvsadm(lvs, `-A -t ${VIP}:2121 -s rr`, `-a -t ${VIP}:2121 -r 10.8.2.11:2121 -m`);
    assert.match(ok(lvs.weir('load --ftp-ports 21,2121')), /^FTP: the helper is for services of TCP port 21, 2121, by VS\/NAT$/m);
    assert.doesNotMatch(ok(lvs.weir('load --ftp-ports 21,2121')), /FTP/);
    for (const [name, way] of Object.entries(WAYS)) exchange(client, files, way, name, `${VIP}:2121`);
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
