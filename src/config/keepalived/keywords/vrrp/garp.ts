// garp_group and the older interface tables at the root (keepalived.conf(5)).
import type { Keyword } from '../../keyword.js';
import { block, LINES, seconds, words } from '../arguments.js';

const interval = (name: string, what: string): Keyword => ({
  name,
  argument: seconds(0, 2147.483647),
  default: '0',
  meaning: `Minimum time between two ${what} on all these interfaces together, in seconds.`,
  messages: { invalid: `garp_group ${name} '%v' invalid` },
});

const garpGroup: readonly Keyword[] = [
  interval('garp_interval', 'gratuitous ARPs'),
  interval('gna_interval', 'unsolicited neighbour advertisements'),
  { name: 'interface', argument: words(1), repeated: true, meaning: 'An interface.' },
  { name: 'interfaces', argument: LINES, meaning: 'Interfaces that share the limit.' },
];

/** The keywords at the root about interfaces. */
export const interfaceBlocks: readonly Keyword[] = [
  {
    name: 'garp_group',
    argument: block(() => garpGroup),
    repeated: true,
    meaning: 'Interfaces that share a rate limit for gratuitous ARPs.',
  },
  {
    name: 'linkbeat_interfaces',
    argument: LINES,
    acted: 'accepted',
    because: 'weir gets interface states by netlink',
    meaning: 'IF [MII|ETHTOOL|IOCTL]: interfaces whose state is polled.',
  },
  { name: 'interface_up_down_delays', argument: LINES, meaning: 'IF DOWN [UP]: seconds (0..255) that a change of state must last.' },
];
