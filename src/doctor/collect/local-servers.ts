// Real servers on this host: the sockets that listen, and where its packet filter drops what they get or send, which it sees with their own
// addresses and ports.
import { addressId, destinationId } from '../../model/identity.js';
import { masquerades } from '../../model/masquerades.js';
import type { DirectorFacts, HostFacts, LocalDenial, PathFact, ServiceFact } from '../facts.js';
import { type LocalEndpoint, localEndpoint } from '../local-endpoint.js';
import { blockingRule } from '../packet-filter/blocking.js';
import type { Blocked, Chain, PacketProbe } from '../packet-filter/model.js';
import { clientInterface, SOMEWHERE } from './denials.js';
import { collectSockets } from './sockets.js';

const SERVERS_MAX = 1024;

/** Of doctor's connect: one of those that the kernel chooses. */
const OWN_PORT = 40_000;

type Probes = readonly (readonly [LocalDenial['of'], PacketProbe])[];

/** `interfaceName`: by which clients come; absent: not known. */
function probesFor({ address, port, protocol }: LocalEndpoint, interfaceName: string | undefined): Probes {
  const client = SOMEWHERE[address.family];
  const request = { direction: 'in', destination: address, destinationPort: port, protocol } as const;
  const answer = { direction: 'out', source: address, sourcePort: port, protocol, part: 'answer' } as const;
  const asked = { ...request, interfaceName: 'lo', source: address, sourcePort: OWN_PORT };
  const answered = { ...answer, interfaceName: 'lo', destination: address, destinationPort: OWN_PORT };
  const ofClients: Probes =
    interfaceName === undefined
      ? []
      : [
          ['request', { ...request, interfaceName, source: client, anyClient: true }],
          ['answer', { ...answer, interfaceName, destination: client, anyClient: true }],
        ];
  const own = [asked, answered].flatMap((probe) => (['out', 'in'] as const).map((direction) => ['own', { ...probe, direction }] as const));
  return [...ofClients, ...own];
}

function denialsOf(host: HostFacts, local: readonly ServiceFact[], chains: readonly Chain[]): readonly LocalDenial[] {
  const found = new Map<string, LocalDenial>();
  const add = (server: LocalEndpoint, of: LocalDenial['of'], by: Blocked | undefined): void => {
    const id = `${of} ${server.protocol} ${destinationId(server)}`;
    if (by !== undefined && !found.has(id)) found.set(id, { ...server, of, by });
  };
  const servers = local.flatMap((service) =>
    service.destinations.flatMap((destination) => {
      const server = masquerades(destination) ? localEndpoint(service, destination) : undefined;
      return server === undefined ? [] : [{ server, key: service.spec.key }];
    }),
  );
  for (const { server, key } of servers.slice(0, SERVERS_MAX)) {
    const name = key.kind === 'address' ? clientInterface(host, key.address) : undefined;
    for (const [of, probe] of probesFor(server, name)) add(server, of, blockingRule(chains, probe));
  }
  return [...found.values()];
}

export function collectLocalServers(
  host: HostFacts,
  services: readonly ServiceFact[],
  paths: readonly PathFact[],
  chains: readonly Chain[],
): Pick<DirectorFacts, 'sockets' | 'localDenials'> {
  const here = new Set(paths.flatMap(({ to, kind }) => (kind === 'local' ? [addressId(to)] : [])));
  if (here.size === 0) return { localDenials: [] };
  const local = services.map((service) => ({
    ...service,
    destinations: service.destinations.filter(({ address }) => here.has(addressId(address))),
  }));
  const sockets = collectSockets();
  return { ...(sockets === undefined ? {} : { sockets }), localDenials: denialsOf(host, local, chains) };
}
