// Where part 1 runs: a director's namespace with two interfaces at whose far ends nothing listens. Clients, gateways and servers
// are permanent neighbours, so that no packet waits for address resolution.
import type { Director } from '../src/datapath/director.js';
import { macBytes, makeNamespace, makePair, setSysctls } from './namespaces.js';
import { run } from './processes.js';

export const number = (text: string): number => text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
const text = (address: number): string => [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');

export const macs = {
  front: macBytes('02:00:00:00:01:01'),
  client: macBytes('02:00:00:00:01:02'),
  rear: macBytes('02:00:00:00:21:01'),
  server: macBytes('02:00:00:00:21:02'),
} as const;

export const SERVICES = 100;
export const DESTINATIONS_EACH = 4;
/** Of the replying clients the first half are on the director's own network, the rest behind two gateways, a quarter each. */
export const clientBase = number('10.65.0.0');
export const CLIENTS = 65536;

export const virtualAddress = (service: number): number => number('10.1.0.0') + service;
export const realAddress = (service: number, destination: number): number => number('10.2.1.0') + service * DESTINATIONS_EACH + destination;

const neighbours = (): string => {
  const lines: string[] = [];
  const add = (address: number, device: string, mac: string): void => {
    lines.push(`neighbour replace ${text(address)} lladdr ${mac} dev ${device} nud permanent`);
  };
  for (let service = 1; service <= SERVICES; service += 1) {
    for (let destination = 0; destination < DESTINATIONS_EACH; destination += 1)
      add(realAddress(service, destination), 'r1', '02:00:00:00:21:02');
  }
  for (let client = 0; client < CLIENTS / 2; client += 1) add(clientBase + client, 'l0', '02:00:00:00:01:02');
  add(number('10.64.0.2'), 'l0', '02:00:00:00:01:02');
  add(number('10.64.0.3'), 'l0', '02:00:00:00:01:03');
  lines.push('route add local 10.1.0.0/24 dev lo'); // the services' own
  lines.push('route add 10.65.128.0/18 via 10.64.0.2', 'route add 10.65.192.0/18 via 10.64.0.3', '');
  return lines.join('\n');
};

/** The director's namespace: interfaces l0 (clients, 10.64.0.0/10) and r1 (servers, 10.2.0.0/16). */
export const makeProgramStations = (): { readonly director: string; readonly far: string } => {
  const director = makeNamespace('program-di');
  const far = makeNamespace('program-fa');
  setSysctls(director, ['net.ipv4.ip_forward=1']);
  makePair(
    { namespace: director, device: 'l0', mac: '02:00:00:00:01:01', address: '10.64.0.1/10' },
    { namespace: far, device: 'l0', mac: '02:00:00:00:01:02', address: '10.64.0.2/10' },
  );
  makePair(
    { namespace: director, device: 'r1', mac: '02:00:00:00:21:01', address: '10.2.0.1/16' },
    { namespace: far, device: 'r1', mac: '02:00:00:00:21:02', address: '10.2.0.2/16' },
  );
  run(director, ['ip', '-batch', '-'], neighbours());
  return { director, far };
};

/** Which services the cases use; the others fill the tables. Odd: direct routing; even: NAT. */
export const serviceFor = { directRouting: 1, nat: 2, natReplies: 4 } as const;

export interface StationService {
  readonly id: number;
  readonly address: number;
  readonly port: number;
  readonly method: 'masq' | 'route';
  /** In the order in which they are added. */
  readonly destinations: readonly { readonly address: number; readonly weight: number }[];
}

/** 100 services of 4 destinations, half NAT, half direct routing. All replies of the service for replies come from its first
 * destination: the others have weight 0. */
export const stationServices: readonly StationService[] = Array.from({ length: SERVICES }, (_, index) => {
  const id = index + 1;
  return {
    id,
    address: virtualAddress(id),
    port: 80,
    method: id % 2 === 0 ? 'masq' : 'route',
    destinations: Array.from({ length: DESTINATIONS_EACH }, (_, destination) => ({
      address: realAddress(id, destination),
      weight: id === serviceFor.natReplies && destination > 0 ? 0 : 1,
    })),
  };
});

const inet = (address: number) => ({ family: 'inet', words: [address] }) as const;
const none = { type: 'ipip', port: 0, checksum: 'nocsum' } as const;

export const fillTable = (director: Director): void => {
  for (const { address, port, method, destinations } of stationServices) {
    const key = { kind: 'address', protocol: 'tcp', address: inet(address), port } as const;
    director.addService({ key, scheduler: 'rr', schedFlags: 0, onePacket: false });
    for (const { address, weight } of destinations)
      director.addDestination(key, { address: inet(address), port, method, weight, upperThreshold: 0, lowerThreshold: 0, tunnel: none });
  }
};
