// On a real server: do answers use the right gateway, and does it answer? VS/NAT: the director; VS/DR and VS/TUN: never the director; FULLNAT: any
// way to its local address.

import type { Address } from '../../../model/address.js';
import { askedBy, formatAddress } from '../../../model/address-text.js';
import type { Finding } from '../../../model/finding.js';
import { sameAddress } from '../../../model/identity.js';
import { shellWord } from '../../../model/shell-word.js';
import type { GatewayFact, RealServerFacts, ServerMethod } from '../../facts.js';
import { interfaceNameOf, ipRoute } from '../../network.js';
import { isDirector } from '../../server-method.js';
import { refusalRepair } from '../director/reach/path-verdict.js';

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
        cause: `a permanent entry in the neighbour table of ${interfaceName} has that MAC, and ${mac} answers ${askedBy(gateway.address)} for ${text}`,
        fix: `ip neigh del ${text} dev ${shellWord(interfaceName)}`,
      },
    ];
  }
  if (mac !== undefined || fixedMac !== undefined) return [];
  const isDip = facts.dip !== undefined && sameAddress(facts.dip, gateway.address);
  return [
    {
      severity: 'error',
      code: 'server-gateway-silent',
      what: `the gateway ${text} does not answer ${askedBy(gateway.address)} on ${interfaceName}`,
      cause: `${isDip ? 'it is the director: it' : 'it'} is down, unplugged or has another address, so clients beyond it get no answer`,
      advice: `start ${text}, or replace the default route: ${ipRoute(facts.family)} replace default via ROUTER dev ${shellWord(interfaceName)}`,
    },
  ];
}

/** A route or rule that leads answers elsewhere although the default route leads to the director. */
function misledAnswers(facts: RealServerFacts, dip: string): Finding | undefined {
  const way = facts.waysBack.find(({ path }) => path.gateway === undefined || !isDirector(facts, path.gateway));
  if (way === undefined) return undefined;
  const from = way.from === undefined ? '' : ` from ${formatAddress(way.from)}`;
  const base = { severity: 'error', code: 'server-gateway-not-director' } as const;
  if (way.path.kind === 'none' && way.path.refusedBy !== undefined) {
    const what = `answers${from} to clients are dropped here, where they must go to the director ${dip}`;
    return { ...base, what, ...refusalRepair(facts, way.path, 'clients') };
  }
  const there =
    way.path.gateway === undefined ? `stay on ${interfaceNameOf(facts, way.path.ifindex)}` : `go to ${formatAddress(way.path.gateway)}`;
  return {
    ...base,
    what: `answers${from} to clients ${way.path.kind === 'none' ? 'have no route' : there}, not to the director ${dip}`,
    cause: 'a rule or a route that comes before the default route by the director leads them elsewhere',
    advice: `${facts.family === 'inet' ? 'ip rule' : 'ip -6 rule'}; ip route get ${formatAddress(way.path.to)}${from}: it must be via ${dip}`,
  };
}

function underNat(facts: RealServerFacts): readonly Finding[] {
  const { dip, gateways, waysBack } = facts;
  if (dip === undefined) return [];
  const text = formatAddress(dip);
  const ways = waysBack.map(({ path }) => path);
  if (ways.length > 0 && ways.every(({ gateway }) => gateway !== undefined && isDirector(facts, gateway))) return [];
  const refused = ways.some(({ refusedBy }) => refusedBy !== undefined);
  const misled = refused || gateways.some(({ address }) => isDirector(facts, address)) ? misledAnswers(facts, text) : undefined;
  if (misled !== undefined) return [misled];
  const texts = gateways.map(({ address }) => formatAddress(address)).join(', ');
  return [
    {
      severity: 'error',
      code: 'server-gateway-not-director',
      what: gateways.length === 0 ? 'there is no default route' : `the gateway is ${texts}, not the director ${text}`,
      cause: 'under VS/NAT answers must go back through the director, which sets their source to the VIP',
      fix: `${ipRoute(facts.family)} replace default via ${text}`,
    },
  ];
}

function underFullnat(facts: RealServerFacts): readonly Finding[] {
  const { dip, waysBack } = facts;
  const way = waysBack.find(({ path }) => path.kind === 'none');
  if (dip === undefined || way === undefined) return [];
  const text = formatAddress(dip);
  const refused = way.path.refusedBy !== undefined;
  return [
    {
      severity: 'error',
      code: 'server-no-way-back',
      what: `answers to the director's local address ${text} ${refused ? 'are dropped here' : 'have no route'}`,
      ...(refused
        ? refusalRepair(facts, way.path, text)
        : {
            cause: 'under FULLNAT a server sees the local address in the place of its clients',
            advice: `${ipRoute(facts.family)} add ${text} via ROUTER`,
          }),
    },
  ];
}

function underDirectRouting(facts: RealServerFacts): readonly Finding[] {
  if (facts.family === 'inet6') return []; // The kernel forwards what comes from an address of its own.
  const directors = facts.gateways.filter(({ address }) => isDirector(facts, address));
  return directors.map(({ address, ifindex }) => ({
    severity: 'error',
    code: 'server-gateway-is-director',
    what: `the gateway ${formatAddress(address)} is the director`,
    cause: 'the director drops answers that come from its own VIP, so they need another route to the clients',
    advice: `${ipRoute(facts.family)} replace default via ROUTER dev ${shellWord(interfaceNameOf(facts, ifindex))} (a router that is not the director)`,
  }));
}

const MISLED: Readonly<Record<ServerMethod, (facts: RealServerFacts) => readonly Finding[]>> = {
  nat: underNat,
  fullnat: underFullnat,
  dr: underDirectRouting,
  tun: underDirectRouting,
};

/** Do answers go by this gateway? */
const leadsThere = ({ waysBack }: RealServerFacts, address: Address): boolean =>
  waysBack.some(({ path: { gateway } }) => gateway !== undefined && sameAddress(gateway, address));

export function serverGatewayRule(facts: RealServerFacts): readonly Finding[] {
  const used = facts.gateways.filter(({ address }) => facts.method !== 'fullnat' || leadsThere(facts, address));
  const silent = used.flatMap((gateway) => unreachable(facts, gateway));
  const misled = MISLED[facts.method](facts);
  // A gateway that is the wrong one needs not answer.
  return misled.length > 0 ? misled : silent;
}
