// The cluster's hosts (test/datapath/cluster.ts) with a second director, and a cable between the two by which they synchronise.
//
//   client ── front ── [lvs] and [second] ── back ── web1 (VS/DR, VS/TUN), web2 (VS/NAT)
//                        └── link, 10.8.9.0/24 ──┘
import { readFileSync } from 'node:fs';
import type { SyncCounts } from '../../src/host/sync/sync-counts.js';
import { DAEMON_ROLES, type DaemonRole, type DaemonSettings } from '../../src/model/sync-daemon.js';
import { unlessCode } from '../../src/sys/errno.js';
import { processesIn } from '../../src/sys/namespaces/processes-in.js';
import { behindTunnel } from '../datapath/behind-tunnel.js';
import { type Cluster, ok, until, VIP } from '../datapath/cluster.js';
import { BACK6, FRONT6, inCluster6, server6, VIP6 } from '../datapath/cluster6.js';
import { station } from '../datapath/live-child.js';
import { begun } from '../datapath/traffic.js';
import { ENTRY, type Host, type Ran } from '../support/netns-bed.js';

export interface Pair extends Cluster {
  readonly second: Host;
  /** The switch between the directors. */
  readonly link: Host;
}

export const SYNC_ID = 7;
const IPIP = 4;

export interface Balanced {
  readonly address: string;
  readonly port: number;
  /** As ipvsadm has it. */
  readonly server: string;
}

/** A service for each method and family. */
export const SERVICES: readonly Balanced[] = [
  { address: VIP, port: 90, server: '10.8.2.12:90 -m' },
  { address: VIP, port: 91, server: '10.8.1.11:91 -g' },
  { address: VIP, port: 92, server: '10.8.2.11:92 -i' },
  { address: VIP6, port: 90, server: `[${server6(2)}]:90 -m` },
  { address: VIP6, port: 91, server: '[fd00:8:1::11]:91 -g' },
];

/** What `ipvsadm -R` of the services comes to. */
export function restored(host: Host, services: readonly Balanced[] = SERVICES): Ran {
  const lines = services.map(({ address, port, server }) => {
    const endpoint = `-t ${address.includes(':') ? `[${address}]` : address}:${port}`;
    return `-A ${endpoint} -s rr\n-a ${endpoint} -r ${server}\n`;
  });
  return host.run([process.execPath, ENTRY, 'ipvsadm', '-R'], lines.join(''));
}

export const addServices = (host: Host, services: readonly Balanced[] = SERVICES): void => void ok(restored(host, services));

export function startDaemon(host: Host, role: DaemonRole, options = ''): void {
  ok(host.ipvsadm(`--start-daemon ${role} --mcast-interface sy0 --syncid ${SYNC_ID}${options}`));
}

/** Of synchronisation daemons in its namespace. */
export function daemonProcesses({ namespace }: Host): readonly number[] {
  const command = (pid: number): string => unlessCode(() => readFileSync(`/proc/${pid}/cmdline`, 'latin1'), ['ENOENT', 'ESRCH'], '');
  return processesIn(namespace).filter((pid) => DAEMON_ROLES.some((role) => command(pid).endsWith(`\0sync\0run\0${role}\0`)));
}

/** The only one that runs there. */
export function daemonProcess(host: Host): number {
  const [pid, ...more] = daemonProcesses(host);
  if (pid === undefined || more.length > 0) throw new Error(`${host.name}: not one daemon`);
  return pid;
}

/** Those that a keeper asked to end may take a while on a busy machine. */
export const noDaemonLeft = (host: Host): Promise<readonly number[]> =>
  until(
    () => daemonProcesses(host),
    (pids) => pids.length === 0,
    60,
  );

/** They outlive the command that starts them, and hold their namespace. */
export function endDaemons(host: Host): void {
  for (const pid of daemonProcesses(host)) unlessCode(() => process.kill(pid, 'SIGKILL'), ['ESRCH'], false);
}

function addSecond(cluster: Cluster): Pair {
  const { bed, lvs, front, back } = cluster;
  const [second, link] = [bed.host('second'), bed.lan('link')];
  second.sysctl('net.ipv6.conf.default.accept_dad', '0');
  second.sysctl('net.ipv6.conf.all.forwarding', '1');
  bed.cable(second, 'eth0', front, '10.8.1.2/24');
  bed.cable(second, 'eth1', back, '10.8.2.2/24');
  second.ip('addr add fd00:8:1::2/64 dev eth0 nodad');
  second.ip('addr add fd00:8:2::2/64 dev eth1 nodad');
  for (const [k, director] of [lvs, second].entries()) {
    bed.cable(director, 'sy0', link, `10.8.9.${k + 1}/24`);
    bed.atEnd(() => endDaemons(director));
  }
  bed.atEnd(() => second.weir('unload'));
  return { ...cluster, second, link };
}

/** Servers of every service: each sends back what it gets. */
async function serve({ bed, web1, web2 }: Cluster): Promise<void> {
  web1.ip('addr add fd00:8:1::11/64 dev eth1 nodad');
  web1.ip(`addr add ${VIP6}/128 dev lo nodad`);
  const echoes: readonly (readonly [Host, number, string])[] = [
    [web2, 90, '0.0.0.0'],
    [web1, 91, VIP],
    [web1, 92, VIP],
    [web2, 90, server6(2)],
    [web1, 91, VIP6],
  ];
  await Promise.all(echoes.map(([host, port, address]) => host.serve(bed, station('echo', port, address))));
}

/** Both directors; the first one has the addresses. */
export async function inPair(work: (pair: Pair) => Promise<void>): Promise<void> {
  await inCluster6(async (cluster) => {
    // A raw socket, as that of the tunnel's end, would get packets that no device has cut and summed yet.
    ok(cluster.client.run(['ethtool', '-K', 'eth0', 'tx', 'off', 'tso', 'off', 'gso', 'off']));
    await behindTunnel(cluster, IPIP, 0);
    await serve(cluster);
    await work(addSecond(cluster));
  });
}

/** The second one takes over from a first one that is gone, as a daemon of VRRP does. */
export function failOver({ lvs, second, client, web1, web2 }: Pair): void {
  for (const device of ['eth0', 'eth1']) lvs.ip(`link set ${device} down`);
  second.ip(`addr add ${VIP}/32 dev eth0`);
  second.ip('addr add 10.8.2.1/24 dev eth1');
  second.ip(`addr add ${VIP6}/128 dev eth0 nodad`);
  second.ip(`addr add ${BACK6}/64 dev eth1 nodad`);
  for (const host of [client, web1, web2]) host.ip('neigh flush all');
}

/** The first one takes over again, by an agreement: the second one gives the addresses up. */
export function failBack({ lvs, second, client, web1, web2 }: Pair): void {
  second.ip(`addr del ${VIP}/32 dev eth0`);
  second.ip('addr del 10.8.2.1/24 dev eth1');
  second.ip(`addr del ${VIP6}/128 dev eth0`);
  second.ip(`addr del ${BACK6}/64 dev eth1`);
  for (const device of ['eth0', 'eth1']) lvs.ip(`link set ${device} up`);
  // A device that was down has lost its addresses of IPv6.
  lvs.ip(`addr add ${FRONT6}/64 dev eth0 nodad`);
  lvs.ip(`addr add ${VIP6}/128 dev eth0 nodad`);
  lvs.ip(`addr add ${BACK6}/64 dev eth1 nodad`);
  for (const host of [client, web1, web2]) host.ip('neigh flush all');
}

const ROW = /^(TCP|UDP) +\S+ +(\S+) +(\S+) +(\S+) +(\S+)$/gm;

/** Connections as ipvsadm lists them, without the time that they have. */
export const connections = (host: Host): readonly string[] =>
  [...ok(host.ipvsadm('-Lcn')).matchAll(ROW)].map(([, ...words]) => words.join(' ')).sort();

/** Waits until the second director lists so many established connections. */
export const established = (host: Host, count: number): Promise<readonly string[]> =>
  until(
    () => connections(host).filter((row) => row.includes(' ESTABLISHED ')),
    (rows) => rows.length === count,
    30,
  );

/** What a daemon has counted. */
export function countsOf(host: Host, role: DaemonRole): SyncCounts {
  const daemons = JSON.parse(ok(host.weir('sync status --json'))) as { readonly settings: DaemonSettings; readonly counts: SyncCounts }[];
  return daemons.find(({ settings }) => settings.role === role)?.counts ?? {};
}

/** Chats of the client with servers of these services; the function that is returned ends them, and has how many were answered to the last. */
export async function chats(pair: Pair, each: number, services: readonly Balanced[] = SERVICES): Promise<() => Promise<readonly string[]>> {
  const ends = await Promise.all(services.map(({ address, port }) => begun(pair, ...station('talk', address, port, each))));
  return () => Promise.all(ends.map((end) => end()));
}
