// Are local addresses of FULLNAT virtual ones, too? Their ports stand for clients, and one of them may be a service's.

import { formatAddress } from '../../../model/address-text.js';
import { counted } from '../../../model/counted.js';
import type { Finding } from '../../../model/finding.js';
import { addressId } from '../../../model/identity.js';
import type { DirectorFacts } from '../../facts.js';
import { serviceText } from '../../network.js';

export function localAddressServesRule({ services }: DirectorFacts): readonly Finding[] {
  const locals = new Map(
    services.flatMap(({ destinations }) =>
      destinations.flatMap(({ localAddresses = [] }) => localAddresses.map((address) => [addressId(address), address] as const)),
    ),
  );
  return [...locals].flatMap(([id, address]): readonly Finding[] => {
    const served = services.filter(({ spec: { key } }) => key.kind === 'address' && addressId(key.address) === id);
    const [first, ...more] = served.map(({ spec }) => serviceText(spec));
    if (first === undefined) return [];
    return [
      {
        severity: 'warning',
        code: 'local-address-serves',
        what: `the local address ${formatAddress(address)} is a virtual address, too`,
        cause: `the port that stands for a client may be that of ${first}${more.length === 0 ? '' : ` or of ${counted(more.length, 'other service')}`}: answers of servers then go to the service`,
        advice: 'give FULLNAT a local address that serves nothing else (ipvsadm -e … --local-address)',
      },
    ];
  });
}
