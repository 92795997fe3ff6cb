// What an examination of a director or a real server looked at, and what it cannot see from there: nothing is wrong only as far as that. Pure.
import { counted } from '../model/counted.js';
import { addressId } from '../model/identity.js';
import type { Protocol } from '../model/service.js';
import type { DirectorFacts, Facts, RealServerFacts, VrrpNodeFacts } from './facts.js';
import { BOTH_FAMILIES, vipsOf } from './network.js';
import { hasVip } from './server-method.js';

export interface Coverage {
  readonly lookedAt: readonly string[];
  readonly notLookedAt: readonly string[];
}

const servers = (count: number): string => counted(count, 'server');

/** Servers of one protocol by address and port. */
function endpointsOf({ services }: DirectorFacts, protocol: Protocol): number {
  const of = services.filter(({ spec: { key } }) => key.kind === 'address' && key.protocol === protocol);
  return new Set(of.flatMap(({ destinations }) => destinations.map(({ address, port }) => `${addressId(address)} ${port}`))).size;
}

function directorCoverage(facts: DirectorFacts): Coverage {
  const [udp, sctp] = [endpointsOf(facts, 'udp'), endpointsOf(facts, 'sctp')];
  const marks = facts.services.filter(({ spec: { key } }) => key.kind === 'fwmark').length;
  const tried = new Set(facts.handovers.map(({ realServer }) => addressId(realServer))).size;
  const seen = facts.clients.filter((one) => one.seen).length;
  return {
    lookedAt: [
      'the datapath',
      counted(facts.interfaces.length, 'interface'),
      counted(vipsOf(facts.services, BOTH_FAMILIES).length, 'VIP'),
      ...(facts.connects.length === 0 ? [] : [`TCP of ${servers(facts.connects.length)}`]),
      ...(tried === 0 ? [] : [`forwarding to ${servers(tried)}`]),
      seen === 0 ? 'the default route' : `routes to ${counted(seen, 'client')}`,
      ...(facts.vrrp === undefined ? [] : ['VRRP']),
    ],
    notLookedAt: [
      ...(udp === 0 ? [] : [`what ${counted(udp, 'UDP server')} ${udp === 1 ? 'answers' : 'answer'}`]),
      ...(sctp === 0 ? [] : [`SCTP of ${servers(sctp)}`]),
      ...(marks === 0 ? [] : [`which packets ${counted(marks, 'firewall mark')} ${marks === 1 ? 'gets' : 'get'}`]),
      ...(facts.reflections.some(({ answer }) => answer === 'back') ? [] : ["routers' ways to the VIPs"]),
      'the applications',
      "clients' own routes and filters",
    ],
  };
}

function serverCoverage(facts: RealServerFacts): Coverage {
  const families = [facts, ...(facts.other === undefined ? [] : [facts.other])];
  const direct = families.filter(({ method }) => hasVip(method));
  const sum = (of: (one: RealServerFacts) => readonly unknown[]): number => families.reduce((count, one) => count + of(one).length, 0);
  const services = facts.ports.map(({ protocol, port }) => `${protocol.toUpperCase()} port ${port}`);
  return {
    lookedAt: [
      ...(direct.length === 0
        ? []
        : [
            counted(
              sum((one) => (direct.includes(one) ? one.vips : [])),
              'VIP',
            ),
          ]),
      ...(direct.some(({ family }) => family === 'inet') ? ['ARP'] : []),
      ...(families.some(({ family }) => family === 'inet6') ? ['neighbour discovery'] : []),
      counted(
        sum(({ gateways }) => gateways),
        'gateway',
      ),
      'routes back to clients',
      'the packet filter',
      ...(facts.sockets === undefined ? [] : services),
    ],
    notLookedAt: [
      ...(services.length === 0 ? ['what listens (--port)'] : []),
      'rules about single clients',
      "the director's table",
      'the applications',
      "clients' own routes and filters",
    ],
  };
}

function vrrpCoverage({ instances, vrrp = [] }: VrrpNodeFacts): Coverage {
  return {
    lookedAt: [
      counted(instances, 'instance'),
      counted(vrrp.length, 'address', 'addresses'),
      'adverts',
      'ARP',
      'the packet filter',
      'settings',
    ],
    notLookedAt: ['the other nodes', 'tracked scripts and files', 'what listens on the addresses'],
  };
}

export function coverageOf(facts: Facts): Coverage {
  return facts.role === 'director' ? directorCoverage(facts) : facts.role === 'rs' ? serverCoverage(facts) : vrrpCoverage(facts);
}

/** `; looked at: …; not looked at: …` */
export const coverageText = ({ lookedAt, notLookedAt }: Coverage): string =>
  `; looked at: ${lookedAt.join(', ')}; not looked at: ${notLookedAt.join(', ')}`;
