// Where part 1 runs: a director's namespace with two legs whose far ends nobody listens at, everything it needs to know about
// clients, gateways and servers already known, so that no packet waits for an answer from the network.
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

export const services = 100;
export const destinationsEach = 4;
/** Of the replying clients the first half are on the director's own network, the rest behind two gateways, a quarter each. */
export const clientBase = number('10.65.0.0');
export const clients = 65536;

export const virtualAddress = (service: number): number => number('10.1.0.0') + service;
export const realAddress = (service: number, destination: number): number => number('10.2.1.0') + service * destinationsEach + destination;

const neighbours = (): string => {
  const lines: string[] = [];
  const know = (address: number, device: string, mac: string): void => {
    lines.push(`neighbour replace ${text(address)} lladdr ${mac} dev ${device} nud permanent`);
  };
  for (let service = 1; service <= services; service += 1) {
    for (let destination = 0; destination < destinationsEach; destination += 1)
      know(realAddress(service, destination), 'r1', '02:00:00:00:21:02');
  }
  for (let client = 0; client < clients / 2; client += 1) know(clientBase + client, 'l0', '02:00:00:00:01:02');
  know(number('10.64.0.2'), 'l0', '02:00:00:00:01:02');
  know(number('10.64.0.3'), 'l0', '02:00:00:00:01:03');
  lines.push('route add local 10.1.0.0/24 dev lo'); // the services' own
  lines.push('route add 10.65.128.0/18 via 10.64.0.2', 'route add 10.65.192.0/18 via 10.64.0.3', '');
  return lines.join('\n');
};

/** The director's namespace: legs l0 (clients, 10.64.0.0/10) and r1 (servers, 10.2.0.0/16). */
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

/** Which services the cases use; the others are there to be passed by. Odd: direct routing; even: NAT. */
export const serviceFor = { directRouting: 1, nat: 2, natReplies: 4 } as const;

const none = { type: 'ipip', port: 0, checksum: 'nocsum' } as const;

/** The whole table: 100 services of 4 destinations, half NAT, half direct routing. All replies of the service for replies come
 * from its first destination: the others have weight 0. */
export const fillTable = (director: Director): void => {
  for (let service = 1; service <= services; service += 1) {
    const key = { kind: 'address', protocol: 'tcp', address: { family: 'inet', words: [virtualAddress(service)] }, port: 80 } as const;
    director.addService({ key, scheduler: 'rr', schedFlags: 0, onePacket: false });
    for (let destination = 0; destination < destinationsEach; destination += 1) {
      director.addDestination(key, {
        address: { family: 'inet', words: [realAddress(service, destination)] },
        port: 80,
        method: service % 2 === 0 ? 'masq' : 'route',
        weight: service === serviceFor.natReplies && destination > 0 ? 0 : 1,
        upperThreshold: 0,
        lowerThreshold: 0,
        tunnel: none,
      });
    }
  }
};
