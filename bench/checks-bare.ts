// What the kernel alone takes for a check by TCP: a loop in C (connects.c) that connects to the same servers as often, without a datapath.
import { join } from 'node:path';
import { ADDRESSES, ChecksBed, FIRST_ADDRESS, PORTS, PROBE_PORT, places } from './checks-bed.js';
import { SERVERS } from './checks-config.js';
import { PacketTimes } from './packet-times.js';
import { finished, start } from './processes.js';
import { allCpus } from './vrrp-pair.js';

/** Seconds of CPU by connection, one for each slice. `tools`: the folder with `connects`. @throws Error when a connection fails */
export async function bareConnects(tools: string, slices: number, sliceSeconds: number): Promise<readonly number[]> {
  const bed = new ChecksBed('keepalived', '', 'cbare');
  // A capture costs each packet time, beside the daemons and here.
  const capture = new PacketTimes(bed.namespace, 'lo', `dst port ${PROBE_PORT}`);
  try {
    await bed.serve();
    await capture.listening();
    const many = [FIRST_ADDRESS, ADDRESSES, PORTS[0], PORTS.length, places.length * SERVERS.tcp, slices, sliceSeconds].map(String);
    const { status, stdout, stderr } = await finished(start(bed.namespace, ['taskset', '-c', allCpus, join(tools, 'connects'), ...many]));
    const costs = stdout.trim().split('\n').map(Number);
    if (status !== 0 || costs.length !== slices) throw new Error(`connects: ${stderr.trim() || `status ${status}`}`);
    return costs;
  } finally {
    await capture.close();
    await bed.close();
  }
}
