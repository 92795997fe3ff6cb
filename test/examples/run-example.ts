// Runs an example of keepalived.conf in network namespaces: the daemon reads it without a message, and does its job.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../src/lab/state/paths.js';
import type { Declare } from '../support/breadth.js';
import { Bed } from '../support/netns-bed.js';
import { RunningDaemon } from '../support/running-daemon.js';
import type { Example } from './example.js';

export const folder = join(projectRoot(), 'examples/keepalived');
export const program = join(projectRoot(), 'bin/keepalived');

/** A test of each, by the name of its file, as `declare` has it. Hosts are named `prefix` and a number. */
export function testExamples(prefix: string, examples: Readonly<Record<string, Example>>, declare: (name: string) => Declare): void {
  Object.entries(examples).forEach(([name, example], index) => {
    declare(name)(name, () => runExample(name, `${prefix}${index}`, example));
  });
}

async function runExample(name: string, hostName: string, { devices, holds, before, after }: Example): Promise<void> {
  const bed = new Bed();
  const pids = mkdtempSync(join(tmpdir(), 'weir-examples-'));
  try {
    const [host, lan] = [bed.host(hostName), bed.lan(`${hostName}l`)];
    host.sysctl('net.ipv6.conf.default.accept_dad', '0');
    for (const [device, address] of Object.entries(devices)) bed.cable(host, device, lan, address);
    const file = join(folder, name);
    const { status, stdout, stderr } = host.run([program, '-t', '-f', file]);
    assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: '', stderr: '' });
    const files = ['-p', join(pids, 'p'), '-r', join(pids, 'r'), '-c', join(pids, 'c'), '-b', join(pids, 'b')];
    const daemon = new RunningDaemon(['ip', 'netns', 'exec', host.namespace, program, '-n', '-l', '-D', '-G', '-f', file, ...files]);
    bed.atEnd(() => {
      if (existsSync(`/proc/${daemon.pid}`)) daemon.signal('SIGKILL');
    });
    await before?.(host, bed, daemon, lan);
    await daemon.until('it is master', () => holds.every((pattern) => pattern.test(host.ip('-o addr show'))));
    await after?.(host, daemon);
    assert.equal(await daemon.stop(), 0);
    assert.ok(!holds.some((pattern) => pattern.test(host.ip('-o addr show'))));
  } finally {
    bed.close();
    rmSync(pids, { recursive: true });
  }
}
