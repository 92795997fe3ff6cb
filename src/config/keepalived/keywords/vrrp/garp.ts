// garp_group and the older interface tables at the root (keepalived.conf(5)).
import type { Keyword } from '../../keyword.js';
import { block, LINES, seconds, words } from '../arguments.js';

const interval = (name: string, what: string): Keyword => ({
  name,
  argument: seconds(0, 2147.483647),
  default: '0',
  meaning: `Least time between two ${what} on these interfaces together, in seconds.`,
  messages: { invalid: `garp_group ${name} '%v' invalid` },
});

const garpGroup: readonly Keyword[] = [
  interval('garp_interval', 'gratuitous ARPs'),
  interval('gna_interval', 'unsolicited neighbour advertisements'),
  { name: 'interface', argument: words(1), repeated: true, meaning: 'One interface.' },
  { name: 'interfaces', argument: LINES, meaning: 'Interfaces that share the pace.' },
];

/** The keywords at the root about interfaces. */
export const interfaceBlocks: readonly Keyword[] = [
  { name: 'garp_group', argument: block(() => garpGroup), repeated: true, meaning: 'Interfaces that share the pace of gratuitous ARPs.' },
  {
    name: 'linkbeat_interfaces',
    argument: LINES,
    acted: 'accepted',
    because: 'the kernel tells of every link by netlink',
    meaning: 'IF [MII|ETHTOOL|IOCTL]: interfaces whose link is polled.',
  },
  { name: 'interface_up_down_delays', argument: LINES, meaning: 'IF DOWN [UP]: seconds (0..255) until a change of the link counts.' },
];
