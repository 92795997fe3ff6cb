// Collects the facts about VRRP on this host: the configuration of the daemons that run in this network namespace (or the host's),
// other hosts that answer for the VIPs that are here, other hosts' adverts, and settings of this host that block VRRP.
import { existsSync } from 'node:fs';
import { keepalivedDaemons, keepalivedFiles } from '../../host/keepalived-daemons.js';
import { addressId, sameAddress } from '../../model/identity.js';
import { readSetting } from '../../sys/files/sysctl.js';
import { absolutePath } from '../../sys/files/working-directory.js';
import type { Netlink } from '../../sys/netlink/netlink.js';
import { EtherType, type Mac } from '../../wire/ethernet.js';
import { decodeInterfaceAddress, dumpAddresses } from '../../wire/rtnetlink-address.js';
import { decodeNeighbour, dumpNeighbours } from '../../wire/rtnetlink-neighbour.js';
import type { AddressFact, HolderFact, HostFacts } from '../facts.js';
import { isUp } from '../network.js';
import type { AdvertFact, VrrpFacts, VrrpInstanceFact } from '../vrrp-facts.js';
import { advertBlocks } from './advert-blocks.js';
import { type CapturePoint, collectAdverts } from './adverts.js';
import { collectFilterChains } from './filter-chains.js';
import { collectPath } from './host.js';
import { collectListeners } from './listeners.js';
import { collectVirtualServers } from './virtual-servers.js';
import { collectVrrpHolders } from './vrrp-holders.js';
import { readInstances } from './vrrp-instances.js';

/** How long a second look may take: three intervals and a bit are longer only where advert_int is above 4 s. */
const SECOND_LOOK_MAX_MS = 15_000;
/** How long adverts of a host that has our address are listened for. */
const RIVAL_MS = 10_000;

function collectSettings(instances: readonly VrrpInstanceFact[]): ReadonlyMap<string, string> {
  const names = new Set(['all', ...instances.flatMap(({ interfaceName, vmac }) => (vmac === undefined ? [] : [interfaceName, vmac]))]);
  const keys = ['rp_filter', 'arp_ignore', 'arp_filter'];
  const paths = [...names].flatMap((name) => keys.map((key) => `net/ipv4/conf/${name}/${key}`));
  return new Map(
    ['net/ipv4/ip_nonlocal_bind', 'net/ipv6/ip_nonlocal_bind', ...paths].flatMap((path): [string, string][] => {
      const value = readSetting(path);
      return value === undefined ? [] : [[path, value]];
    }),
  );
}

/** What changes while the nodes elect a master. */
interface Look {
  readonly addresses: readonly AddressFact[];
  readonly holders: readonly HolderFact[];
  readonly adverts: readonly AdvertFact[];
}

type Enough = (adverts: readonly AdvertFact[]) => boolean;

function look(netlink: Netlink, host: HostFacts, instances: readonly VrrpInstanceFact[], waitMs: number, enough?: Enough): Look {
  const points = new Map(
    instances.map(({ ifindex, family }): [string, CapturePoint] => [
      `${ifindex} ${family}`,
      { ifindex, etherType: family === 'inet' ? EtherType.ipv4 : EtherType.ipv6 },
    ]),
  );
  const up = new Set(host.interfaces.filter(isUp).map(({ ifindex }) => ifindex));
  const adverts = collectAdverts(
    [...points.values()].filter(({ ifindex }) => up.has(ifindex)),
    waitMs,
    enough,
  );
  const addresses = netlink.dump(dumpAddresses(), decodeInterfaceAddress, 'list addresses');
  return { addresses, holders: collectVrrpHolders(instances, addresses, host), adverts };
}

/** The instances whose addresses no node was seen to have: they may be electing a master, or send adverts less often than we listened. */
function unsettled(instances: readonly VrrpInstanceFact[], { addresses, holders, adverts }: Look): readonly VrrpInstanceFact[] {
  const seen = (instance: VrrpInstanceFact): boolean =>
    adverts.some(({ ifindex, vrid, priority }) => ifindex === instance.ifindex && vrid === instance.vrid && priority > 0) ||
    instance.managed.some(({ address }) => [...addresses, ...holders].some((one) => sameAddress(one.address, address)));
  return instances.filter((instance) => instance.running !== undefined && instance.managed.length > 0 && !seen(instance));
}

/** Other hosts that answer for an address that is here and sent no advert yet: their advert_int may be longer than ours. */
function silentRivals(instances: readonly VrrpInstanceFact[], { addresses, holders, adverts }: Look): readonly Mac[] {
  const here = instances
    .filter(({ running }) => running === true)
    .flatMap(({ vips }) => vips)
    .filter((vip) => addresses.some(({ address }) => sameAddress(address, vip)));
  const rivals = holders.filter(({ address }) => here.some((vip) => sameAddress(vip, address))).map(({ mac }) => mac);
  return [...new Set(rivals)].filter((mac) => !adverts.some((one) => one.mac === mac));
}

/** Everything of the second look, and the adverts of the first that did not come again. */
function merged(second: Look, first: Look): Look {
  const again = (one: AdvertFact) =>
    second.adverts.some(({ mac, vrid, ifindex }) => mac === one.mac && vrid === one.vrid && ifindex === one.ifindex);
  return { ...second, adverts: [...second.adverts, ...first.adverts.filter((one) => !again(one))] };
}

function lookTwice(netlink: Netlink, host: HostFacts, instances: readonly VrrpInstanceFact[], waitMs: number): Look {
  const first = look(netlink, host, instances, waitMs);
  const open = unsettled(instances, first);
  const silent = silentRivals(instances, first);
  if (open.length + silent.length === 0) return first;
  const received: Enough = (adverts) => open.length === 0 && silent.every((mac) => adverts.some((one) => one.mac === mac));
  if (open.length === 0) return merged(look(netlink, host, instances, RIVAL_MS, received), first);
  const downMs = Math.max(...open.map(({ interval, priority }) => 1000 * interval * (3 + (256 - priority) / 256)));
  const second = look(netlink, host, instances, Math.min(downMs + 300, SECOND_LOOK_MAX_MS));
  return merged(second, first);
}

/** `path`: keepalived.conf; absent: those of the daemons that run here, or the host's own. Undefined: no VRRP here. @throws SystemError */
export function collectVrrp(netlink: Netlink, host: HostFacts, waitMs: number, path?: string): VrrpFacts | undefined {
  const daemons = keepalivedDaemons();
  const files = path === undefined ? keepalivedFiles(daemons) : [path];
  if (files.length === 0) return undefined;
  const isRunning = (file: string): boolean | undefined =>
    daemons.some((one) => one.file === absolutePath(file)) || (path === undefined ? false : undefined);
  const { instances, homeless, broken } = readInstances(netlink, host, files, isRunning);
  const virtualServers = collectVirtualServers(path === undefined ? daemons : []);
  if (instances.length + homeless.length + broken.length + virtualServers.length === 0) return undefined;
  const { addresses, holders, adverts } = lookTwice(netlink, host, instances, waitMs);
  const sources = new Map(adverts.map(({ source }) => [addressId(source), source]));
  const neighbours = (['inet', 'inet6'] as const).flatMap((family) =>
    netlink
      .dump(dumpNeighbours(family), decodeNeighbour, 'list neighbours')
      .flatMap(({ address, mac }) => (mac === undefined ? [] : [{ address, mac }])),
  );
  const { chains, notExamined } = instances.length === 0 ? { chains: [], notExamined: [] } : collectFilterChains();
  return {
    instances,
    daemons: path === undefined ? daemons : [],
    systemd: existsSync('/run/systemd/system'),
    homeless,
    broken,
    virtualServers,
    addresses,
    adverts,
    paths: [...sources.values()].map((source) => collectPath(netlink, source)),
    holders,
    neighbours,
    blocks: advertBlocks(instances, addresses, adverts, chains),
    listeners: collectListeners(),
    settings: collectSettings(instances),
    notExamined: [
      ...broken.filter(({ unread }) => unread).map(({ file }) => ({ what: 'VRRP was not examined', cause: `${file} cannot be read` })),
      ...notExamined,
    ],
  };
}
