// Whether a director should get traffic: what a router or a prober asks.
import type { Status } from './status.js';

/** Why this director should get no traffic; none: it should. */
export function notReady({ datapath }: Pick<Status, 'datapath'>): readonly string[] {
  if (datapath.state !== 'loaded') return [`the datapath is ${datapath.state}`];
  const attached = datapath.interfaces.filter(({ tc, xdp }) => tc || xdp);
  const missing = datapath.interfaces.filter(({ tc, xdp }) => !tc && !xdp);
  if (attached.length === 0) return ['no interface is attached'];
  return missing.map(({ name }) => `${name} is not attached`);
}
