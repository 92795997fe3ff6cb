// Policies of IPsec for packets of virtual services: by NAT the stack sends these, by other methods they do not meet the policy.
import { counted, someOf } from '../../../model/counted.js';
import type { Finding } from '../../../model/finding.js';
import { addressId } from '../../../model/identity.js';
import { IpsecPolicies, type IpsecPolicy, policyText } from '../../../model/ipsec-policy.js';
import { masquerades } from '../../../model/masquerades.js';
import type { DestinationSpec, ServiceKey } from '../../../model/service.js';
import type { DirectorFacts } from '../../facts.js';
import { allAddresses, placeText, setting } from '../../network.js';

const DONE: Readonly<Record<IpsecPolicy['direction'], Readonly<Record<IpsecPolicy['action'], string>>>> = {
  out: { protect: 'is to encrypt or authenticate packets', block: 'blocks packets', pass: '' },
  fwd: { protect: 'lets only encrypted or authenticated packets pass', block: 'blocks packets', pass: '' },
};
/** What a policy does, and to which packets. */
const deed = (policy: IpsecPolicy): string => `the policy ${policyText(policy)} ${DONE[policy.direction][policy.action]}`;

function placesOf({ services }: DirectorFacts, wanted: (key: ServiceKey, destination: DestinationSpec) => boolean): readonly string[] {
  return services.flatMap((service) =>
    service.destinations.filter((one) => wanted(service.spec.key, one)).map((one) => placeText(service, one)),
  );
}

/** A finding for each policy that is for some destinations. */
function findingsOf(
  { services }: DirectorFacts,
  policies: IpsecPolicies,
  policiesFor: (key: ServiceKey, destination: DestinationSpec) => readonly IpsecPolicy[],
  finding: (policy: IpsecPolicy, places: string) => Omit<Finding, 'severity'>,
): readonly Finding[] {
  const placesOfPolicy = new Map<IpsecPolicy, string[]>();
  for (const service of services) {
    for (const one of service.destinations) {
      for (const policy of policiesFor(service.spec.key, one)) {
        const places = placesOfPolicy.get(policy) ?? [];
        places.push(placeText(service, one));
        placesOfPolicy.set(policy, places);
      }
    }
  }
  return policies.all.flatMap((policy): readonly Finding[] => {
    const places = placesOfPolicy.get(policy);
    return places === undefined ? [] : [{ severity: 'error', ...finding(policy, someOf(places, 1)) }];
  });
}

const bypassedFindings = (facts: DirectorFacts, policies: IpsecPolicies): readonly Finding[] =>
  findingsOf(
    facts,
    policies,
    (key, one) => policies.bypassed(key, one),
    (policy, places) => ({
      code: 'ipsec-bypassed',
      what: `packets of ${places} leave as they are, past a policy of IPsec`,
      cause: `${deed(policy)} that the director sends for them, which does not pass the kernel's IPsec by this method`,
      advice:
        'VS/NAT (ipvsadm -e … -m), whose packets the kernel sends where a policy is for them; or encryption by the servers and their clients, or by another host; where these packets may leave as they are, a policy with a smaller priority and without a template for them: ip xfrm policy add … dir out priority NUMBER',
    }),
  );

const FORWARD_ADVICE =
  'a policy with a smaller priority and without a template for them: ip xfrm policy add … dir fwd priority NUMBER; or without one for them, ip xfrm policy setdefault fwd accept';

/** Policies for forwarded packets: answers do not meet them, and what the kernel has for other reasons does. */
const forwardFindings = (facts: DirectorFacts, policies: IpsecPolicies): readonly Finding[] => [
  ...findingsOf(
    facts,
    policies,
    (key, one) => policies.answersNotForwarded(key, one),
    (policy, places) => ({
      code: 'ipsec-forward-bypassed',
      what: `answers of ${places} reach clients past a policy of IPsec for forwarded packets`,
      cause: `${deed(policy)} of the real servers: the kernel's IPVS would not forward the answers, weir does`,
      advice: `where they may reach clients, ${FORWARD_ADVICE}; where they may not, no such service, or a packet filter on the real servers`,
    }),
  ),
  ...findingsOf(
    facts,
    policies,
    (key, one) => policies.requestsNotForwarded(key, one),
    (policy, places) => ({
      code: 'ipsec-forward-dropped',
      what: `requests to ${places} are lost`,
      cause: `${deed(policy)} that the kernel forwards: those of new connections with a firewall mark, and those that another policy is for`,
      advice: FORWARD_ADVICE,
    }),
  ),
];

/** By NAT: what the kernel sends, it must forward. */
function policedFindings(facts: DirectorFacts, policies: IpsecPolicies): readonly Finding[] {
  const isPoliced = (key: ServiceKey, one: DestinationSpec): boolean => {
    const { requests, answers } = policies.policed(key, one);
    return masquerades(one) && (requests || answers);
  };
  const places = placesOf(facts, isPoliced);
  if (places.length === 0) return [];
  const lost = placesOf(facts, (key, one) => one.address.family === 'inet' && isPoliced(key, one));
  if (lost.length > 0 && setting(facts, 'net/ipv4/ip_forward') === 0) {
    const cause = 'a policy of IPsec is for them, so that the kernel must forward them, and ip_forward is 0';
    return [
      {
        severity: 'error',
        code: 'ipsec-forwarding-off',
        what: `packets of ${someOf(lost, 1)} are lost`,
        cause,
        fix: 'sysctl -w net.ipv4.ip_forward=1',
      },
    ];
  }
  const cause = "a policy of IPsec is for them (ip xfrm policy): they pass netfilter's FORWARD, too, and cost more than others";
  return [{ severity: 'info', code: 'ipsec-by-stack', what: `the kernel sends packets of ${someOf(places, 1)}`, cause }];
}

function changedFinding({ datapath }: DirectorFacts): readonly Finding[] {
  const due = datapath.repairs?.find((one) => one.kind === 'ipsec-policies');
  if (due === undefined) return [];
  const what = `the datapath does not know the policies of IPsec for packets of ${counted(due.destinations, 'destination')}`;
  return [
    {
      severity: 'error',
      code: 'ipsec-changed',
      what,
      cause: 'they were added or removed after the last command of weir',
      fix: 'weir load',
    },
  ];
}

export function ipsecRule(facts: DirectorFacts): readonly Finding[] {
  const own = new Set(allAddresses(facts).map(({ address }) => addressId(address)));
  const policies = new IpsecPolicies(facts.ipsecPolicies, (address) => own.has(addressId(address)));
  const changed = changedFinding(facts);
  const past = [...bypassedFindings(facts, policies), ...forwardFindings(facts, policies)];
  return [...past, ...(changed.length > 0 ? changed : policedFindings(facts, policies))];
}
