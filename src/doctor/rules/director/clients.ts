// Do answers get back to the clients? VS/NAT and servers on this host answer through this director.
import type { Address } from '../../../model/address.js';
import { formatAddress } from '../../../model/address-text.js';
import type { Finding } from '../../../model/finding.js';
import { addressId, sameAddress } from '../../../model/identity.js';
import type { ClientFact, DirectorFacts } from '../../facts.js';
import { interfaceNameOf, ipRoute, serviceText } from '../../network.js';
import { troubleOf } from '../interface-trouble.js';
import { type Known, knownOf } from './reach/known.js';
import { isBehindDownInterface, refusalRepair, routerRepair } from './reach/path-verdict.js';
import type { Repair } from './reach/verdict.js';

/** VIPs with servers whose answers this host sends, each with the text of one of its services. */
function answeredHere({ services, paths }: DirectorFacts): ReadonlyMap<string, string> {
  const local = new Set(paths.filter(({ kind }) => kind === 'local').map(({ to }) => addressId(to)));
  const found = new Map<string, string>();
  for (const { spec, destinations } of services) {
    const here = destinations.some(({ method, address }) => method === 'masq' || local.has(addressId(address)));
    if (here && spec.key.kind === 'address') found.set(addressId(spec.key.address), serviceText(spec));
  }
  return found;
}

/** Without a default route, only clients that were seen show that one is missing: in the table, or as packets that were dropped. */
function unroutable(facts: DirectorFacts, { client, path, seen }: ClientFact, service: string): Finding | undefined {
  const { family } = client;
  const strangers = family === 'inet' ? (facts.drops?.recent.get('martian') ?? 0) : 0;
  if ((!seen && path.refusedBy === undefined && strangers === 0) || isBehindDownInterface(facts, client)) return undefined;
  const name = seen ? formatAddress(client) : 'clients in other networks';
  const repair: Repair =
    path.refusedBy !== undefined
      ? refusalRepair(facts, path, name)
      : {
          cause: seen
            ? `this host has no route to ${name}, which is in the connection table`
            : `this host has no default route, and UDP packets from sources without a route were dropped (martian: ${strangers})`,
          advice: `add a default route by the router of that network: ${ipRoute(family)} add default via ROUTER`,
        };
  return { severity: 'error', code: 'client-unroutable', what: `${service} sends no answer to ${name}`, ...repair };
}

function throughRouter(known: Known, { path }: ClientFact, service: string | undefined): Finding | undefined {
  const { facts } = known;
  const iface = facts.interfaces.find(({ ifindex }) => ifindex === path.ifindex);
  if (path.gateway === undefined || iface === undefined || troubleOf(iface) !== undefined) return undefined;
  if (facts.paths.some(({ gateway }) => gateway !== undefined && sameAddress(gateway, path.gateway as Address))) return undefined; // A server's rule reports it.
  const repair: Repair | undefined = routerRepair(known, iface.ifindex, path.gateway);
  if (repair === undefined) return undefined;
  return {
    severity: service === undefined ? 'info' : 'error',
    code: 'gateway-unanswered',
    what:
      service === undefined
        ? `this host does not reach its router ${formatAddress(path.gateway)} on ${interfaceNameOf(facts, path.ifindex)}`
        : `${service} sends no answer to clients behind the router ${formatAddress(path.gateway)}`,
    ...repair,
  };
}

/** One finding for each cause: clients of one network, or behind one router, share it. */
export function clientsRule(facts: DirectorFacts): readonly Finding[] {
  const known = knownOf(facts);
  const services = answeredHere(facts);
  const found = new Map<string, Finding>();
  for (const client of facts.clients) {
    const service = services.get(addressId(client.vip));
    const finding =
      client.path.kind !== 'none'
        ? throughRouter(known, client, service)
        : service === undefined
          ? undefined
          : unroutable(facts, client, service);
    // What a client that was seen shows, the Internet does not show once more.
    const key = finding && (finding.fix ?? (client.path.kind === 'none' ? (client.path.refusedBy ?? 'none') : finding.cause));
    if (finding !== undefined && key !== undefined && !found.has(key)) found.set(key, finding);
  }
  return [...found.values()];
}
