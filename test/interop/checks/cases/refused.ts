// Checks that this host itself refuses: an address to bind to that it has not, and a server to which it has no way.
import type { Place } from '../servers.js';
import type { CheckCase } from '../types.js';
import { check, config, real, virtualAt } from './text.js';

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

export const refusedCases: readonly CheckCase[] = CHECKS.flatMap(({ kind, place, lines, bound }): readonly CheckCase[] => {
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
});
