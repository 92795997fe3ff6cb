// Does the forwarding method fit the network? VS/DR needs server and director in one subnet; VS/NAT needs the answers to come back.

import { formatAddress } from '../../../model/address-text.js';
import { changeText } from '../../../model/change-text.js';
import type { Finding } from '../../../model/finding.js';
import { addressId } from '../../../model/identity.js';
import { shellWord } from '../../../model/shell-word.js';
import { withAddress, withSubnet } from '../../address-index.js';
import type { DirectorFacts } from '../../facts.js';
import { contains, interfaceNameOf, placeText } from '../../network.js';
import { isBehindDownInterface } from './reach/path-verdict.js';

export function methodFitRule(facts: DirectorFacts): readonly Finding[] {
  const paths = new Map(facts.paths.map((path) => [addressId(path.to), path]));
  return facts.services.flatMap(({ spec, destinations }) =>
    destinations.flatMap((destination): readonly Finding[] => {
      const path = paths.get(addressId(destination.address));
      const place = placeText({ spec, destinations }, destination);
      const server = formatAddress(destination.address);
      const nat = changeText({ kind: 'edit-destination', service: spec.key, spec: { ...destination, method: 'masq' } });
      if (destination.method === 'route' && path?.kind === 'routed' && !isBehindDownInterface(facts, destination.address)) {
        const there = withAddress(facts.holders, destination.address)[0]?.ifindex;
        const router = path.gateway === undefined ? 'another host' : `the router ${formatAddress(path.gateway)}`;
        return [
          {
            severity: 'error',
            code: 'direct-route-behind-router',
            what: `${place} cannot be reached by VS/DR`,
            cause: `${server} is behind ${router}; VS/DR needs it in a subnet of this host`,
            ...(there === undefined
              ? { advice: `forward to it by VS/NAT, where its answers come back through this director: ipvsadm ${nat}` }
              : { fix: `ip route replace ${server} dev ${shellWord(interfaceNameOf(facts, there))}` }),
          },
        ];
      }
      const vip = spec.key.kind === 'address' ? spec.key.address : undefined;
      const shared = withSubnet(facts.addresses).find(
        (one) => contains(one, destination.address) && vip !== undefined && contains(one, vip),
      );
      if (destination.method === 'masq' && path?.kind === 'direct' && shared !== undefined) {
        return [
          {
            severity: 'info',
            code: 'nat-one-wire',
            what: `${place}: VIP and server share ${interfaceNameOf(facts, shared.ifindex)}'s subnet`,
            cause: 'clients in that subnet get the answers directly from the server and reset them; other clients are served',
          },
        ];
      }
      return [];
    }),
  );
}
