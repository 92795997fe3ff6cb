// SCTP in a cluster: its servers, and associations of its hosts.
import assert from 'node:assert/strict';
import { type Cluster, ok, running, until } from './cluster.js';
import { sctpStation } from './sctp-child.js';

/** The services' port. */
export const PORT = 2905;

let nextPort = 30_000;

/** From where the last association came. */
export const lastPort = (): number => nextPort - 1;

/** To whom a host's associations go, and from where. */
export interface Asking {
  readonly vip: string;
  readonly own: string;
  readonly port?: number;
  /** Bytes that are sent. */
  readonly size?: number;
}

/** How long an answer is waited for; where none may come, as long as its question is sent three times. */
const [PATIENCE_MS, SILENCE_MS] = [60_000, 3_000];

function associations(host: Cluster['client'], count: number, asking: Asking, patienceMs: number): readonly string[] {
  const { vip, own, port = PORT, size = 100 } = asking;
  const from = nextPort;
  nextPort += count;
  return ok(host.run(sctpStation('ask', vip, port, own, from, size, count, patienceMs)))
    .trimEnd()
    .split('\n');
}

/** Associations of a host, one after the other: who answered each. */
export function associated(host: Cluster['client'], count: number, asking: Asking): readonly string[] {
  return associations(host, count, asking, PATIENCE_MS);
}

/** @throws AssertionError when an association of the host is answered */
export function unanswered(host: Cluster['client'], asking: Asking): void {
  assert.deepEqual(associations(host, 1, asking, SILENCE_MS), ['silence']);
}

/** Starts a server; its lines as they come. */
export async function servingSctp({ bed }: Cluster, host: Cluster['client'], port: number): Promise<readonly string[]> {
  const { lines } = running(bed, host, sctpStation('serve', host.name, port, ''));
  await until(
    () => lines,
    (seen) => seen[0] === 'ready',
  );
  return lines;
}
