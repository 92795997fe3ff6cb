// vsftpd on a host of a cluster, and files for it.
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Host } from '../support/netns-bed.js';
import type { Skip } from '../support/probes.js';
import { type Cluster, running, until } from './cluster.js';

const SERVER = '/usr/sbin/vsftpd';
export const noFtpServer: Skip = existsSync(SERVER) ? false : 'vsftpd is not installed: ./weir setup';
const FILE_BYTES = 3 << 20;

export interface Files {
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

/** Works with such files, which are gone afterwards. */
export async function withFiles(work: (files: Files) => Promise<void>): Promise<void> {
  const files = makeFiles();
  try {
    await work(files);
  } finally {
    rmSync(files.folder, { recursive: true });
  }
}

export async function serveFtp(
  { bed }: Cluster,
  host: Host,
  { folder }: Files,
  settings: Readonly<Record<string, string>> = {},
): Promise<void> {
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
