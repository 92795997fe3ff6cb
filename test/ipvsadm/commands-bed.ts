// What the tests of ipvsadm as a process share: a namespace, commands in it, and lines to restore.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { removeNetns } from '../../src/sys/namespaces/remove-netns.js';
import { ENTRY, Host } from '../support/netns-bed.js';

/** A namespace of its own, the datapath taken away and itself gone at the end. */
export async function inNamespace(work: (host: Host) => Promise<void>): Promise<void> {
  const name = `weircli${process.pid}x${Math.trunc(performance.now())}`;
  assert.equal(spawnSync('ip', ['netns', 'add', name]).status, 0);
  const host = new Host(name, name);
  try {
    await work(host);
  } finally {
    host.weir('unload');
    assert.equal(removeNetns(name), undefined);
  }
}

/** Starts `ipvsadm` there with this input. */
export function start(host: Host, line: string, input = ''): ChildProcess {
  const child = spawn('ip', ['netns', 'exec', host.namespace, process.execPath, ENTRY, 'ipvsadm', ...line.split(' ')], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  // A child that is killed leaves input unread.
  child.stdin?.on('error', () => {});
  child.stdin?.end(input);
  return child;
}

export function restoreLines(count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const service = `-t 10.0.${index >> 9}.1:${1000 + ((index >> 1) & 0xff)}`;
    return index % 2 === 0 ? `-A ${service} -s wrr` : `-a ${service} -r 192.168.${index >> 8}.${index & 255}:80 -m -w 3`;
  });
}

export function ok(ran: { status: number; stdout: string; stderr: string }): string {
  assert.deepEqual({ status: ran.status, stderr: ran.stderr }, { status: 0, stderr: '' });
  return ran.stdout;
}
