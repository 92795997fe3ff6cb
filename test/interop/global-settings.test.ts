// What global_defs does outside of VRRP: files, their names, the times of reloads, buffers, sysctls. Ours and Debian's keepalived do the same.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { reloadTimeText } from '../../src/daemon/supervisor/reload/reload-time.js';
import { Bed, type Host } from '../support/netns-bed.js';
import { ownPidFiles } from '../support/own-pid-files.js';
import { RunningDaemon } from '../support/running-daemon.js';
import { type Maker, program, skipWithoutPeer } from './harness.js';

const why = skipWithoutPeer();
let bed: Bed;
let base: string;

before(() => {
  if (why !== false) return;
  bed = new Bed();
  base = mkdtempSync(join(tmpdir(), 'weir-globals-'));
});
after(() => {
  if (why !== false) return;
  bed.close();
  rmSync(base, { recursive: true });
});

const INSTANCE = `vrrp_instance VI_1 {
  state MASTER
  interface eth
  virtual_router_id 51
  priority 255
  virtual_ipaddress {
    10.99.0.100/24
  }
}
`;
const globals = (folder: string): string => `instance blue
global_defs {
  data_use_instance
  config_save_dir ${folder}/saved
  reload_time_file ${folder}/when
  reload_file ${folder}/reading
  disable_local_igmp
  vrrp_netlink_cmd_rcv_bufs 50000
  vrrp_netlink_monitor_rcv_bufs 9000000
  vrrp_netlink_monitor_rcv_bufs_force
}
include ${folder}/instance
`;

const reports = (host: Host): string => host.sysctl('net.ipv4.igmp_link_local_mcast_reports');
/** Of our supervisor, which attaches to new interfaces; opened once the start is complete. */
const LINK_MONITOR_BYTES = 2 * (4 << 20);
/** Receive buffers of netlink sockets; a socket in multicast groups is listed twice. */
const buffers = (host: Host): readonly number[] => {
  const sizes = [...host.run(['ss', '-Hnam', '-f', 'netlink']).stdout.matchAll(/\brb(\d+)/g)].map(([, size]) => Number(size));
  return [...new Set(sizes)].sort((a, b) => a - b);
};
/** The names in a folder, each number of a process as N. */
const names = (folder: string): readonly string[] =>
  readdirSync(folder)
    .map((name) => name.replace(/\.\d{2,}\./, '.N.'))
    .sort();
/** Lines of a copy; what includes another file, and what only ends one, is written by one of them alone. */
const linesOf = (folder: string): readonly string[] => {
  const copy = readdirSync(folder).find((name) => /^keepalived\.conf\.\d+\.0$/.test(name)) ?? '';
  const lines = readFileSync(join(folder, copy), 'utf8').split('\n');
  return lines.map((line) => line.trim()).filter((line) => line !== '' && line !== '!' && !line.startsWith('include '));
};

async function observe(maker: Maker): Promise<unknown> {
  const host = bed.host(maker);
  bed.cable(host, 'eth', bed.lan(`lan-${maker}`), '10.99.0.1/24');
  const folder = join(base, maker);
  mkdirSync(folder);
  const file = (name: string): string => join(folder, name);
  writeFileSync(file('conf'), globals(folder));
  writeFileSync(file('instance'), INSTANCE);
  writeFileSync(file('reading'), 'of before');
  const argv = [
    'ip',
    'netns',
    'exec',
    host.namespace,
    program(maker),
    '-n',
    '-l',
    '-D',
    '-G',
    '-P',
    '-f',
    file('conf'),
    ...ownPidFiles(folder),
  ];
  const daemon = new RunningDaemon(argv, { TMPDIR: folder });
  try {
    await daemon.logged(/Entering MASTER STATE/);
    if (maker === 'weir') await daemon.until('our monitor of links', () => buffers(host).includes(LINK_MONITOR_BYTES));
    const compared = buffers(host).filter((bytes) => bytes !== LINK_MONITOR_BYTES);
    const running = { reading: existsSync(file('reading')), reports: reports(host), buffers: compared };
    writeFileSync(file('when'), reloadTimeText(Date.now() + 10_000).slice(11));
    const scheduled = (await daemon.logged(/^Scheduling reload for /)).replace(/[\d-]{10} [\d:]{8}/, 'TIME');
    await daemon.logged(/^Reload complete$/);
    await daemon.until('the second copy', () => names(file('saved')).includes('keepalived_vrrp.N.1.post'));
    daemon.signal('SIGUSR1');
    await daemon.until('dumps', () => names(folder).filter((name) => name.endsWith('.blue.data')).length === 2);
    assert.equal(await daemon.stop(), 0);
    const copy = linesOf(file('saved')).map((line) => line.replaceAll(folder, 'FOLDER'));
    return { running, scheduled, files: names(folder), saved: names(file('saved')), copy, reportsAfter: reports(host) };
  } finally {
    await daemon.stop();
  }
}

test('the same files by the same names, a reload at its time, buffers and sysctls', { skip: why }, async () => {
  const [ours, theirs] = await Promise.all([observe('weir'), observe('debian')]);
  assert.deepEqual(ours, theirs);
});
