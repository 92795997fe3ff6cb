// The variants of VRRP between two daemons, as data: each runs with either daemon as the winner.
import { ADDRESS, type Maker, VIP } from './harness.js';

export interface Variant {
  /** Short, of letters and digits: namespaces are named after it. */
  readonly name: string;
  readonly version: 2 | 3;
  /** Seconds, as written. */
  readonly interval: string;
  readonly vip: string;
  /** Lines of the instance, for the node that has this address. */
  readonly lines: (own: string, peer: string) => readonly string[];
  /** Where adverts go; absent: to the multicast group. */
  readonly unicast?: true;
  /** Both have `nopreempt`: a node that comes back does not take the VIP again. */
  readonly stays?: true;
  /** down_timer_adverts, where it is not 3. */
  readonly adverts?: number;
}

const nothing = (): readonly string[] => [];
const ipv4 = `${VIP}/24`;
const IPV6 = 'fe80::99:100/64';
const authentication = (type: 'PASS' | 'AH', password = '1111') => [
  'authentication {',
  `  auth_type ${type}`,
  `  auth_pass ${password}`,
  '}',
];
const unicast = (own: string, peer: string): readonly string[] => [`unicast_src_ip ${own}`, 'unicast_peer {', `  ${peer}`, '}'];

export const variants: readonly Variant[] = [
  { name: 'v2', version: 2, interval: '1', vip: ipv4, lines: nothing },
  { name: 'pass', version: 2, interval: '1', vip: ipv4, lines: () => authentication('PASS') },
  { name: 'ah', version: 2, interval: '1', vip: ipv4, lines: () => authentication('AH') },
  { name: 'v2uni', version: 2, interval: '1', vip: ipv4, lines: unicast, unicast: true },
  {
    name: 'ahuni',
    version: 2,
    interval: '1',
    vip: ipv4,
    lines: (own, peer) => [...authentication('AH'), ...unicast(own, peer)],
    unicast: true,
  },
  { name: 'v3', version: 3, interval: '0.5', vip: ipv4, lines: nothing },
  { name: 'v3uni', version: 3, interval: '0.2', vip: ipv4, lines: unicast, unicast: true },
  { name: 'v3fast', version: 3, interval: '0.1', vip: ipv4, lines: nothing },
  { name: 'v6', version: 3, interval: '0.5', vip: IPV6, lines: nothing },
  // A backup that takes over from a master that was only late stays master: it must be late by seconds.
  { name: 'stays', version: 3, interval: '1', vip: ipv4, lines: () => ['nopreempt'], stays: true },
  { name: 'one', version: 3, interval: '0.5', vip: ipv4, lines: () => ['down_timer_adverts 1'], adverts: 1 },
];

/**
 * One of version 2, one of version 3, and one by IPv6: those of each run of the tests. Their intervals are long enough that no backup takes
 * over from a master that was a second late.
 */
export const QUICK: ReadonlySet<string> = new Set(['v3']);

export const roles: readonly { readonly high: Maker; readonly low: Maker }[] = [
  { high: 'weir', low: 'debian' },
  { high: 'debian', low: 'weir' },
];

export const PRIORITY = { high: 200, low: 100 } as const;

/** RFC 5798 §6.1: the time after a master's last advert before which the node of priority 100 must not take over, in seconds. */
export function patience({ version, interval, adverts = 3 }: Variant): number {
  const seconds = Number(interval);
  return adverts * seconds + skew({ version, interval });
}

/** RFC 5798 §6.1, Skew_Time: how long the node of priority 100 waits after an advert of priority 0, in seconds. */
export const skew = ({ version, interval }: Pick<Variant, 'version' | 'interval'>): number =>
  ((256 - PRIORITY.low) / 256) * (version === 2 ? 1 : Number(interval));

/** The settings of one node. */
export const settings = (variant: Variant, node: 'a' | 'b', priority: number) => ({
  priority,
  version: variant.version,
  interval: variant.interval,
  vips: [variant.vip],
  lines: variant.lines(ADDRESS[node], ADDRESS[node === 'a' ? 'b' : 'a']),
});
