// Evaluates this host's packet filter for the first packet of a client to each service: where it would, or might, be dropped.
import { PAIR } from '../../datapath/ebpf/load/pair.js';
import type { Address, Family } from '../../model/address.js';
import { type MarkKey, marksAmong } from '../../model/mark-keys.js';
import type { ServiceSpec } from '../../model/service.js';
import { LinkFlag } from '../../wire/rtnetlink-link.js';
import { withAddress } from '../address-index.js';
import type { DirectorFacts, FilterDenial, HostFacts, ServiceFact } from '../facts.js';
import { allAddresses, interfaceNameOf, subnetsWith } from '../network.js';
import { blockingRule } from '../packet-filter/blocking.js';
import { droppingRules, markingRules } from '../packet-filter/dropping.js';
import type { Blocked, Chain, PacketProbe } from '../packet-filter/model.js';

/** Stands for a client anywhere, and for any destination. */
export const SOMEWHERE: Readonly<Record<Family, Address>> = {
  inet: { family: 'inet', words: [0x4d4d4d4d] },
  inet6: { family: 'inet6', words: [0x2a4d4d4d, 0, 0, 0x4d] },
};
const SERVICES_MAX = 1024;
/** Of pairs of a service and an interface. */
const PROBES_MAX = 8192;

/** Any packet that may begin a connection of a client. `interfaceName`: by which clients come. Undefined: of firewall marks nothing is known. */
function firstPacket({ key }: ServiceSpec, interfaceName: string): PacketProbe | undefined {
  if (key.kind !== 'address') return undefined;
  const { protocol, port, address: destination } = key;
  return {
    direction: 'in',
    interfaceName,
    source: SOMEWHERE[destination.family],
    destination,
    protocol,
    // Of a service of all ports any may be meant.
    ...(port === 0 ? {} : { destinationPort: port }),
    anyClient: true,
    anyOpening: true,
  };
}

export function droppingRulesFor(service: ServiceSpec, interfaceName: string, chains: readonly Chain[]): readonly Blocked[] {
  const probe = firstPacket(service, interfaceName);
  return probe === undefined ? [] : droppingRules(chains, probe);
}

/** Rules that may give what is for the service the mark of another one, which comes first. */
export function markingRulesFor(
  service: ServiceSpec,
  interfaceName: string,
  chains: readonly Chain[],
  marks: readonly MarkKey[],
): readonly Blocked[] {
  const probe = firstPacket(service, interfaceName);
  const ofFamily = marks.flatMap(({ family, mark }) => (family === probe?.destination.family ? [mark] : []));
  return probe === undefined || ofFamily.length === 0 ? [] : markingRules(chains, probe, ofFamily);
}

/** With `weir load --firewall honour` each accepted packet passes OUTPUT, to weir's own device. */
export function collectReturnDenials(services: readonly ServiceFact[], chains: readonly Chain[]): readonly Blocked[] {
  const found = services.slice(0, SERVICES_MAX).flatMap(({ spec: { key } }): readonly Blocked[] => {
    if (key.kind !== 'address') return [];
    const { protocol, port, address: destination } = key;
    const source = SOMEWHERE[destination.family];
    const by = blockingRule(chains, {
      direction: 'out',
      interfaceName: PAIR.near,
      source,
      destination,
      protocol,
      ...(port === 0 ? {} : { destinationPort: port }),
    });
    return by === undefined ? [] : [by];
  });
  return [...new Map(found.map((by) => [`${by.tool} ${by.family} ${by.table} ${by.base} ${by.text}`, by])).values()];
}

/** With `weir load --firewall honour`: what drops the first packet of any client to a service, by whatever interface it comes. */
export function collectArrivalDenials(
  { interfaces }: HostFacts,
  services: readonly ServiceFact[],
  chains: readonly Chain[],
): readonly FilterDenial[] {
  const names = interfaces.filter(({ flags }) => (flags & LinkFlag.loopback) === 0).map(({ name }) => name);
  if (names.length === 0 || names.length * services.length > PROBES_MAX) return [];
  return services.flatMap(({ spec }): readonly FilterDenial[] => {
    const found = names.map((name) => {
      const probe = firstPacket(spec, name);
      return probe === undefined ? undefined : blockingRule(chains, probe);
    });
    const [by] = found;
    return by === undefined || found.includes(undefined) ? [] : [{ service: spec, by }];
  });
}

/** By which clients come to this address. */
export function clientInterface(host: HostFacts, address: Address): string {
  const subnet = subnetsWith(host, address)[0];
  return interfaceNameOf(host, subnet?.ifindex ?? withAddress(allAddresses(host), address)[0]?.ifindex);
}

/** What `find` finds for each service, each once: by the interface of its address, and by the others, by which clients may come, too. */
function ofEach(
  host: HostFacts,
  services: readonly ServiceFact[],
  find: (service: ServiceSpec, interfaceName: string) => readonly Blocked[],
): readonly FilterDenial[] {
  const namesMax = Math.ceil(PROBES_MAX / Math.max(services.length, 1));
  return services.slice(0, SERVICES_MAX).flatMap(({ spec }): readonly FilterDenial[] => {
    const { key } = spec;
    if (key.kind !== 'address') return [];
    const names = new Set([clientInterface(host, key.address), ...host.interfaces.map(({ name }) => name)]);
    const found = [...names].slice(0, namesMax).flatMap((name) => find(spec, name));
    return [...new Map(found.map((by) => [`${by.tool} ${by.family} ${by.table} ${by.chain} ${by.text}`, by])).values()].map((by) => ({
      service: spec,
      by,
    }));
  });
}

/** Rules that may drop what is for a service, and those that may give it the mark of another one. */
export function collectDenials(
  host: HostFacts,
  services: readonly ServiceFact[],
  chains: readonly Chain[],
): Pick<DirectorFacts, 'denials' | 'markings'> {
  const marks = marksAmong(services.map(({ spec }) => spec));
  return {
    denials: ofEach(host, services, (spec, interfaceName) => droppingRulesFor(spec, interfaceName, chains)),
    markings: marks.length === 0 ? [] : ofEach(host, services, (spec, name) => markingRulesFor(spec, name, chains, marks)),
  };
}
