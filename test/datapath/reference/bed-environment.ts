// The network of the bed as the reference director asks about it: its routes, neighbours and addresses (bed-addresses.ts).
import type { Environment, HopAnswer } from '../../../src/datapath/memory/packets/environment.js';
import { addressOf, familyOf, type Ip, ipOf, maskedOf, textOf } from '../../../src/datapath/memory/packets/ip.js';
import { isMulticast } from '../../../src/model/address.js';
import type { Mac } from '../../../src/wire/ethernet.js';
import { DEVICES, type DeviceName, ip, macOf, NEIGHBOURS, ROUTES, SMALL_MTU } from '../fixtures/bed-addresses.js';

const DEVICE_MTU = 1500;
const LO_MAC = '00:00:00:00:00:00';
const LO_ADDRESS = '127.0.0.1';
const LOCAL: HopAnswer = { kind: 'local' };
const IPV4_BITS = 32;
/** Of IPv6. */
const NETWORK_LENGTH = '/64';

const own = new Set<string>(Object.values(DEVICES).flatMap(({ addresses }) => addresses.map((each) => each.split('/')[0] ?? '')));

/** Who forwards has also the first address of each IPv6 network of its devices (RFC 4291, 2.6.1). */
const firstOfNetworks = new Set<string>(
  Object.values(DEVICES)
    .flatMap(({ addresses }): readonly string[] => addresses)
    .filter((each) => each.endsWith(NETWORK_LENGTH))
    .map((each) => textOf(maskedOf(ipOf(ip(each.slice(0, -NETWORK_LENGTH.length))), 64))),
);

/** On a device's own network. `via`: the gateway, or the address itself. */
function on(device: keyof typeof DEVICES, via: string, mtu: number): HopAnswer {
  if (!NEIGHBOURS.some(({ address }) => address === via)) return { kind: 'resolve' };
  return { kind: 'ready', to: macOf(via), from: DEVICES[device].mac, mtu };
}

interface Route {
  readonly network: Ip;
  readonly length: number;
  readonly answer: (address: string) => HopAnswer;
}

/** What `maskedOf` takes: the mask of IPv4, the length of IPv6. */
const maskOf = (address: Ip, length: number): number =>
  familyOf(address) === 'inet6' ? length : length === 0 ? 0 : (0xffffffff << (IPV4_BITS - length)) >>> 0;

function route(prefix: string, answer: (address: string) => HopAnswer): Route {
  const [address = '', length] = prefix.split('/');
  return { network: ipOf(ip(address)), length: Number(length), answer };
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

/** Of the route with two gateways the kernel chooses one by a hash: here it is the first. No history has an address of it. */
const twoPaths = ROUTES.filter((line) => line.includes('nexthop')).map((line) => routeOf(line.replace(/nexthop (via \S+).*/, '$1')));

/** The longest first. */
const routes: readonly Route[] = [
  route('10.0.1.0/24', (address) => on('front', address, DEVICE_MTU)),
  route('10.0.2.0/24', (address) => on('back', address, DEVICE_MTU)),
  route('fd00:1::/64', (address) => on('front', address, DEVICE_MTU)),
  route('fd00:2::/64', (address) => on('back', address, DEVICE_MTU)),
  ...twoPaths,
  ...ROUTES.filter((line) => !line.includes('nexthop')).map(routeOf),
].sort((left, right) => right.length - left.length);

const routeTo = (address: Ip): Route | undefined =>
  routes.find(({ network, length }) => familyOf(network) === familyOf(address) && maskedOf(address, maskOf(address, length)) === network);

function hop(address: Ip): HopAnswer {
  const text = textOf(address);
  if (own.has(text) || firstOfNetworks.has(text) || text.endsWith('.255')) return LOCAL;
  return routeTo(address)?.answer(text) ?? LOCAL;
}

const isMulticast6 = (ip: Ip): boolean => familyOf(ip) === 'inet6' && isMulticast(addressOf(ip));

/** Of what has a route: the servers' side, or the clients'. */
function sideOf(address: Ip): string | undefined {
  const answer = hop(address);
  if (answer.kind === 'resolve') return /^(10\.0\.2\.|fd00:2:)/.test(textOf(address)) ? 'back' : 'front';
  if (answer.kind !== 'ready') return undefined;
  return answer.from === DEVICES.back.mac ? 'back' : 'front';
}

const isDevice = (device: string): device is keyof typeof DEVICES => device in DEVICES;

const leadsBy = (device: string, address: Ip): boolean => {
  const found = routeTo(address);
  return found !== undefined && (twoPaths.includes(found) || sideOf(address) === device);
};

export class BedEnvironment implements Environment {
  /** rp_filter by device. */
  readonly #filters = new Map<string, 0 | 1 | 2>();

  /** May an ICMP error be sent? */
  icmpAllowed = (): boolean => true;

  /** accept_local of all devices. */
  acceptsOwn = true;

  filterReversePath(device: DeviceName | 'all', value: 0 | 1 | 2): void {
    this.#filters.set(device, value);
  }

  acceptsOwnSource(device: string): boolean {
    return this.acceptsOwn && this.#filterOf(device) !== 1;
  }

  /** The larger number counts. */
  #filterOf(device: string): number {
    return Math.max(this.#filters.get(device) ?? 0, this.#filters.get('all') ?? 0);
  }

  /** The kernel's look-up for programs has no route from a multicast address of IPv6. */
  hop(_device: string, address: Ip, from?: Ip): HopAnswer {
    return from !== undefined && isMulticast6(from) ? LOCAL : hop(address);
  }

  hopToServer(address: Ip): HopAnswer {
    return hop(address);
  }

  isOwn(address: Ip): boolean {
    return own.has(textOf(address));
  }

  /** 1 is strict, 2 asks for any route. The kernel has none for IPv6. */
  isReversePath(device: string, address: Ip): boolean {
    if (familyOf(address) === 'inet6') return true;
    const filter = this.#filterOf(device);
    return filter === 0 || (filter === 1 ? leadsBy(device, address) : sideOf(address) !== undefined);
  }

  leadsBy(device: string, address: Ip): boolean {
    return leadsBy(device, address);
  }

  macOf(device: string): Mac {
    return isDevice(device) ? DEVICES[device].mac : LO_MAC;
  }

  /** The first of the device that leads there: servers are on the side that has one alone. */
  sourceTowards(address: Ip): Ip | undefined {
    const device = sideOf(address) ?? '';
    const found = isDevice(device) ? DEVICES[device].addresses.find((each) => each.includes(':')) : undefined;
    return found === undefined ? undefined : ipOf(ip(found.split('/')[0] ?? ''));
  }

  /** The first address of the device that leads there, as the kernel chooses it. */
  tunnelSource(server: Ip): Ip | undefined {
    const found = familyOf(server) === 'inet' ? this.addressOf(sideOf(server) ?? 'lo') : this.sourceTowards(server);
    return found === 0 ? undefined : found;
  }

  addressOf(device: string): number {
    const first = isDevice(device) ? DEVICES[device].addresses[0].split('/')[0] : LO_ADDRESS;
    return Number(ipOf(ip(first ?? '')));
  }
}
