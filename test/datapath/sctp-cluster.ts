// SCTP in a cluster: its servers, and associations of its hosts.
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

/** Associations of a host, one after the other: who answered each. */
export function associated(host: Cluster['client'], count: number, { vip, own, port = PORT, size = 100 }: Asking): readonly string[] {
  return Array.from({ length: count }, () => ok(host.run(sctpStation('ask', vip, port, own, nextPort++, size))).trim());
}

/** Starts a server; its lines as they come. */
export async function servingSctp({ bed }: Cluster, host: Cluster['client'], port: number, address = ''): Promise<readonly string[]> {
  const { lines } = running(bed, host, sctpStation('serve', host.name, port, address));
  await until(
    () => lines,
    (seen) => seen[0] === 'ready',
  );
  return lines;
}
