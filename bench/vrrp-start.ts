// How soon a daemon sends its first advert after its start, and how long it takes to read tens of thousands of instances.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configuration, type DaemonName, daemonOf, VrrpPair } from './vrrp-pair.js';
import { now, until } from './wait.js';

/** Milliseconds from the start of the program to its first advert on the wire, as the owner of its addresses. */
export async function timeToFirstAdvert(daemon: DaemonName, times: number): Promise<readonly number[]> {
  const pair = new VrrpPair('s', daemon);
  const found: number[] = [];
  try {
    for (let turn = 0; turn < times; turn += 1) {
      const capture = pair.capture();
      await capture.listening();
      const at = now();
      pair.a.start(configuration({ version: 2, interval: '1', priority: 255, lines: ['state MASTER'] }));
      await until('an advert', () => capture.adverts.length > 0);
      found.push(((capture.adverts[0]?.at ?? Number.NaN) - at) * 1000);
      await pair.a.stop();
      await capture.close();
    }
  } finally {
    await pair.close();
  }
  return found;
}

/** So many multicast groups of 254 routers each, on one interface. */
const many = (groups: number): string => `global_defs {
  vrrp_version 3
}
$INSTANCE= \\
vrrp_instance V\${GROUP}.\${VRID} { \\
  interface eth0 \\
  virtual_router_id \${VRID} \\
  mcast_dst_ip 239.0.1.\${GROUP} \\
  virtual_ipaddress { \\
    10.1.\${GROUP}.\${VRID} \\
  } \\
}
~SEQ(GROUP, 0, ${groups - 1}) ~SEQ(VRID, 1, 254) $INSTANCE
`;

/** Seconds that -t takes for `groups` times 254 instances. @throws Error when it reports a fault in the file */
export async function parseManyInstances(daemon: DaemonName, groups: number): Promise<number> {
  const pair = new VrrpPair('p', daemon);
  const folder = mkdtempSync(join(tmpdir(), 'weir-bench-many-'));
  try {
    const file = join(folder, 'keepalived.conf');
    writeFileSync(file, many(groups));
    const at = now();
    const args = [`--net=/run/netns/${pair.a.namespace}`, '--', daemonOf(daemon), '-t', '-f', file];
    const { status, stderr } = spawnSync('nsenter', args, { encoding: 'utf8', timeout: 60_000, maxBuffer: 64 << 20 });
    if (status !== 0) throw new Error(`${daemon} -t: status ${status}: ${stderr.slice(0, 500)}`);
    return now() - at;
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await pair.close();
  }
}
