// On a real server: do answers use the right gateway, and does it answer? VS/NAT: the director; VS/DR and VS/TUN: never the director.
import { formatAddress } from '../../../model/address-text.js';
import type { Finding } from '../../../model/finding.js';
import { sameAddress } from '../../../model/identity.js';
import type { GatewayFact, RealServerFacts } from '../../facts.js';
import { interfaceNameOf } from '../../network.js';
import { isDirector } from '../../server-method.js';

/** The gateway does not answer, or the kernel sends to another MAC than its own. */
function unreachable(facts: RealServerFacts, gateway: GatewayFact): readonly Finding[] {
  const text = formatAddress(gateway.address);
  const interfaceName = interfaceNameOf(facts, gateway.ifindex);
  const { mac, fixedMac, unasked } = gateway;
  if (unasked) return [];
  if (fixedMac !== undefined && mac !== undefined) {
    return [
      {
        severity: 'error',
        code: 'server-gateway-neighbour',
        what: `answers go to ${fixedMac}, not to the gateway ${text}`,
        cause: `a permanent entry in the neighbour table of ${interfaceName} has that MAC, and ${mac} answers ARP for ${text}`,
        fix: `ip neigh del ${text} dev ${interfaceName}`,
      },
    ];
  }
  if (mac !== undefined || fixedMac !== undefined) return [];
  const isDip = facts.dip !== undefined && sameAddress(facts.dip, gateway.address);
  return [
    {
      severity: 'error',
      code: 'server-gateway-silent',
      what: `the gateway ${text} does not answer ARP on ${interfaceName}`,
      cause: `${isDip ? 'it is the director: it' : 'it'} is down, unplugged or has another address, so clients beyond it get no answer`,
      advice: `start ${text}, or replace the default route: ip route replace default via ROUTER dev ${interfaceName}`,
    },
  ];
}

function underNat(facts: RealServerFacts): readonly Finding[] {
  const { dip, gateways, waysBack } = facts;
  const back = waysBack.flatMap(({ path }) => path.gateway ?? []);
  if (dip === undefined || [...gateways.map(({ address }) => address), ...back].some((address) => isDirector(facts, address))) return [];
  const text = formatAddress(dip);
  const texts = gateways.map(({ address }) => formatAddress(address)).join(', ');
  return [
    {
      severity: 'error',
      code: 'server-gateway-not-director',
      what: gateways.length === 0 ? 'there is no default route' : `the gateway is ${texts}, not the director ${text}`,
      cause: 'under VS/NAT answers must go back through the director, which sets their source to the VIP',
      fix: `ip route replace default via ${text}`,
    },
  ];
}

function underDirectRouting(facts: RealServerFacts): readonly Finding[] {
  const directors = facts.gateways.filter(({ address }) => isDirector(facts, address));
  return directors.map(({ address, ifindex }) => ({
    severity: 'error',
    code: 'server-gateway-is-director',
    what: `the gateway ${formatAddress(address)} is the director`,
    cause: 'the director drops answers that come from its own VIP, so they need another route to the clients',
    advice: `ip route replace default via ROUTER dev ${interfaceNameOf(facts, ifindex)} (a router that is not the director)`,
  }));
}

export function serverGatewayRule(facts: RealServerFacts): readonly Finding[] {
  const silent = facts.gateways.flatMap((gateway) => unreachable(facts, gateway));
  const misled = facts.method === 'nat' ? underNat(facts) : underDirectRouting(facts);
  // A gateway that is the wrong one needs not answer.
  return misled.length > 0 ? misled : silent;
}
