// The network of the bed as the reference director asks about it: its routes, neighbours and addresses (bed-addresses.ts).
import type { Environment, HopAnswer } from '../../../src/datapath/memory/packets/environment.js';
import { DEVICES, macOf, NEIGHBOURS, ROUTES, SMALL_MTU } from '../fixtures/bed-addresses.js';

const DEVICE_MTU = 1500;
const LO_MAC = '00:00:00:00:00:00';
const LO_ADDRESS = '127.0.0.1';
const LOCAL: HopAnswer = { kind: 'local' };

export const dotted = (address: number): string => [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');

const own = new Set<string>(Object.values(DEVICES).flatMap(({ addresses }) => addresses.map((each) => each.split('/')[0] ?? '')));

/** On a device's own network. `via`: the gateway, or the address itself. */
function on(device: keyof typeof DEVICES, via: string, mtu: number): HopAnswer {
  if (!NEIGHBOURS.some(({ address }) => address === via)) return { kind: 'resolve' };
  return { kind: 'ready', to: macOf(via), from: DEVICES[device].mac, mtu };
}

interface Route {
  readonly network: number;
  readonly length: number;
  readonly answer: (address: string) => HopAnswer;
}

const numberOf = (address: string): number => address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);

function route(prefix: string, answer: (address: string) => HopAnswer): Route {
  const [address = '', length] = prefix.split('/');
  return { network: numberOf(address), length: Number(length), answer };
}

/** As `ip route` has it. */
function routeOf(line: string): Route {
  const [, prefix = '', gateway] = /^(\S+) via (\S+)/.exec(line) ?? [];
  if (gateway === undefined) {
    const [kind, network = ''] = line.split(' ');
    return route(network, () => (kind === 'local' ? LOCAL : { kind: 'none' }));
  }
  const near = NEIGHBOURS.find(({ address }) => address === gateway)?.device ?? 'front';
  return route(prefix, () => on(near, gateway, line.includes(' mtu ') ? SMALL_MTU : DEVICE_MTU));
}

/** Of IPv4; no history has an address of the route with two gateways, one of which the kernel chooses by a hash. The longest first. */
const routes: readonly Route[] = [
  route('10.0.1.0/24', (address) => on('front', address, DEVICE_MTU)),
  route('10.0.2.0/24', (address) => on('back', address, DEVICE_MTU)),
  ...ROUTES.filter((line) => !line.includes(':') && !line.includes('nexthop')).map(routeOf),
].sort((left, right) => right.length - left.length);

function hop(address: string): HopAnswer {
  if (own.has(address) || address.endsWith('.255')) return LOCAL;
  const number = numberOf(address);
  const found = routes.find(({ network, length }) => number >>> (32 - length) === network >>> (32 - length));
  return found?.answer(address) ?? LOCAL;
}

/** Of what has a route: the servers' side, or the clients'. */
function sideOf(address: string): string | undefined {
  const answer = hop(address);
  if (answer.kind === 'resolve') return address.startsWith('10.0.2.') ? 'back' : 'front';
  if (answer.kind !== 'ready') return undefined;
  return answer.from === DEVICES.back.mac ? 'back' : 'front';
}

const isDevice = (device: string): device is keyof typeof DEVICES => device in DEVICES;

export const bedEnvironment: Environment = {
  hop: (_device, address) => hop(dotted(address)),
  isReversePath: () => true,
  leadsBy: (device, address) => sideOf(dotted(address)) === device,
  macOf: (device) => (isDevice(device) ? DEVICES[device].mac : LO_MAC),
  addressOf: (device) => {
    const first = isDevice(device) ? DEVICES[device].addresses[0].split('/')[0] : LO_ADDRESS;
    return numberOf(first ?? '');
  },
  icmpAllowed: () => true,
};
