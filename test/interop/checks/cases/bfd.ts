// BFD_CHECK: servers follow a session with another host, which comes, falls silent, ends and comes again.
import { bfdInstance } from '../neighbour.js';
import type { CheckCase } from '../types.js';
import { BFD_ADDRESSES } from '../world.js';
import { check, config, real, virtual } from './text.js';

const SESSION = bfdInstance('N', BFD_ADDRESSES.neighbour, BFD_ADDRESSES.own);
const follows = (...lines: readonly string[]): string => check('BFD_CHECK', 'name N', ...lines);

/** weir gives a session 3 s to come up before it counts as down, so no session is there at the start: both begin with DOWN. */
export const bfdCases: readonly CheckCase[] = [
  {
    name: 'bfd',
    what: 'BFD_CHECK of a host that comes, falls silent, goes on, ends and comes again',
    config: config(SESSION, virtual(real('a:80', follows()), real('b:80'))),
    neighbour: 'ends',
    steps: [
      { until: 'Removing service', neighbour: 'begins' },
      { until: 'Adding service', neighbour: 'silent' },
      { until: 'Removing service', neighbour: 'goes on' },
      { until: 'Adding service', neighbour: 'ends' },
      { until: 'Removing service', neighbour: 'begins' },
      { until: 'Adding service' },
    ],
  },
  {
    name: 'bfd-alpha',
    what: 'with alpha servers are out until their session is up, and two servers follow one session',
    config: config(SESSION, virtual('sorry_server 10.1.0.14 80', real('a:80', follows('alpha')), real('b:80', follows('alpha')))),
    neighbour: 'ends',
    racing: true,
    steps: [
      { until: 'is DOWN', times: 2, neighbour: 'begins' },
      { until: 'Removing sorry server', neighbour: 'silent' },
      { until: 'Adding sorry server', neighbour: 'goes on' },
      { until: 'Removing sorry server' },
    ],
  },
];
