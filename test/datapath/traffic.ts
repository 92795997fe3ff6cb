// A client's traffic while its director changes: connections that talk all the time, and datagrams that each begin another connection.
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { type Cluster, running, until } from './cluster.js';

/** What a running station prints when it is to end. */
async function ending({ child, lines }: { readonly child: ChildProcess; readonly lines: string[] }): Promise<string> {
  child.kill('SIGTERM');
  await until(
    () => lines,
    (seen) => seen.length > 1,
  );
  return lines[1] ?? '';
}

/** Runs a station on the client; the function that is returned ends it, and has what it prints then. */
export async function begun(cluster: Cluster, ...station: readonly string[]): Promise<() => Promise<string>> {
  const traffic = running(cluster.bed, cluster.client, station);
  await until(
    () => traffic.lines,
    (seen) => seen[0] === 'begun',
  );
  return () => ending(traffic);
}

/** Of a stream of datagrams: more than so many were sent, and none was lost. */
export async function allAnswered(datagrams: () => Promise<string>, more = 0): Promise<void> {
  const [sent = 0, answered] = (await datagrams()).split(' ').map(Number);
  assert.ok(sent > more, `${sent} datagrams`);
  assert.equal(answered, sent, 'datagrams that were answered');
}
