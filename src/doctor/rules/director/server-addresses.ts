// Did addresses of servers come to this host, or leave it, after the last command of weir? By VS/NAT that makes no difference.

import type { Address } from '../../../model/address.js';
import { formatAddress } from '../../../model/address-text.js';
import { someOf } from '../../../model/counted.js';
import type { Finding } from '../../../model/finding.js';
import { isDestinationOf } from '../../address-index.js';
import type { DirectorFacts } from '../../facts.js';

/** More are counted. */
const NAMED_MAX = 3;

const named = (addresses: readonly Address[]): string => someOf(addresses.map(formatAddress), NAMED_MAX);

export function serverAddressesRule({ services, datapath }: DirectorFacts): readonly Finding[] {
  const due = datapath.repairs?.find((one) => one.kind === 'server-addresses');
  if (due === undefined) return [];
  const other = services.map(({ destinations }) => ({ destinations: destinations.filter(({ method }) => method !== 'masq') }));
  const came = due.came.filter((address) => isDestinationOf(other, address));
  const fix = 'weir load';
  if (came.length > 0) {
    return [
      {
        severity: 'error',
        code: 'server-address-moved',
        what: `packets for ${named(came)} are refused (no_route)`,
        cause: `it became an address of this director after the last command of weir; of VS/DR, VS/TUN and FULLNAT that counts from the next one on`,
        fix,
      },
    ];
  }
  const left = due.left.filter((address) => isDestinationOf(services, address));
  if (left.length === 0) return [];
  return [
    {
      severity: 'info',
      code: 'server-address-moved',
      what: `${named(left)} was an address of this director at the last command of weir, and is not now`,
      cause: 'packets go to it by its route all the same',
      fix,
    },
  ];
}
