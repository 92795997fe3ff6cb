// On a real server: do answers use the right gateway? VS/NAT: the director; VS/DR: never the director.
import type { Address } from '../../../model/address.js';
import { formatAddress } from '../../../model/address-text.js';
import type { Finding } from '../../../model/finding.js';
import { sameAddress } from '../../../model/identity.js';
import type { RealServerFacts } from '../../facts.js';

/** Whether this gateway is the director: it has the address given as --dip, or it answers for the VIP. */
function isDirector(facts: RealServerFacts, gateway: Address): boolean {
  if (facts.dip !== undefined) return sameAddress(facts.dip, gateway);
  const macs = facts.holders.filter(({ address }) => facts.vips.some((vip) => sameAddress(vip, address))).map(({ mac }) => mac);
  return facts.holders.some(({ address, mac }) => sameAddress(address, gateway) && macs.includes(mac));
}

export function serverGatewayRule(facts: RealServerFacts): readonly Finding[] {
  const gateways = facts.defaultRoutes.flatMap(({ gateway }) => gateway ?? []);
  const texts = gateways.map(formatAddress).join(', ');
  if (facts.method === 'nat') {
    if (facts.dip === undefined || gateways.some((gateway) => isDirector(facts, gateway))) return [];
    const dip = formatAddress(facts.dip);
    return [
      {
        severity: 'error',
        code: 'server-gateway-not-director',
        what: gateways.length === 0 ? 'there is no default route' : `the gateway is ${texts}, not the director ${dip}`,
        cause: 'under VS/NAT answers must go back through the director, which sets their source to the VIP',
        fix: `ip route replace default via ${dip}`,
      },
    ];
  }
  if (facts.defaultRoutes.length === 0) {
    return [
      {
        severity: 'warning',
        code: 'server-no-gateway',
        what: 'there is no default route',
        cause: "only clients on this host's own subnets get an answer",
        advice: 'add one: ip route add default via ROUTER',
      },
    ];
  }
  return gateways
    .filter((gateway) => isDirector(facts, gateway))
    .map((gateway) => ({
      severity: 'error',
      code: 'server-gateway-is-director',
      what: `the gateway ${formatAddress(gateway)} is the director`,
      cause: 'under VS/DR the director drops answers that come from its own VIP, so they need another route to the clients',
      advice: 'use a router that is not the director: ip route replace default via ROUTER',
    }));
}
