// The network of the bed as the reference director asks about it: its routes, neighbours and addresses (bed-addresses.ts).
import type { Environment, HopAnswer } from '../../../src/datapath/memory/packets/environment.js';
import { DEVICES, macOf, NEIGHBOURS, SMALL_MTU } from '../fixtures/bed-addresses.js';

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

/** By the first three bytes of the address. */
const routes: Readonly<Record<string, (address: string) => HopAnswer>> = {
  '10.0.1': (address) => on('front', address, DEVICE_MTU),
  '10.0.2': (address) => on('back', address, DEVICE_MTU),
  '192.0.2': () => on('front', '10.0.1.254', DEVICE_MTU),
  '192.0.3': () => on('front', '10.0.1.254', SMALL_MTU),
  '10.0.3': () => on('back', '10.0.2.11', SMALL_MTU),
  '10.0.4': () => ({ kind: 'none' }),
};

function hop(address: string): HopAnswer {
  if (own.has(address) || address.endsWith('.255')) return LOCAL;
  return routes[address.split('.').slice(0, 3).join('.')]?.(address) ?? LOCAL;
}

/** Of what has a route: the servers' side, or the clients'. */
function sideOf(address: string): string | undefined {
  const { kind } = hop(address);
  if (kind !== 'ready' && kind !== 'resolve') return undefined;
  return ['10.0.2.', '10.0.3.'].some((each) => address.startsWith(each)) ? 'back' : 'front';
}

const isDevice = (device: string): device is keyof typeof DEVICES => device in DEVICES;

export const bedEnvironment: Environment = {
  hop: (_device, address) => hop(dotted(address)),
  isReversePath: () => true,
  leadsBy: (device, address) => sideOf(dotted(address)) === device,
  macOf: (device) => (isDevice(device) ? DEVICES[device].mac : LO_MAC),
  addressOf: (device) => {
    const first = isDevice(device) ? DEVICES[device].addresses[0].split('/')[0] : LO_ADDRESS;
    return (first ?? '').split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
  },
  icmpAllowed: () => true,
};
