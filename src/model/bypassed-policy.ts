// Whether a policy of IPsec is for packets of services that leave without it, for who has changed these services.
import type { Address } from './address.js';
import { IpsecPolicies, type IpsecPolicy, policyText } from './ipsec-policy.js';
import type { DestinationEntry, ServiceEntry } from './service.js';

interface Balanced extends Pick<ServiceEntry, 'spec'> {
  readonly destinations: readonly Pick<DestinationEntry, 'spec'>[];
}

/** The first one; undefined: none is. `own`: which addresses the host has, asked for where there are policies. */
export function bypassingPolicy(
  policies: readonly IpsecPolicy[],
  own: () => (address: Address) => boolean,
  services: readonly Balanced[],
): IpsecPolicy | undefined {
  if (!policies.some(({ action }) => action !== 'pass')) return undefined;
  const ipsec = new IpsecPolicies(policies, own());
  for (const { spec, destinations } of services) {
    for (const one of destinations) {
      const [first] = ipsec.bypassed(spec.key, one.spec);
      if (first !== undefined) return first;
    }
  }
  return undefined;
}

export const bypassedText = (policy: IpsecPolicy): string =>
  `the policy of IPsec ${policyText(policy)} is not applied to what is not masqueraded; weir doctor names the services`;
