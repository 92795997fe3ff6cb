// Policies of IPsec that packets of virtual services would meet in the kernel's stack, and do not meet here.
import type { Finding } from '../../../model/finding.js';
import { sameAddress } from '../../../model/identity.js';
import { type IpsecPolicy, isBypassed, policyText } from '../../../model/ipsec-policy.js';
import type { DirectorFacts } from '../../facts.js';
import { allAddresses, placeText } from '../../network.js';

const DONE: Readonly<Record<IpsecPolicy['action'], string>> = {
  protect: 'is to encrypt or authenticate packets',
  block: 'blocks packets',
  pass: '',
};

export function ipsecRule(facts: DirectorFacts): readonly Finding[] {
  const { ipsecPolicies: policies, services } = facts;
  const own = allAddresses(facts);
  const isOwn = (address: (typeof own)[number]['address']): boolean => own.some((one) => sameAddress(one.address, address));
  return policies.flatMap((policy): readonly Finding[] => {
    const places = services.flatMap((service) =>
      service.destinations
        .filter((one) => isBypassed(policy, policies, service.spec.key, one, isOwn))
        .map((one) => placeText(service, one)),
    );
    const [first] = places;
    if (first === undefined) return [];
    const more = places.length === 1 ? '' : ` and ${places.length - 1} more`;
    return [
      {
        severity: 'error',
        code: 'ipsec-bypassed',
        what: `packets of ${first}${more} leave as they are, past a policy of IPsec`,
        cause: `the policy ${policyText(policy)} ${DONE[policy.action]} that the director sends for them, and what is balanced does not pass the kernel's IPsec`,
        advice:
          'let the servers and their clients encrypt, which is balanced too, or another host in front of the director or behind it; where these packets may leave as they are, a policy with a smaller priority and without a template for them: ip xfrm policy add … dir out priority NUMBER',
      },
    ];
  });
}
