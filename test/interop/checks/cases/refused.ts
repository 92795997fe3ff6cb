// Checks that this host itself refuses: an address to bind to that it has not, a server to which it has no way, and names for addresses.
import type { Place } from '../servers.js';
import type { CheckCase } from '../types.js';
import { check, config, globals, real, virtual, virtualAt } from './text.js';

const URL = 'url {\n  path /\n}';
/** What each check is, and the last line about a bind that failed. */
const CHECKS = [
  { kind: 'TCP_CHECK', place: 'a:80', lines: [], bound: 'TCP socket bind failed. Rescheduling.' },
  { kind: 'HTTP_GET', place: 'a:80', lines: [URL], bound: 'WEB socket bind failed. Rescheduling' },
  { kind: 'SMTP_CHECK', place: 'a:80', lines: ['helo_name me'], bound: 'SMTP_CHECK socket bind failed. Rescheduling.' },
  { kind: 'DNS_CHECK', place: 'a:53', lines: [], bound: 'UDP socket bind failed. Rescheduling.' },
  { kind: 'UDP_CHECK', place: 'a:53', lines: [], bound: 'Lost quorum' },
] as const;

function refused(kind: string, place: Place, lines: readonly string[]): string {
  const port = place.split(':')[1];
  const protocol = port === '53' ? ['protocol UDP'] : [];
  return config(virtualAt(`10.99.0.100 ${port}`, ...protocol, real(place, check(kind, 'retry 1', 'log_all_failures', ...lines))));
}

/** Names where addresses must stand. */
const named: CheckCase = {
  name: 'names',
  what: 'a server by a name is left out, a source address by a name is ignored',
  config: config(
    globals('notification_email { ops@example.org }', 'smtp_server relay.invalid'),
    virtual(
      check('real_server web.invalid 80', check('TCP_CHECK', 'retry 0')),
      real('a:80', check('TCP_CHECK', 'retry 0', 'bindto me.invalid')),
      real('b:80', check('TCP_CHECK', 'retry 0')),
    ),
  ),
  serve: { 'a:80': ['accept'], 'b:80': ['accept'] },
  steps: [
    { attempts: ['a:80', 2], serve: { 'a:80': 'refuse' } },
    { until: 'Removing service [10.1.0.11]', serve: { 'a:80': ['accept'] } },
    { until: 'Adding service [10.1.0.11]' },
  ],
  only: {
    debian: [/ - (skipping|ignoring)$/, /Invalid smtp server relay\.invalid/],
    weir: [/ - (skipping|ignoring) \(/, /^Mail was not sent: .* its name does not resolve$/],
  },
};

export const refusedCases: readonly CheckCase[] = [
  named,
  ...CHECKS.flatMap(({ kind, place, lines, bound }): readonly CheckCase[] => {
    const name = kind.toLowerCase().replace('_', '-');
    return [
      {
        name: `bind-${name}`,
        what: `${kind} from an address that is not here`,
        config: refused(kind, place, [...lines, 'bindto 10.88.0.1']),
        steps: [{ until: bound }],
      },
      {
        name: `no-route-${name}`,
        what: `${kind} of an address without a route`,
        config: refused(kind, place, [...lines, 'connect_ip 10.77.0.1']),
        steps: [{ until: 'Lost quorum' }],
      },
    ];
  }),
];
