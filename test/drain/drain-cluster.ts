// weir drain on a host of a cluster: by its JSON, with the processes that it leaves in the background.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { unlessCode } from '../../src/sys/errno.js';
import { processesIn } from '../../src/sys/namespaces/processes-in.js';
import { type Cluster, type inCluster, until } from '../datapath/cluster.js';
import type { Host } from '../support/netns-bed.js';

export interface SeenDrain {
  readonly id: string;
  readonly state: string;
  readonly remaining: { readonly open: number };
  readonly openAtDeadline?: number;
  readonly deadlineInS: number;
  /** The process that drives it in the background. */
  readonly driver: number | null;
}

export function drain(lvs: Host, line: string): { readonly status: number; readonly seen: SeenDrain } {
  const { status, stdout, stderr } = lvs.weir(`drain ${line} --json`);
  assert.equal(stderr, '');
  return { status, seen: JSON.parse(stdout) };
}

/** Until it has this state. */
export const drained = (lvs: Host, id: string, state: string): Promise<SeenDrain> =>
  until(
    () => drain(lvs, `status ${id}`).seen,
    (seen) => seen.state === state,
    60,
  );

const commandOf = (pid: number): string => unlessCode(() => readFileSync(`/proc/${pid}/cmdline`, 'latin1'), ['ENOENT', 'ESRCH'], '');

/** Those that weir drain has left in the background. */
const drivers = ({ namespace }: Host): readonly number[] =>
  processesIn(namespace).filter((pid) => commandOf(pid).endsWith('\0drain\0drive\0'));

export function killDrivers(host: Host): void {
  for (const pid of drivers(host)) unlessCode(() => process.kill(pid, 'SIGKILL'), ['ESRCH'], false);
}

/** `work` in a cluster that `open` gives; the processes and the drains that it leaves are ended. */
export async function withDrains(open: typeof inCluster, work: (cluster: Cluster) => Promise<void>): Promise<void> {
  await open(async (cluster) => {
    cluster.bed.undo(() => {
      killDrivers(cluster.lvs);
      const left = JSON.parse(cluster.lvs.weir('drain list --json').stdout || '[]') as { id: string; state: string }[];
      for (const { id, state } of left) if (state !== 'cancelled') cluster.lvs.weir(`drain cancel ${id}`);
    });
    await work(cluster);
  });
}
