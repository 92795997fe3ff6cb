// Does the router in front send what is for the VIPs to this host? Only where it sends this host other packets back: many routers do not.
import { formatAddress } from '../../../model/address-text.js';
import type { Finding } from '../../../model/finding.js';
import { addressId, sameAddress } from '../../../model/identity.js';
import type { DirectorFacts, ReflectionFact } from '../../facts.js';
import { interfaceNameOf, vipsOf } from '../../network.js';

/** A VIP that gets packets is led here, whatever a filter in front does with ping. */
const QUIET_S = 3;

function judge(facts: DirectorFacts, { router, target, ifindex, answer }: ReflectionFact): Finding {
  const [vip, name] = [formatAddress(target), formatAddress(router)];
  return {
    severity: 'warning',
    code: 'vip-not-led-here',
    what: `the router ${name} does not send packets for VIP ${vip} to this host`,
    cause: `${answer === 'refused' ? 'it answers that it cannot reach it' : 'they do not come back'}, and those for other addresses of this host do: either its route or its ARP entry for ${vip} is wrong, or a filter there drops them`,
    advice: `on the router: ip route get ${vip}; ip neigh show ${vip}; on this host: arping -U -I ${interfaceNameOf(facts, ifindex)} ${vip} announces the address`,
  };
}

export function routerToVipRule(facts: DirectorFacts): readonly Finding[] {
  const vips = vipsOf(facts.services);
  const isVip = ({ target }: ReflectionFact): boolean => vips.some((vip) => sameAddress(vip, target));
  return facts.reflections.filter(isVip).flatMap((one): readonly Finding[] => {
    const idle = facts.connections.idle.get(addressId(one.target)) ?? Number.POSITIVE_INFINITY;
    const same = facts.reflections.filter((other) => sameAddress(other.router, one.router) && sameAddress(other.target, one.target));
    if (one.kind !== 'syn' || same.some(({ answer }) => answer === 'back') || idle < QUIET_S) return [];
    const control = facts.reflections.some(
      (other) => other.answer === 'back' && sameAddress(other.router, one.router) && !sameAddress(other.target, one.target),
    );
    return control ? [judge(facts, same.find(({ answer }) => answer === 'refused') ?? one)] : [];
  });
}
