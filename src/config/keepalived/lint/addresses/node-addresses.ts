// A virtual address that also belongs to a node: it cannot both move and stay.
import { formatAddress } from '../../../../model/address-text.js';
import { sameAddress } from '../../../../model/identity.js';
import { instancePlace } from '../place.js';
import { findingOf, type LintRule, type LintVerdict } from '../rule.js';

const OWN: LintVerdict = {
  code: 'vip-is-node-address',
  severity: 'error',
  meaning:
    'A virtual address is also the source or a `unicast_peer` of the instance: two hosts have it as soon as a backup takes over, and neither receives the other’s adverts.',
};

export const nodeAddresses: LintRule = {
  verdicts: [OWN],
  examine: (nodes) =>
    nodes.flatMap((node) =>
      node.configuration.instances
        // An address owner (RFC 9568) has the address on its interface.
        .filter(({ priority }) => priority !== 255)
        .flatMap(({ name, addresses, excludedAddresses, sourceAddress, unicast }) => {
          const held = [...addresses, ...excludedAddresses].map(({ address }) => address);
          const fixed = [
            ...(sourceAddress === undefined ? [] : [{ address: sourceAddress, role: 'the source address of this node' }]),
            ...(unicast?.peers ?? []).map(({ address }) => ({ address, role: 'an address in unicast_peer' })),
          ];
          return fixed
            .filter(({ address }) => held.some((one) => sameAddress(one, address)))
            .map(({ address, role }) =>
              findingOf(
                OWN,
                instancePlace(node, name, 'virtual_ipaddress', 'virtual_ipaddress_excluded'),
                `${name}: the virtual address ${formatAddress(address)} also belongs to a node`,
                `it is ${role}`,
                'use a virtual address that no node has as its own',
              ),
            );
        }),
    ),
};
