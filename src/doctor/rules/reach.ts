// Does every destination answer? A TCP connect from here; under VS/DR also a SYN for the VIP handed to the server itself.
import { formatAddress } from '../../model/address-text.js';
import { sameAddress } from '../../model/identity.js';
import type { DestinationSpec } from '../../model/service.js';
import type { DirectorFacts, HandoverFact, PathFact, ServiceFact } from '../facts.js';
import type { Finding } from '../finding.js';
import { endpoint, linkName, onWire, serviceText } from '../network.js';

const pathTo = (facts: DirectorFacts, to: DestinationSpec): PathFact | undefined =>
  facts.paths.find((path) => sameAddress(path.to, to.address));

/** Why a connect failed, as far as it can be known from here. */
function whyNot(facts: DirectorFacts, destination: DestinationSpec, error: string): { readonly cause: string; readonly mend: string } {
  const server = formatAddress(destination.address);
  const path = pathTo(facts, destination);
  if (error === 'ECONNREFUSED') {
    return {
      cause: `nothing listens on port ${destination.port} there`,
      mend: `on ${server}: start the server (ss -ltn 'sport = :${destination.port}' must list it)`,
    };
  }
  if (path?.kind === 'none') {
    return { cause: `this host has no route to ${server}`, mend: `ip route add ${server} dev IF (or via a router)` };
  }
  const device = linkName(facts, path?.device);
  const silent = !facts.holders.some(({ address }) => sameAddress(address, destination.address));
  if (path?.kind === 'direct' && silent) {
    return {
      cause: `no host answers ARP for ${server} on ${device}: it is down, unplugged or has another address`,
      mend: `on ${server}: ip addr; ip link`,
    };
  }
  if (error === 'EHOSTUNREACH' && path?.gateway !== undefined) {
    const router = formatAddress(path.gateway);
    return { cause: `the router ${router} on ${device} does not reach it`, mend: `ping ${router}; ip route get ${server}` };
  }
  if (error === 'ETIMEDOUT') {
    return {
      cause: 'no answer: a firewall drops it, or its answers go elsewhere',
      mend: `on ${server}: nft list ruleset; ip route get ${sourceTowards(facts, destination)}`,
    };
  }
  return { cause: error, mend: `ip route get ${server}` };
}

/** The address of ours that the server has to answer. */
function sourceTowards(facts: DirectorFacts, destination: DestinationSpec): string {
  const [wire] = onWire(facts, destination.address);
  return wire === undefined ? 'DIP' : formatAddress(wire.address);
}

function handover(facts: DirectorFacts, { spec }: ServiceFact, destination: DestinationSpec): HandoverFact | undefined {
  const { key } = spec;
  return key.kind !== 'address' || destination.method !== 'route'
    ? undefined
    : facts.handovers.find(
        (one) => sameAddress(one.vip, key.address) && one.port === key.port && sameAddress(one.realServer, destination.address),
      );
}

function judge(facts: DirectorFacts, service: ServiceFact, destination: DestinationSpec): readonly Finding[] {
  const place = `${serviceText(service.spec)} → ${endpoint(destination)}`;
  const quiesced = destination.weight === 0;
  const handed = handover(facts, service, destination);
  const tried = facts.connects.find(({ address, port }) => port === destination.port && sameAddress(address, destination.address));
  if (handed?.answer === 'accepted') {
    return []; // what VS/DR needs works, also where the server listens on the VIP alone
  }
  if (tried?.error !== undefined) {
    return [
      {
        level: quiesced ? 'info' : 'error',
        code: 'server-unreachable',
        what: `${place} does not answer`,
        ...whyNot(facts, destination, tried.error),
      },
    ];
  }
  const server = formatAddress(destination.address);
  if (handed !== undefined && service.spec.key.kind === 'address') {
    const vip = formatAddress(service.spec.key.address);
    const refused = handed.answer === 'refused';
    return [
      {
        level: quiesced ? 'info' : 'error',
        code: refused ? 'server-deaf-to-vip' : 'server-without-vip',
        what: `${place} does not serve the VIP`,
        cause: refused
          ? `it answers on ${server} but refuses ${vip}:${handed.port}`
          : `it answers on ${server} but drops packets for ${vip}: the VIP is not on its lo`,
        mend: refused ? `on ${server}: let the server listen on ${vip} too (0.0.0.0)` : `on ${server}: weir realserver start --vip ${vip}`,
      },
    ];
  }
  return [];
}

export function reachRule(facts: DirectorFacts): readonly Finding[] {
  return facts.services.flatMap((service) => service.destinations.flatMap((destination) => judge(facts, service, destination)));
}
