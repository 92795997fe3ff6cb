// How soon a daemon speaks after its start, and how long it reads tens of thousands of instances.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Bed, configuration, daemonOf, type Maker, now, until } from './vrrp-pair.js';

/** Milliseconds from the start of the program to its first advert on the wire, as the owner of its addresses. */
export async function timeToFirstAdvert(maker: Maker, times: number): Promise<readonly number[]> {
  const bed = new Bed('s', maker);
  const found: number[] = [];
  try {
    for (let turn = 0; turn < times; turn += 1) {
      const ear = bed.listen();
      await ear.listening();
      const at = now();
      bed.a.start(configuration({ version: 2, interval: '1', priority: 255, lines: ['state MASTER'] }));
      await until('an advert', () => ear.adverts.length > 0);
      found.push(((ear.adverts[0]?.at ?? Number.NaN) - at) * 1000);
      await bed.a.stop();
      await ear.close();
    }
  } finally {
    await bed.close();
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

/** Seconds that -t takes for `groups` times 254 instances. @throws Error when it finds fault with the file */
export async function parseManyInstances(maker: Maker, groups: number): Promise<number> {
  const bed = new Bed('p', maker);
  const folder = mkdtempSync(join(tmpdir(), 'weir-bench-many-'));
  try {
    const file = join(folder, 'keepalived.conf');
    writeFileSync(file, many(groups));
    const at = now();
    const args = [`--net=/run/netns/${bed.a.namespace}`, '--', daemonOf(maker), '-t', '-f', file];
    const { status, stderr } = spawnSync('nsenter', args, { encoding: 'utf8', timeout: 60_000, maxBuffer: 64 << 20 });
    if (status !== 0) throw new Error(`${maker} -t: status ${status}: ${stderr.slice(0, 500)}`);
    return now() - at;
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await bed.close();
  }
}
