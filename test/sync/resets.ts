// What ends connections of a pair's hosts (pair.ts), and what a director drops so that it does not.
import { ok } from '../datapath/cluster.js';
import type { Host } from '../support/netns-bed.js';
import type { Pair } from './pair.js';

/** Established connections of a host that were reset, and RSTs that it has sent, of both families. */
export function resets(host: Host): number {
  const [names = [], values = []] = ok(host.run(['cat', '/proc/net/snmp']))
    .split('\n')
    .filter((line) => line.startsWith('Tcp:'))
    .map((line) => line.split(' '));
  return ['EstabResets', 'OutRsts'].reduce((sum, name) => sum + Number(values[names.indexOf(name)]), 0);
}

/** By the second director. */
export const dropped = ({ second }: Pair, reason: string): number =>
  Number((JSON.parse(ok(second.weir('stats drops --json'))) as Record<string, number>)[reason]);
